"""Paths of logs and events hold no signature and no key."""

from __future__ import annotations

import base64
import random
import textwrap
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from cfsign.redaction import redact_path

ENCODINGS = [
    serialization.PrivateFormat.PKCS8,
    serialization.PrivateFormat.TraditionalOpenSSL,
]


@pytest.fixture(scope="module", params=["rsa", "p256"])
def key(request):
    if request.param == "rsa":
        return rsa.generate_private_key(65537, 2048)
    return ec.generate_private_key(ec.SECP256R1())


def _encode(key, encoding, form) -> bytes:
    return key.private_bytes(encoding, form, serialization.NoEncryption())


@pytest.mark.parametrize("escape", [str, quote, lambda text: text.replace("\n", " ")])
@pytest.mark.parametrize("form", ENCODINGS)
def test_pem_is_cut_off(key, form, escape) -> None:
    pem = _encode(key, serialization.Encoding.PEM, form).decode()
    assert redact_path(f"files/{escape(pem)}") == "files/"


@pytest.mark.parametrize("join", ["", "\n", " ", "%0A", "/"])
@pytest.mark.parametrize("form", ENCODINGS)
def test_base64_of_a_private_key_is_cut_off(key, form, join) -> None:
    der = base64.b64encode(_encode(key, serialization.Encoding.DER, form)).decode()
    assert redact_path(f"files/{join.join(textwrap.wrap(der, 64))}") == "files/"


@pytest.mark.parametrize("join", ["", "\n", "\r\n", "%0A"])
@pytest.mark.parametrize("alphabet", ["+=/", "-_~"])
def test_signature_is_cut(key, join, alphabet) -> None:
    if isinstance(key, rsa.RSAPrivateKey):
        signature = key.sign(b"policy", *_rsa_arguments())
    else:
        signature = key.sign(b"policy", ec.ECDSA(_sha256()))
    text = base64.b64encode(signature).decode().translate(str.maketrans("+=/", alphabet))
    found = redact_path("a.txt!" + join.join(textwrap.wrap(text, 64)))
    assert found.startswith("a.txt!")
    assert len(found) < 60


@pytest.mark.parametrize("size", [70, 72, 256])
def test_random_text_is_cut_at_any_place_of_a_deep_path(size: int) -> None:
    """In standard base64, which has "/". The sizes are those of P-256 and RSA-2048."""
    numbers = random.Random(size)
    for _ in range(1000):
        text = base64.b64encode(numbers.randbytes(size)).decode()
        for path in (f"a/deep/folder/{text}", f"{text}/{'a/b/' * 30}", f"Week-1/{text}/Part-2.pdf"):
            found = redact_path(path)
            assert all(text[at : at + 49] not in found for at in range(len(text) - 48)), path


def test_names_of_parameters_end_the_path() -> None:
    for name in ("Expires=1", "policy=a", "Signature%3Da", "key-pair-id%253DK1", "Hash-Algorithm="):
        assert redact_path(f"a.txt?{name}&x=y") == "a.txt?"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "a b/ü.pdf",
        "invoices/2026/Annual Report of the Signature Department, final version 2.pdf",
        "a/very/deep/folder/of/many/names/in/lower/case/2026/12/01/and/some/more/of/them/until/it/is/long/a.txt",
        "日本語" * 50 + ".pdf",
        "1/" + "x/" * 100,
        "Courses/Intro-to-Python-2026/Week-03/Lecture-02-Functions-and-Scope/recordings/1080p/segment-00042.ts",
        "customers/Acme-Corp-GmbH/2026/Reports/Quarterly-Financial-Statement-Q3-Consolidated-Final-v2/summary.pdf",
        "tenants/3f2b1c0a-1111-4222-8333-444455556666/documents/2026/12/8a7c0d9e-1111-4222-8333-444455556666/A.pdf",
    ],
)
def test_other_paths_stay(path: str) -> None:
    assert redact_path(path) == path


def test_redaction_twice_is_redaction_once(key) -> None:
    path = "a/" + "aB3" * 100 + "/" + "x" * 200
    assert redact_path(redact_path(path)) == redact_path(path)


@pytest.mark.parametrize("part", ["aB3/", "M", "MI", "-", "Policy", "%25", "\n", "/"])
def test_long_paths_are_cut_before_they_are_searched(part: str) -> None:
    """At most 8,192 characters are searched, so a hostile path costs little."""
    assert len(redact_path(part * 1_000_000)) <= 8192


def _sha256():
    from cryptography.hazmat.primitives import hashes

    return hashes.SHA256()


def _rsa_arguments():
    from cryptography.hazmat.primitives.asymmetric import padding

    return padding.PKCS1v15(), _sha256()
