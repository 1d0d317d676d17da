"""
Tests of hostile and random key files: each loads or raises SigningKeyError, in bounded time.

`nox -s fuzz` runs a longer, coverage-guided search.
"""

from __future__ import annotations

import base64
import random
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cfsign import SigningKeyError, load_private_key
from cfsign.keys import load_public_key

OpenSSL = Callable[..., bytes]

PBES2 = bytes.fromhex("06092a864886f70d01050d")
PBKDF2 = bytes.fromhex("06092a864886f70d01050c")
SCRYPT = bytes.fromhex("06092b06010401da47040b")
PBE_SHA1_3DES = bytes.fromhex("060a2a864886f70d010c0103")
AES_256_CBC = bytes.fromhex("060960864801650304012a")
RSA = bytes.fromhex("06092a864886f70d0101010500")
DSA = bytes.fromhex("06072a8648ce380401")


def tlv(tag: int, content: bytes) -> bytes:
    """Return one DER element."""
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def sequence(*parts: bytes) -> bytes:
    return tlv(0x30, b"".join(parts))


def octets(content: bytes) -> bytes:
    return tlv(0x04, content)


def number(value: int) -> bytes:
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def encode_pem(label: str, der: bytes) -> bytes:
    body = base64.encodebytes(der).decode()
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n".encode()


def make_odd(bits: int) -> int:
    """Return an odd number of that size, always the same."""
    return random.Random(bits).getrandbits(bits) | 1 | 1 << (bits - 1)


def rsa_private(n: int, *rest: int) -> bytes:
    return sequence(*map(number, (0, n, *rest)))


def rsa_public(n: int, e: int) -> bytes:
    return sequence(sequence(RSA), tlv(0x03, b"\0" + sequence(number(n), number(e))))


def dsa(bits: int) -> bytes:
    parameters = sequence(number(make_odd(bits)), number(make_odd(160)), number(2))
    return sequence(number(0), sequence(DSA, parameters), octets(number(make_odd(bits))))


def encrypt(derivation: bytes, *parameters: bytes) -> bytes:
    """Return a key encrypted with PBES2 (RFC 8018, appendix A.4) whose content is zeros."""
    function = sequence(derivation, sequence(octets(b"saltsalt"), *parameters))
    scheme = sequence(function, sequence(AES_256_CBC, octets(bytes(16))))
    return sequence(sequence(PBES2, scheme), octets(bytes(64)))


def derive_once() -> bytes:
    return sequence(PBKDF2, sequence(octets(b"saltsalt"), number(1)))


def encrypt_older(description: str) -> bytes:
    """Return a key with OpenSSL's older encryption whose content is zeros."""
    label = "RSA PRIVATE KEY"
    headers = f"Proc-Type: 4,ENCRYPTED\nDEK-Info: {description}\n\n"
    body = base64.b64encode(bytes(64)).decode()
    return f"-----BEGIN {label}-----\n{headers}{body}\n-----END {label}-----\n".encode()


def nest(tag: int, depth: int) -> bytes:
    content = b""
    for _ in range(depth):
        content = tlv(tag, content)
    return content


TWO_THOUSAND_MILLION = number(2**31)

