"""Secrets are not shown: in reprs, errors, tracebacks, warnings, logs or pickles."""

from __future__ import annotations

import asyncio
import base64
import copy
import dataclasses
import io
import logging
import math
import pickle
import pprint
import re
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import rsa

import cfsign
from cfsign import (
    Allow,
    CfsignError,
    Deny,
    Distribution,
    Policy,
    PrivateKey,
    Signer,
    TrustedKeyGroup,
    load_private_key,
)
from cfsign.config.configuration import Configuration
from cfsign.views import ViewOptions
from tests.views.helpers import respond

DOMAIN = "https://media.example.com"
PASSWORD = "hunter2-the-password"


def lines_of(pem: str) -> list[str]:
    return [line for line in pem.splitlines() if len(line) > 40 and "-----" not in line]


@pytest.fixture(scope="session")
def secrets(pem: str, pkcs1_pem: str, encrypted_pem: str) -> dict[str, str]:
    """The secrets: the key's numbers in decimal and hex, and the lines of its PEM."""
    key = rsa.PrivateKey.load_pkcs1(pkcs1_pem.encode())
    texts = {"password": PASSWORD}
    for name in ("d", "p", "q", "exp1", "exp2", "coef"):
        number = getattr(key, name)
        raw = repr(number.to_bytes(256, "big").lstrip(b"\0"))[2:-1]
        texts |= {f"{name} {kind}": format(number, kind) for kind in "dxX"} | {f"{name} raw": raw}
    for name, form in (("pkcs8", pem), ("pkcs1", pkcs1_pem), ("encrypted", encrypted_pem)):
        texts |= {f"{name} line {n}": line for n, line in enumerate(lines_of(form))}
    # A beginning or an end is as bad as the whole, and may be all that is shown.
    ends = {f"{name}, its end": text[-24:] for name, text in texts.items()}
    return {name: text[:24] for name, text in texts.items()} | ends


class Shown:
    """Everything that a test prints, logs or warns."""

    def __init__(self, secrets: dict[str, str]) -> None:
        self._secrets = secrets
        self._stream = io.StringIO()
        self._warned: list[warnings.WarningMessage] = []

    def write(self, text: str) -> None:
        self._stream.write(text + "\n")

    @property
    def text(self) -> str:
        return self._stream.getvalue() + "\n".join(str(warning.message) for warning in self._warned)

    @property
    def leaks(self) -> list[str]:
        """The names of the secrets that the text contains."""
        text = self.text
        assert len(text) > 100
        return [name for name, secret in self._secrets.items() if secret in text]


@pytest.fixture
def shown(secrets: dict[str, str]) -> Iterator[Shown]:
    """Everything that is shown, with logging at DEBUG."""
    gathered = Shown(secrets)
    handler = logging.StreamHandler(gathered._stream)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with warnings.catch_warnings(record=True) as gathered._warned:
            warnings.simplefilter("always")
            yield gathered
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


@pytest.fixture(scope="session")
def ec_secrets(ec_pem: str, ec_der: bytes, encrypted_ec_pem: str) -> dict[str, str]:
    """The secrets of a P-256 key: its number, and the lines of its PEM."""
    at = ec_der.index(b"\x02\x01\x01\x04\x20") + 5
    number = ec_der[at : at + 32]
    value = int.from_bytes(number, "big")
    texts = {"password": PASSWORD, "raw": repr(number)[2:-1], "raw DER": repr(ec_der)[20:-1]}
    texts |= {f"number {kind}": format(value, kind) for kind in "dxX"}
    for name, form in (("pkcs8", ec_pem), ("encrypted", encrypted_ec_pem)):
        texts |= {f"{name} line {n}": line for n, line in enumerate(lines_of(form))}
    ends = {f"{name}, its end": text[-24:] for name, text in texts.items()}
    return {name: text[:24] for name, text in texts.items()} | ends


@pytest.fixture(scope="session")
def ec_der(openssl: Callable[..., bytes], ec_pem: str) -> bytes:
    """The key of `ec_pem` in DER."""
    return openssl("pkey", "-outform", "DER", given=ec_pem)


