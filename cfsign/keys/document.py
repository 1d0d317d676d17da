"""
What a key's document says of itself, read before any backend's parser sees it.

A parser does what the numbers say: raises to the power of 300,000 bits, or hashes a password two
thousand million times. So the kinds are listed here, and the numbers are measured.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from cfsign.keys.der import (
    BIT_STRING,
    CONTEXT_0,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    Element,
    children,
    content_of,
    elements,
    integer,
    sequence,
)
from cfsign.keys.pem import PEM
from cfsign.keys.refusals import password_too_dear, refuse_kind, refuse_label, unreadable

#: Twice what CloudFront takes: for tests with old keys, and because a key of 16,384 bits takes
#: OpenSSL a minute to check.
MAX_BITS = 4096

#: An encrypted key says nothing of itself; RSA of MAX_BITS is half as long.
MAX_ENCRYPTED_BYTES = 5 * 1024

#: About four seconds for one password; ten times what is advised (OWASP, 2023: 600,000).
MAX_ITERATIONS = 10_000_000

#: 128 MiB and half a second, the most that is advised (OWASP, 2023: N = 2**17, r = 8, p = 1).
MAX_SCRYPT = 2**20

# How many hexadecimal digits the vector of each has (RFC 1423, section 1.1, and OpenSSL).
_OLDER_CIPHERS = {
    "AES-128-CBC": 32,
    "AES-192-CBC": 32,
    "AES-256-CBC": 32,
    "DES-EDE3-CBC": 16,
}

_RSA, _EC = bytes.fromhex("2a864886f70d010101"), bytes.fromhex("2a8648ce3d0201")
_NAMES = {
    _RSA: "RSA",
    bytes.fromhex("2a8648ce3d030107"): "P-256",
    bytes.fromhex("2b81040022"): "P-384",
    bytes.fromhex("2b81040023"): "P-521",
    bytes.fromhex("2b8104000a"): "secp256k1",
    bytes.fromhex("2b656e"): "X25519",
    bytes.fromhex("2b656f"): "X448",
    bytes.fromhex("2b6570"): "Ed25519",
    bytes.fromhex("2b6571"): "Ed448",
    bytes.fromhex("2a864886f70d01010a"): "RSA-PSS",
    bytes.fromhex("2a8648ce380401"): "DSA",
}


class Document(NamedTuple):
    """A key's kind, "RSA" or "P-256", and what is inside its wrapping: PKCS#1 for RSA."""

    kind: str
    content: bytes


@dataclass(frozen=True, slots=True, repr=False)
class RSANumbers:
    """The numbers of an RSA private key that fit together (RFC 8017, section 3.2), not shown."""

    n: int
    e: int
    d: int
    p: int
    q: int


def read_private(pem: PEM) -> Document:
    """Read a private key that is not encrypted, of a kind that CloudFront takes."""
    readers = {
        "RSA PRIVATE KEY": lambda: Document("RSA", pem.der),
        "EC PRIVATE KEY": lambda: Document(_sec1_curve(pem.der), pem.der),
        "PRIVATE KEY": lambda: _pkcs8(pem.der),
    }
    if pem.label not in readers:
        raise refuse_label(pem, "private")
    try:
        document = readers[pem.label]()
    except (ValueError, IndexError):
        raise unreadable(pem) from None
    return _of_a_kind(document, pem)


def read_public(pem: PEM) -> Document:
    """Read a public key of a kind that CloudFront takes."""
    if pem.label not in ("PUBLIC KEY", "RSA PUBLIC KEY"):
        raise refuse_label(pem, "public")
    if pem.label == "RSA PUBLIC KEY":
        return Document("RSA", pem.der)
    try:
        identifier, key = sequence(pem.der)
        bits = content_of(key, BIT_STRING)
        if bits[:1] != b"\0":  # the number of unused bits: a key is whole bytes
            raise ValueError
        document = Document(_kind(identifier), bits[1:])
    except (ValueError, IndexError):
        raise unreadable(pem) from None
    return _of_a_kind(document, pem)


def rsa_private_numbers(pem: PEM, pkcs1: bytes) -> RSANumbers:
    """
    Read an RSAPrivateKey (RFC 8017, appendix A.1.2) whose numbers fit together.

    That the factors are prime is not looked into.
    """
    bits = _modulus_bits(pkcs1, 1)
    if bits > MAX_BITS:
        raise refuse_kind(pem, f"RSA-{bits}")
    numbers = _fitting(pkcs1)
    if numbers is None:
        raise unreadable(pem)
    return numbers