HOSTILE: dict[str, Callable[[], bytes]] = {
    "a modulus of 200,000 bits": lambda: rsa_private(make_odd(200_000), 65537, 3, 3, 3, 3, 3, 3),
    "factors of 60,000 bits": lambda: rsa_private(
        make_odd(2048), 65537, 3, make_odd(60_000), make_odd(60_000), make_odd(60_000), 3, 3
    ),
    "factors of 2,500 bits, and their product": lambda: rsa_private(
        make_odd(2500) * make_odd(2501),
        65537,
        make_odd(5000),
        make_odd(2500),
        make_odd(2501),
        make_odd(2500),
        3,
        3,
    ),
    "an exponent of 200,000 bits": lambda: rsa_private(
        make_odd(2048), make_odd(200_000), make_odd(200_000), 3, 3, 3, 3, 3
    ),
    "zeros": lambda: rsa_private(0, 0, 0, 0, 0, 0, 0, 0),
    "ones": lambda: rsa_private(1, 1, 1, 1, 1, 1, 1, 1),
    "negative numbers": lambda: rsa_private(-make_odd(2048), -3, -3, -3, -3, -3, -3, -3),
    "padded numbers": lambda: sequence(*[tlv(2, b"\0\0\1")] * 9),
    "empty numbers": lambda: sequence(*[tlv(2, b"")] * 9),
    "a factor of one": lambda: rsa_private(make_odd(2048), 3, 3, 1, make_odd(2048), 1, 3, 1),
    "a length of 127 bytes": lambda: b"\x30\xff" + b"\xff" * 200,
    "an indefinite length": lambda: b"\x30\x80" + number(0) * 9 + b"\0\0",
    "a padded length": lambda: b"\x30\x84\0\0\0\x05" + number(0) + b"\5\0",
    "sequences in sequences": lambda: nest(0x30, 12_000),
    "octets in octets": lambda: sequence(number(0), sequence(RSA), nest(0x04, 12_000)),
    "DSA of 100,000 bits": lambda: dsa(100_000),
    "a public modulus of 200,000 bits": lambda: rsa_public(make_odd(200_000), 65537),
    "a public exponent of 200,000 bits": lambda: rsa_public(make_odd(2048), make_odd(200_000)),
    "a public exponent of one": lambda: rsa_public(make_odd(2048), 1),
    "a public exponent of zero": lambda: rsa_public(make_odd(2048), 0),
    "an even public modulus": lambda: rsa_public(make_odd(2048) + 1, 3),
    "a public modulus of zero": lambda: rsa_public(0, 3),
    "a public modulus below zero": lambda: rsa_public(-make_odd(2048), 3),
    "PBKDF2 of 2**31": lambda: encrypt(PBKDF2, TWO_THOUSAND_MILLION),
    "PBKDF2 of 2**500": lambda: encrypt(PBKDF2, number(2**500)),
    "PBKDF2 for a key of 2**31 bytes": lambda: encrypt(
        PBKDF2, number(10_000_000), TWO_THOUSAND_MILLION
    ),
    "PBKDF2 of -1": lambda: encrypt(PBKDF2, number(-1)),
    "PBKDF2 without a count": lambda: encrypt(PBKDF2),
    "PBES1 of 2**31": lambda: sequence(
        sequence(PBE_SHA1_3DES, sequence(octets(b"saltsalt"), TWO_THOUSAND_MILLION)),
        octets(bytes(64)),
    ),
    "scrypt of N = 2**40": lambda: encrypt(SCRYPT, number(2**40), number(8), number(1)),
    "scrypt of r = 2**29": lambda: encrypt(SCRYPT, number(2), number(2**29), number(1)),
    "scrypt of p = 2**29": lambda: encrypt(SCRYPT, number(2), number(1), number(2**29)),
    "scrypt of five numbers": lambda: encrypt(SCRYPT, *[number(2)] * 5),
    "60 KB encrypted": lambda: sequence(
        sequence(PBES2, sequence(sequence(PBKDF2, sequence(octets(b"salt"), number(1))))),
        octets(bytes(60_000)),
    ),
    "a beginning and blanks": lambda: b"-----BEGIN PRIVATE KEY-----" + b" " * 60_000 + b"x",
    "beginnings": lambda: b"-----BEGIN PRIVATE KEY-----" * 2_300,
    "beginnings and ends": lambda: b"-----BEGIN A-----\n-----END A-----\n" * 1_800,
    "dashes": lambda: b"-----BEGIN " + b"-" * 60_000,
    "a label of 60,000 letters": lambda: b"-----BEGIN " + b"A" * 60_000 + b"-----",
    "headers": lambda: (
        b"-----BEGIN RSA PRIVATE KEY-----\n"
        + b"Proc-Type: 4,ENCRYPTED\n" * 2_500
        + b"\nAAAA\n-----END RSA PRIVATE KEY-----"
    ),
    "a vector that is not hexadecimal": lambda: encrypt_older("AES-128-CBC,zz"),
    "a vector that is too short": lambda: encrypt_older("AES-128-CBC,00112233"),
    "a missing vector": lambda: encrypt_older("AES-128-CBC"),
    "a header that is not ASCII": lambda: encrypt_older("AES-128-CBC,00\xbe"),
    "an unknown cipher": lambda: encrypt_older("MD5,00112233445566778899aabbccddeeff"),
    "PBES2 with a vector that is too short": lambda: sequence(
        sequence(PBES2, sequence(derive_once(), sequence(AES_256_CBC, octets(bytes(4))))),
        octets(bytes(64)),
    ),
    "base64 of beginnings": lambda: base64.b64encode(b"-----BEGIN PRIVATE KEY-----" * 1_700),
    "base64 of base64": lambda: base64.b64encode(b"-----BEGIN LS0tLS1CRUdJTi"),
}