@pytest.fixture(scope="session")
def encrypted_ec_pem(openssl: Callable[..., bytes], ec_pem: str) -> str:
    """The key of `ec_pem`, encrypted with PASSWORD."""
    arguments = ("pkcs8", "-topk8", "-v2", "aes-256-cbc", "-passout", f"pass:{PASSWORD}")
    return openssl(*arguments, given=ec_pem).decode()


def test_search_finds_a_printed_secret(
    shown: Shown, secrets: dict[str, str], pem: str, pkcs1_pem: str
) -> None:
    """Otherwise the tests below could not fail."""
    key = rsa.PrivateKey.load_pkcs1(pkcs1_pem.encode())
    shown.write(f"{key!r}")
    assert {"d d", "p d", "q d", "d d, its end"} <= set(shown.leaks)
    logging.getLogger("site").debug("%s", pem)
    assert "pkcs8 line 7" in shown.leaks
    warnings.warn(PASSWORD, stacklevel=1)
    assert "password" in shown.leaks


def forms(thing: object) -> str:
    """Return *thing* in every form in which programs print objects."""
    try:
        formatted = format(thing)
    except TypeError as error:
        formatted = str(error)
    parts = [repr(thing), str(thing), formatted, f"{thing!a}", repr([thing]), repr({1: thing})]
    parts += [f"{thing} {thing!r}", pprint.pformat(thing), pprint.pformat({"x": [thing]})]
    return "\n".join(parts)


def public_things(private_key: PrivateKey, public_pem: str) -> dict[str, Any]:
    signer = Signer("K2JCJMDEHXQW5F", private_key)
    distribution = Distribution(DOMAIN, signer, expires_in=600)
    canned = signer.sign_policy(Policy(f"{DOMAIN}/a", 1999999999))
    custom = signer.sign_policy(Policy(f"{DOMAIN}/*", 1999999999, ip_address="192.0.2.1"))
    responses = [
        respond(distribution, "dir/a", delivery=mode) for mode in ("redirect", "json", "cookies")
    ]
    return {
        "private key": private_key,
        "signer": signer,
        "distribution": distribution,
        "canned": canned,
        "custom": custom,
        "cookies": canned.cookies(),
        "custom cookies": custom.cookies(),
        "configuration": Configuration(DOMAIN, "K2JCJMDEHXQW5F", private_key),
        "policy": custom.policy,
        "delivery": ViewOptions(),
        "allow": Allow(),
        "trusted": TrustedKeyGroup({"K2JCJMDEHXQW5F": public_pem}),
        "verdict": TrustedKeyGroup({"K2JCJMDEHXQW5F": public_pem}).check(canned.url(f"{DOMAIN}/a")),
        **{f"response {number}": response for number, response in enumerate(responses)},
    }


def signatures_in(things: dict[str, Any]) -> set[str]:
    signatures = {
        things[name][f"CloudFront-{member}"]
        for name in ("cookies", "custom cookies")
        for member in ("Signature", "Policy")
        if f"CloudFront-{member}" in things[name]
    }
    for name, response in things.items():
        if name.startswith("response"):
            text = repr(response.headers) + repr(response.body)
            signatures.add(text.partition("Signature=")[2][:344])
    assert all(len(signature) > 100 for signature in signatures)
    return signatures


def test_public_objects_show_no_secret(
    backend: str, pem: str, public_pem: str, shown: Shown
) -> None:
    """Neither the key nor a signature, which would open the file for readers of the log."""
    things = public_things(load_private_key(pem, backend=backend), public_pem)
    signatures = signatures_in(things)
    for name, thing in things.items():
        shown.write(forms(thing))
        logging.getLogger("site").debug("made %s: %s %r", name, thing, thing)
    text = shown.text
    for signature in signatures:
        assert signature[:40] not in text
    assert shown.leaks == []
    assert f"RSA-2048 {backend}" in text


