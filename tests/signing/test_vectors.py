"""
The vectors of the AWS SDKs' own tests, reproduced.

They lie next to the project, in ../shared/vectors, and are not part of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cfsign import (
    Policy,
    PolicyError,
    ResourceError,
    Signer,
    SigningKeyError,
    TrustedKeyGroup,
    load_private_key,
)
from cfsign.keys import load_public_key

FOLDER = Path(__file__).parents[2].parent / "shared" / "vectors"
CASES: dict[str, dict[str, Any]] = (
    {case["id"]: case for case in json.loads((FOLDER / "test-cases.json").read_text())}
    if (FOLDER / "test-cases.json").is_file()
    else {}
)

pytestmark = pytest.mark.skipif(
    not CASES, reason="../shared/vectors, next to the project's folder, is missing"
)

REPRODUCED = [
    "canned-policy-url-basic",
    "canned-policy-url-existing-params",
    "custom-policy-url-with-active-date",
    "custom-policy-url-with-ip-range",
    "custom-policy-url-with-wildcard",
    "canned-policy-cookies",
    "custom-policy-cookies",
]
REFUSED = [
    "error-missing-expiration",
    "error-active-after-expiration",
    "json-injection-resource-url",
    "json-injection-ip-range",
]
VERIFIED = ["ecdsa-canned-policy-url"]


def policy_of(case: dict[str, Any]) -> Policy:
    given = case["input"]
    return Policy(
        given["resource"],
        given["expirationDate"],
        starts_at=given.get("activeDate"),
        ip_address=given.get("ipRange"),
    )


@pytest.fixture
def vector_signer(backend: str) -> Signer:
    """A signer with the vectors' key, whose size CloudFront no longer accepts."""
    pem = (FOLDER / "test-rsa-key.pem").read_text()
    return Signer("K1TESTKEY", load_private_key(pem, backend=backend, allow_unsupported=True))


def test_every_vector_has_a_test() -> None:
    assert sorted(CASES) == sorted(REPRODUCED + REFUSED + VERIFIED)


@pytest.mark.parametrize("name", REPRODUCED)
def test_vector_is_reproduced(vector_signer: Signer, name: str) -> None:
    """Policy, signature, parameters and cookies."""
    case = CASES[name]
    expected = case["expected"]
    policy = policy_of(case)
    assert policy.to_json() == expected["policyJson"]
    signed = vector_signer.sign_policy(policy)
    if "cookies" in expected:
        assert dict(signed.cookies()) == expected["cookies"]
        return
    assert signed.params["Signature"] == expected["signature"]
    url = signed.url(expected.get("applyTo", case["input"]["resource"]))
    pairs = dict(part.split("=", 1) for part in url.partition("?")[2].split("&"))
    rest = {key: value for key, value in pairs.items() if key not in ("Signature", "Policy")}
    assert rest == expected["queryParams"]
    assert ("Policy" in pairs) == ("Expires" not in pairs)


def test_wildcard_vector_is_custom(vector_signer: Signer) -> None:
    """A pattern is never canned."""
    case = CASES["custom-policy-url-with-wildcard"]
    signed = vector_signer.sign_policy(policy_of(case))
    assert not signed.policy.is_canned
    assert "Policy" in signed.params
    url = signed.url(case["expected"]["applyTo"])
    assert url.startswith(case["expected"]["applyTo"] + "?Policy=")
    with pytest.raises(ResourceError):
        signed.url("https://d111111abcdef8.cloudfront.net/videos/photo1.jpg")


def test_key_of_the_vectors_needs_allow_unsupported(backend: str) -> None:
    """It has 1,024 bits."""
    with pytest.raises(SigningKeyError, match=r"is RSA-1024, .*allow_unsupported=True"):
        load_private_key(FOLDER / "test-rsa-key.pem", backend=backend)


def test_vector_without_an_expiry_is_refused(vector_signer: Signer) -> None:
    given = CASES["error-missing-expiration"]["input"]
    with pytest.raises(PolicyError, match="an expiry is required; set expires_in"):
        vector_signer.sign_url(given["resource"])


def test_vector_that_starts_after_its_end_is_refused() -> None:
    with pytest.raises(PolicyError, match="starts_at must be before expires_at"):
        policy_of(CASES["error-active-after-expiration"])


def test_vector_with_a_hostile_resource_is_refused() -> None:
    """The vector escapes it in JSON, but no client can send such a URL."""
    with pytest.raises(ResourceError, match=r"a URL cannot contain a double quote; write %22"):
        policy_of(CASES["json-injection-resource-url"])


def test_vector_with_a_hostile_address_is_refused() -> None:
    """The vector escapes it in JSON, but it is not an address."""
    with pytest.raises(PolicyError, match="an IPv4 address or network"):
        policy_of(CASES["json-injection-ip-range"])


@pytest.mark.parametrize("name", VERIFIED)
def test_ecdsa_vector_is_verified(
    openssl: Callable[..., bytes], decode_base64: Callable[[str], bytes], name: str
) -> None:
    """SHA-1 over ASN.1 DER. ECDSA signatures differ each time, so the checking side verifies it."""
    pytest.importorskip("cryptography")
    case = CASES[name]
    public = openssl("pkey", "-pubout", given=(FOLDER / "test-ecdsa-key.pem").read_bytes())
    key = load_public_key(public)
    message = policy_of(case).to_json().encode()
    assert message.decode() == case["expected"]["policyJson"]
    signature = decode_base64(case["expected"]["signature"])
    assert key.verify(message, signature, "SHA1")
    assert not key.verify(message, signature, "SHA256")
    assert not key.verify(message + b" ", signature, "SHA1")


def test_ecdsa_key_of_the_vectors_signs(openssl: Callable[..., bytes]) -> None:
    pytest.importorskip("cryptography")
    pem = (FOLDER / "test-ecdsa-key.pem").read_bytes()
    policy = policy_of(CASES["ecdsa-canned-policy-url"])
    url = Signer("K1TESTKEY", pem).sign_policy(policy).url(policy.resource)
    public = openssl("pkey", "-pubout", given=pem)
    assert TrustedKeyGroup({"K1TESTKEY": public}).check(url, at=policy.expires_at - 1)


def test_ecdsa_key_needs_cryptography() -> None:
    with pytest.raises(SigningKeyError, match=r"is P-256, which .*pip install cryptography"):
        load_private_key(FOLDER / "test-ecdsa-key.pem", backend="rsa")