LABELS = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "PUBLIC KEY", "RSA PUBLIC KEY"]


def loaders(backend: str) -> Iterator[Callable[[Any], Any]]:
    yield lambda source: load_private_key(source, backend=backend, allow_unsupported=True)
    yield lambda source: load_private_key(source, backend=backend, password="hunter2")
    yield lambda source: load_public_key(source, backend=backend)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_key_is_refused_quickly(backend: str, name: str) -> None:
    """By each loader, with and without a password, in DER and with each PEM label."""
    content = HOSTILE[name]()
    assert len(content) <= 64 * 1024
    forms = [content] if b"-----" in content[:5] else [content, content[:1] + content]
    forms += [encode_pem(label, content) for label in (*LABELS, "ENCRYPTED PRIVATE KEY")]
    began = time.process_time()
    for load in loaders(backend):
        for form in forms:
            with pytest.raises(SigningKeyError):
                load(form)
    # Without the limits each takes at least a minute. With them, all take about a second.
    assert time.process_time() - began < 10


@pytest.mark.parametrize(
    ("derivation", "parameters"),
    [(PBKDF2, [10_000_001]), (SCRYPT, [2**18, 8, 1]), (PBKDF2, [1000, 65])],
)
def test_slow_encryption_is_an_error(derivation: bytes, parameters: list[int]) -> None:
    """The hint has a command that encrypts the key with fewer iterations."""
    pytest.importorskip("cryptography")
    key = encrypt(derivation, *map(number, parameters))
    with pytest.raises(SigningKeyError, match="encrypt it again: openssl pkcs8 -topk8 -v2"):
        load_private_key(key, password="hunter2")


def test_strongest_recommended_encryption_is_accepted() -> None:
    """OWASP's recommendations of 2023 for PBKDF2 and scrypt."""
    pytest.importorskip("cryptography")
    for key in (encrypt(PBKDF2, number(600_000)), encrypt(SCRYPT, *map(number, (2**17, 8, 1)))):
        with pytest.raises(SigningKeyError, match="the password is wrong, or the key is damaged"):
            load_private_key(key, password="hunter2")