@pytest.mark.parametrize("name", ["private key", "signer"])
def test_key_cannot_be_pickled_or_copied(
    backend: str, pem: str, public_pem: str, shown: Shown, name: str
) -> None:
    """The error says how to load it in the other process."""
    thing = public_things(load_private_key(pem, backend=backend), public_pem)[name]
    attempts: list[Callable[[Any], object]] = [copy.copy, copy.deepcopy]
    attempts += [
        lambda thing, n=protocol: pickle.dumps(thing, n)  # type: ignore[misc]
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    ]
    for attempt in attempts:
        with pytest.raises(
            TypeError, match=r"call cfsign\.load_private_key\(\.\.\.\) in the other"
        ):
            attempt(thing)
        with pytest.raises(TypeError) as caught:
            attempt(thing if attempt is copy.copy else {"nested": [thing]})
        shown.write("".join(traceback.format_exception(caught.value)))
    assert shown.leaks == []


@pytest.mark.parametrize("name", ["distribution", "configuration"])
def test_objects_with_a_key_cannot_be_pickled(
    backend: str, pem: str, public_pem: str, name: str
) -> None:
    """Nor converted by `dataclasses.asdict`."""
    thing = public_things(load_private_key(pem, backend=backend), public_pem)[name]
    for attempt in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="holds a private key"):
            attempt(thing)
    if dataclasses.is_dataclass(thing):
        with pytest.raises(TypeError, match="holds a private key"):
            dataclasses.asdict(thing)  # type: ignore[arg-type]


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_objects_without_a_key_can_be_pickled_and_copied(signer: Signer, protocol: int) -> None:
    for thing in (
        Deny(401, {"WWW-Authenticate": "Bearer"}),
        ViewOptions(code=302, headers={"X": "y"}, cookie_domain="example.com"),
    ):
        for copy_of_it in (pickle.loads(pickle.dumps(thing, protocol)), copy.deepcopy(thing)):
            assert copy_of_it == thing
            with pytest.raises(TypeError):
                copy_of_it.headers["X"] = "z"
    signed = signer.sign_policy(Policy("https://media.example.com/*", 2_000_000_000))
    url = "https://media.example.com/a"
    for copy_of_it in (pickle.loads(pickle.dumps(signed, protocol)), copy.deepcopy(signed)):
        assert copy_of_it.url(url) == signed.url(url)
        assert copy_of_it.params == signed.params
        with pytest.raises(TypeError):
            copy_of_it.params["Expires"] = "9"


class OddKey:
    """A key whose `sign` returns a given object or raises a given error."""

    def sign(self, message: bytes, hash_algorithm: str) -> bytes:
        raise RuntimeError("the module did not answer")

    def public_key_pem(self) -> str:
        return ""