def rsa_public_numbers(pem: PEM, pkcs1: bytes) -> tuple[int, int]:
    """Read an RSAPublicKey (RFC 8017, appendix A.1.1): its modulus and exponent."""
    bits = _modulus_bits(pkcs1, 0)
    if bits > MAX_BITS:
        raise refuse_kind(pem, f"RSA-{bits}")
    try:
        n, e = map(integer, sequence(pkcs1))
    except ValueError:
        raise unreadable(pem) from None
    # With e = 1 every message would be its own signature.
    if not n % 2 or not e % 2 or not 3 <= e < n:
        raise unreadable(pem)
    return n, e


def check_cost(pem: PEM) -> None:
    """Raise SigningKeyError where trying a password would take more than seconds."""
    if len(pem.der) > MAX_ENCRYPTED_BYTES:
        raise refuse_kind(pem, "larger than any of them")
    try:
        is_fair = (
            _is_older_encryption(pem.headers)
            if pem.headers
            else _is_fair(_derivation(sequence(pem.der)[0]))
        )
    except (ValueError, IndexError):
        raise unreadable(pem) from None
    if not is_fair:
        raise password_too_dear(pem)


def _of_a_kind(document: Document, pem: PEM) -> Document:
    if document.kind not in ("RSA", "P-256"):
        raise refuse_kind(pem, document.kind)
    return document


def _pkcs8(der: bytes) -> Document:
    """Read a PrivateKeyInfo (RFC 5958, section 2)."""
    _version, identifier, key, *_attributes = sequence(der)
    return Document(_kind(identifier), content_of(key, OCTET_STRING))


def _sec1_curve(der: bytes) -> str:
    """Name the curve of an ECPrivateKey (RFC 5915, section 3), whose parameters must be there."""
    parameters = content_of(sequence(der)[2], CONTEXT_0)
    return _curve(elements(parameters)[0])


def _kind(identifier: Element) -> str:
    """Name the kind of an AlgorithmIdentifier (RFC 5280, section 4.1.1.2)."""
    algorithm, *parameters = children(identifier)
    name = content_of(algorithm, OBJECT_IDENTIFIER)
    if name == _EC:
        return _curve(parameters[0])
    return _NAMES.get(name, "of another kind")


def _curve(parameters: Element) -> str:
    if parameters[0] == SEQUENCE:
        return "on a curve that is spelled out, not named"
    return _NAMES.get(content_of(parameters, OBJECT_IDENTIFIER), "on another curve")


def _modulus_bits(pkcs1: bytes, index: int) -> int:
    try:
        return integer(sequence(pkcs1)[index]).bit_length()
    except (ValueError, IndexError):
        return 0


def _fitting(pkcs1: bytes) -> RSANumbers | None:
    # None, and no error raised here: an error's frames hold these numbers.
    try:
        version, n, e, d, p, q, exp1, exp2, coef = map(integer, sequence(pkcs1))
    except ValueError:
        return None
    # First the cheap ones, so that nothing is divided by zero, or is longer than the modulus.
    if version != 0 or p * q != n or min(p, q) < 3 or not (n % 2 and e % 2) or not 1 < e < n:
        return None
    if d >= n or d * e % (p - 1) != 1 or d * e % (q - 1) != 1:
        return None
    if (exp1, exp2) != (d % (p - 1), d % (q - 1)) or coef >= p or coef * q % p != 1:
        return None
    return RSANumbers(n, e, d, p, q)


def _is_older_encryption(headers: tuple[str, ...]) -> bool:
    """Tell OpenSSL's older way, which hashes the password a few times, from what looks like it."""
    described = dict(header.split(":", 1) for header in headers)
    name, _, vector = described.get("DEK-Info", "").strip().partition(",")
    digits = _OLDER_CIPHERS.get(name)
    # A vector that is too short makes the parser of `cryptography` 50 panic.
    return digits is not None and re.fullmatch(f"[0-9A-Fa-f]{{{digits}}}", vector) is not None


def _derivation(identifier: Element) -> list[Element]:
    """
    Return the parameters by which a key is made of the password.

    In PBES2 they are a level deeper than in PBES1 and PKCS#12 (RFC 8018, appendices A.3 and A.4).
    """
    parameters = children(children(identifier)[1])
    if parameters[0][0] == SEQUENCE:
        parameters = children(children(parameters[0])[1])
    return parameters


def _is_fair(derivation: list[Element]) -> bool:
    salt, *rest = derivation
    content_of(salt, OCTET_STRING)
    numbers = [integer(element) for element in rest if element[0] != SEQUENCE]
    if len(numbers) in (3, 4):  # scrypt: N, r, p and the key's length (RFC 7914, section 7.1)
        cost, block_size, parallelism, *length = numbers
        return cost * block_size * parallelism <= MAX_SCRYPT and sum(length) <= 64
    if len(numbers) in (1, 2):  # PBKDF2 and PBES1: iterations, and the key's length
        iterations, *length = numbers
        return iterations <= MAX_ITERATIONS and sum(length) <= 64
    return False