def test_panic_of_the_parser_is_a_signing_key_error(
    pem: str, public_pem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Rust panic is not an Exception, so `except Exception` would not catch it."""
    module = pytest.importorskip("cfsign.keys.cryptography_backend")

    class PanicException(BaseException):
        pass

    def panic(*_: Any, **__: Any) -> Any:
        raise PanicException("assertion failed")

    monkeypatch.setattr("cfsign.keys.loading._cache", {})
    monkeypatch.setattr(module.serialization, "load_der_private_key", panic)
    monkeypatch.setattr(module.serialization, "load_der_public_key", panic)
    for load, source in ((load_private_key, pem), (load_public_key, public_pem)):
        with pytest.raises(SigningKeyError, match="truncated or damaged"):
            load(source)


def test_keyboard_interrupt_is_passed_on(pem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while a key is loaded is not a damaged key."""
    module = pytest.importorskip("cfsign.keys.cryptography_backend")

    def interrupt(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("cfsign.keys.loading._cache", {})
    monkeypatch.setattr(module.serialization, "load_der_private_key", interrupt)
    with pytest.raises(KeyboardInterrupt):
        load_private_key(pem)


FIXTURES = [
    *("pem", "pkcs1_pem", "ec_pem", "ec_sec1_pem", "encrypted_pem", "encrypted_pkcs1_pem"),
    *("public_pem", "public_pkcs1_pem", "certificate_pem", "ed25519_pem", "p384_pem"),
]


@pytest.fixture(scope="session")
def corpus(request: pytest.FixtureRequest) -> list[bytes]:
    """Real keys in every form, PEM and DER."""
    texts = [request.getfixturevalue(name).encode() for name in FIXTURES]
    bodies = [b"".join(line for line in text.splitlines() if b"-" not in line) for text in texts]
    return texts + [base64.b64decode(body) for body in bodies]


def mutate(content: bytes, cuts: list[tuple[int, int, bytes]]) -> bytes:
    """Replace bytes at each place, which is given in thousandths of the content."""
    for place, length, inserted in cuts:
        start = len(content) * place // 1000
        content = content[:start] + inserted + content[start + length :]
    return content


CUTS = st.lists(
    st.tuples(
        st.integers(0, 1000),
        st.integers(0, 3) | st.integers(0, 2000),
        st.binary(max_size=3) | st.sampled_from([b"\n", b"\\n", b"\x80", b"\xff\xff\xff", b"\0"]),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=150)
@given(pick=st.integers(0, 10**6), cuts=CUTS, in_pem=st.booleans())
def test_mutated_key_loads_or_raises_signing_key_error(
    backend: str, corpus: list[bytes], pick: int, cuts: list[tuple[int, int, bytes]], in_pem: bool
) -> None:
    """A key that loads works, and an error shows nothing of the key."""
    original = corpus[pick % len(corpus)]
    content = mutate(original, cuts)
    if in_pem and not content.startswith(b"-----"):
        content = encode_pem(LABELS[pick % len(LABELS)], content)
    for load in loaders(backend):
        try:
            key = load(content)
        except SigningKeyError as error:
            shown = str(error) + repr(error.__cause__) + error.source
            assert len(shown) < 500
            assert not any(
                line[:24].decode("latin-1") in shown for line in find_long_lines(original)
            )
        else:
            use_key(key)


def find_long_lines(content: bytes) -> list[bytes]:
    return [line for line in content.splitlines() if len(line) > 40]


def use_key(key: Any) -> None:
    """Sign or verify with a key, which must not raise."""
    if hasattr(key, "sign"):
        signature = key.sign(b"message", "SHA256")
        assert load_public_key(key.public_key_pem()).verify(b"message", signature, "SHA256")
    else:
        assert key.verify(b"message", bytes(256), "SHA256") is False


@settings(max_examples=150)
@given(content=st.binary(max_size=300))
def test_random_bytes_raise_signing_key_error(backend: str, content: bytes) -> None:
    """Alone, with each PEM label, and in base64."""
    forms = [content, base64.b64encode(b"-----BEGIN " + content)]
    forms += [encode_pem(label, content) for label in LABELS]
    for load in loaders(backend):
        for form in forms:
            with pytest.raises(SigningKeyError):
                load(form)


@pytest.mark.parametrize(
    "encode",
    [
        pytest.param(lambda body: b"\x30\x83\0" + len(body).to_bytes(2, "big") + body, id="padded"),
        pytest.param(lambda body: b"\x30\x80" + body + b"\0\0", id="indefinite"),
        pytest.param(
            lambda body: b"\x3f\x10\x82" + len(body).to_bytes(2, "big") + body, id="long tag"
        ),
        pytest.param(lambda body: sequence(body) + b"\0", id="trailing byte"),
        pytest.param(lambda body: sequence(body)[:-1], id="truncated"),
    ],
)
def test_key_must_be_strict_der(
    backend: str, pkcs1_pem: str, encode: Callable[[bytes], bytes]
) -> None:
    """Two parsers might read other encodings differently."""
    der = base64.b64decode("".join(pkcs1_pem.splitlines()[1:-1]))
    body = der[4:]
    assert load_private_key(encode_pem("RSA PRIVATE KEY", sequence(body)), backend=backend)
    for form in (encode(body), encode_pem("RSA PRIVATE KEY", encode(body))):
        with pytest.raises(SigningKeyError):
            load_private_key(form, backend=backend)