def failures(
    pem: str, pkcs1_pem: str, encrypted_pem: str, folder: Path, backend: str
) -> Iterator[Callable[[], object]]:
    """Every failure while a real key is loaded."""
    lines = pem.splitlines()
    signer = Signer("K2JCJMDEHXQW5F", load_private_key(pem, backend=backend))
    distribution = Distribution(DOMAIN, signer)
    (folder / "key.pem").write_text("\n".join([*lines[:9], lines[-1]]))
    broken = [
        "\n".join([*lines[:9], lines[-1]]),
        "\n".join(lines[:-1]),
        "\n".join(lines[1:]),
        "".join(lines[1:-1]),
        pem.replace("PRIVATE", "PUBLIC"),
        pem.replace("PRIVATE", "RSA PRIVATE"),
        pem.replace("PRIVATE KEY", "CERTIFICATE"),
        pem[:700] + "é" + pem[701:],
        pem[:700] + pem[702:],
        pkcs1_pem.replace("RSA ", ""),
        pkcs1_pem.replace("RSA PRIVATE", "EC PRIVATE"),
        encrypted_pem,
    ]
    for text in [*broken, folder / "key.pem", str(folder / "key.pem")]:
        yield lambda text=text: load_private_key(text, backend=backend)  # type: ignore[misc]
        yield lambda text=text: load_private_key(text, password=PASSWORD, backend=backend)  # type: ignore[misc]
        yield lambda text=text: Signer("K2JCJMDEHXQW5F", text)  # type: ignore[misc]
        config = {"private_key": text, "key_pair_id": "K", "password": PASSWORD, "expire": pem}
        mapping = {"CLOUDFRONT_DOMAIN": DOMAIN, "CLOUDFRONT_CONFIG": config}
        yield lambda mapping=mapping: Configuration.from_mapping(mapping)  # type: ignore[misc]
    yield lambda: load_private_key(pem, password=PASSWORD, backend=backend)
    yield lambda: Signer(pem, signer._key)
    yield lambda: Signer("K", {"pem": pem})  # type: ignore[arg-type]
    yield lambda: Signer("K", signer._key, hash_algorithm=pem)
    yield lambda: signer.sign_policy(pem)  # type: ignore[arg-type]
    yield lambda: TrustedKeyGroup({"K": pem})
    yield lambda: TrustedKeyGroup({pem: pem})
    yield lambda: Distribution(DOMAIN, signer._key)  # type: ignore[arg-type]
    yield lambda: respond(distribution, "a", pem)
    yield lambda: respond(distribution, "a", signer)
    yield lambda: respond(Distribution(DOMAIN, Signer("K", OddKey())))
    yield lambda: signer.sign_url(signer.sign_url(f"{DOMAIN}/a", expires_in=60), expires_in=60)
    yield lambda: signer.sign_policy(Policy(f"{DOMAIN}/a", 9)).url(f"{DOMAIN}/b")
    yield lambda: pickle.dumps(signer)
    environ = {"CLOUDFRONT_PRIVATE_KEY": pem, "CLOUDFRONT_PASSWORD": PASSWORD}
    yield lambda: Distribution.from_env(environ)


def test_errors_and_tracebacks_show_no_secret(
    backend: str,
    pem: str,
    pkcs1_pem: str,
    encrypted_pem: str,
    tmp_path: Path,
    shown: Shown,
) -> None:
    """Also chained ones, as frameworks log them. A whole signed URL is a secret, too."""
    failed = 0
    for fail in failures(pem, pkcs1_pem, encrypted_pem, tmp_path, backend):
        try:
            fail()
        except (CfsignError, RuntimeError, TypeError) as error:
            failed += 1
            shown.write("".join(traceback.format_exception(error)))
            shown.write(repr(error) + repr(error.args) + repr(vars(error)))
            logging.getLogger("site").exception("it failed")
    assert failed > 60
    assert shown.leaks == []
    assert not re.search("Signature=[A-Za-z0-9~-]{20}", shown.text)


def ask() -> str:
    return PASSWORD


def no_password() -> Any:
    return [PASSWORD]


def key_failures(
    key: str, der: bytes, encrypted: str, encrypted_der: bytes, backend: str
) -> Iterator[Callable[[], object]]:
    """The failures of a key in DER, an encrypted key, and a password function."""
    sources: list[str | bytes] = [encrypted, encrypted_der, encrypted[:-40], encrypted_der[:-9]]
    sources += [der[:-9], der + b"!", der[:40] + b"\xff" + der[41:], b"\xff\xfe" + der]
    sources += [base64.b64encode(encrypted.encode())[:-3], encrypted_der[:30] + encrypted_der[31:]]
    passwords: list[Any] = [
        None,
        "",
        PASSWORD + "!",
        PASSWORD + "\ud800",
        no_password,
        [PASSWORD],
    ]
    for source in sources:
        for password in passwords:
            yield lambda source=source, password=password: load_private_key(  # type: ignore[misc]
                source, password=password, backend=backend
            )
        yield lambda source=source: cfsign.TrustedKeyGroup({"K": source})  # type: ignore[misc]
    for password in (PASSWORD, PASSWORD.encode()):
        for source in (key, der):
            yield lambda source=source, password=password: load_private_key(  # type: ignore[misc]
                source, password=password, backend=backend
            )


@pytest.mark.parametrize("kind", ["RSA", "EC"])
def test_key_in_any_form_and_password_are_not_shown(
    request: pytest.FixtureRequest,
    openssl: Callable[..., bytes],
    backend: str,
    kind: str,
    shown: Shown,
) -> None:
    key = request.getfixturevalue({"RSA": "pem", "EC": "ec_pem"}[kind])
    shown._secrets = request.getfixturevalue({"RSA": "secrets", "EC": "ec_secrets"}[kind])
    der = openssl("pkey", "-outform", "DER", given=key)
    arguments = ("pkcs8", "-topk8", "-v2", "aes-256-cbc", "-passout", f"pass:{PASSWORD}")
    encrypted = openssl(*arguments, given=key).decode()
    encrypted_der = openssl(*arguments, "-outform", "DER", given=key)
    failed = 0
    for fail in key_failures(key, der, encrypted, encrypted_der, backend):
        with pytest.raises(CfsignError) as caught:
            fail()
        failed += 1
        error = caught.value
        shown.write("".join(traceback.format_exception(error)))
        shown.write(repr(error) + repr(error.args) + repr(vars(error)) + repr(error.__context__))
        logging.getLogger("site").error("it failed", exc_info=error)
    assert failed == 74
    if backend == "cryptography":
        opened = load_private_key(encrypted, password=ask, backend=backend)
        for thing in (opened, Signer("K", opened), cfsign.keys.loading._cache):
            shown.write(forms(thing))
    assert shown.leaks == []


@pytest.mark.parametrize("attempt", [copy.copy, copy.deepcopy, pickle.dumps])
def test_ec_key_cannot_be_pickled_or_copied(ec_pem: str, attempt: Callable[[Any], object]) -> None:
    pytest.importorskip("cryptography")
    with pytest.raises(TypeError, match="holds a private key"):
        attempt(load_private_key(ec_pem))


def test_search_finds_a_printed_ec_key(
    shown: Shown, ec_secrets: dict[str, str], ec_der: bytes, ec_pem: str
) -> None:
    """Otherwise the tests above could not fail."""
    shown._secrets = ec_secrets
    at = ec_der.index(b"\x02\x01\x01\x04\x20") + 5
    number = int.from_bytes(ec_der[at : at + 32], "big")
    raw = ec_der[at : at + 32]  # by itself: Python quotes by what else stands in the text
    shown.write(f"{number:x} {number} {raw!r} {ec_der!r} {ec_pem} {'.' * 100}")
    found = set(shown.leaks)
    assert {"raw", "raw DER", "number x", "number d", "pkcs8 line 1"} <= found


def test_faulty_signature_shows_no_secret_in_local_variables(
    pem: str, pkcs1_pem: str, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Error reporters print each frame's variables. Neither the key may be among them nor the faulty
    signature, from which the key can be computed.
    """
    numbers = rsa.PrivateKey.load_pkcs1(pkcs1_pem.encode())
    key = load_private_key(pem, backend="rsa")
    right = rsa.PrivateKey.blinded_decrypt
    faulty: list[int] = []

    def with_a_fault(self: rsa.PrivateKey, number: int) -> int:
        faulty.append((right(self, number) + self.p) % self.n)
        return faulty[0]

    monkeypatch.setattr(rsa.PrivateKey, "blinded_decrypt", with_a_fault)
    with pytest.raises(cfsign.SigningKeyError) as caught:
        key.sign(b"message", "SHA1")
    sound = int.from_bytes(rsa.sign(b"message", numbers, "SHA-1"), "big")
    assert math.gcd(faulty[0] - sound, numbers.n) == numbers.p
    error = caught.value
    assert error.__traceback__ is not None
    ours = error.__traceback__.tb_next  # this test's own frame has the key in it
    report = traceback.TracebackException(type(error), error, ours, capture_locals=True)
    shown.write("".join(report.format()))
    assert shown.leaks == []
    assert str(faulty[0])[:24] not in shown.text


def test_refused_coroutine_shows_no_secret(signer: Signer, shown: Shown) -> None:
    async def authorize(secret: str) -> int:
        await asyncio.sleep(0)
        return 200

    with pytest.raises(cfsign.DecisionError) as caught:
        respond(Distribution(DOMAIN, signer), "a", authorize(PASSWORD))
    shown.write("".join(traceback.format_exception(caught.value)))
    assert shown.leaks == []
