"""
The ASN.1 structures of keys (PKCS#1, PKCS#8, SEC 1), checked before a backend parses them.

A hostile file can make a parser compute for hours, with an exponent of 300,000 bits or two billion
rounds of password hashing. This module accepts only known kinds of keys, and numbers within limits.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from cfsign.keys.der import (
    BIT_STRING,
    CONTEXT_0,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    Element,
    get_content,
    parse_children,
    parse_elements,
    parse_integer,
    parse_sequence,
)
from cfsign.keys.key_errors import (
    build_damage_error,
    build_encryption_error,
    build_kind_error,
    build_label_error,
)
from cfsign.keys.pem import PEM

#: Twice CloudFront's size, for tests with old keys. OpenSSL needs a minute to check 16,384 bits.
MAX_BITS = 4096

#: The size of an encrypted key is unknown until it is decrypted. RSA of MAX_BITS is half as long.
MAX_ENCRYPTED_BYTES = 5 * 1024

#: About four seconds for one password: over ten times the recommended 600,000 (OWASP, 2023).
MAX_ITERATIONS = 10_000_000

#: 128 MiB and half a second: the strongest recommendation (OWASP, 2023: N = 2**17, r = 8, p = 1).
MAX_SCRYPT = 2**20

# Ciphers of OpenSSL's older encryption: the number of hexadecimal digits of the initialization
# vector (RFC 1423, section 1.1, and OpenSSL).
_IV_DIGITS = {
    "AES-128-CBC": 32,
    "AES-192-CBC": 32,
    "AES-256-CBC": 32,
    "DES-EDE3-CBC": 16,
}

_RSA, _EC = bytes.fromhex("2a864886f70d010101"), bytes.fromhex("2a8648ce3d0201")
_KINDS = {
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


_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class KeyContent:
    """The kind of a key, "RSA" or "P-256", and its innermost structure. For RSA that is PKCS#1."""

    kind: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, repr=False)
class RSANumbers:
    """The consistent numbers of an RSA private key (RFC 8017, section 3.2), without a `repr`."""

    n: int
    e: int
    d: int
    p: int
    q: int


def read_private_key(pem: PEM) -> KeyContent:
    """Read an unencrypted private key; raise SigningKeyError for a kind CloudFront rejects."""
    if pem.label not in ("RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY"):
        raise build_label_error(pem, "private")
    key = _try(lambda: _parse_private_key(pem))
    if key is None:
        raise build_damage_error(pem)
    return _check_kind(key, pem)


def read_public_key(pem: PEM) -> KeyContent:
    """Read a public key; raise SigningKeyError for a kind CloudFront rejects."""
    if pem.label not in ("PUBLIC KEY", "RSA PUBLIC KEY"):
        raise build_label_error(pem, "public")
    key = _try(lambda: _parse_public_key(pem))
    if key is None:
        raise build_damage_error(pem)
    return _check_kind(key, pem)


def read_rsa_private_numbers(pem: PEM, key: KeyContent) -> RSANumbers:
    """
    Read an RSAPrivateKey (RFC 8017, appendix A.1.2); raise SigningKeyError if it is inconsistent.

    It does not check that the factors are prime.
    """
    bits = _count_modulus_bits(key.content, 1)
    if bits > MAX_BITS:
        raise build_kind_error(pem, f"RSA-{bits}")
    numbers = _read_consistent_numbers(key.content)
    if numbers is None:
        raise build_damage_error(pem)
    return numbers


def read_rsa_public_numbers(pem: PEM, key: KeyContent) -> tuple[int, int]:
    """Read the modulus and the exponent of an RSAPublicKey (RFC 8017, appendix A.1.1)."""
    bits = _count_modulus_bits(key.content, 0)
    if bits > MAX_BITS:
        raise build_kind_error(pem, f"RSA-{bits}")
    numbers = _try(lambda: tuple(map(parse_integer, parse_sequence(key.content))))
    if numbers is None or len(numbers) != 2:
        raise build_damage_error(pem)
    n, e = numbers
    # With e = 1 every message would be its own signature.
    if not n % 2 or not e % 2 or not 3 <= e < n:
        raise build_damage_error(pem)
    return n, e


def check_encryption(pem: PEM) -> None:
    """Raise SigningKeyError if one try of a password would take more than seconds."""
    if len(pem.der) > MAX_ENCRYPTED_BYTES:
        raise build_kind_error(pem, f"an encrypted key of {len(pem.der)} bytes")
    is_affordable = _try(
        lambda: (
            _is_valid_older_encryption(pem.headers)
            if pem.headers
            else _is_affordable(_find_derivation(parse_sequence(pem.der)[0]))
        )
    )
    if is_affordable is None:
        raise build_damage_error(pem)
    if not is_affordable:
        raise build_encryption_error(pem)


def _try(parse: Callable[[], _Result]) -> _Result | None:
    """Return the result of *parse*; None instead of an error, whose frames would hold the key."""
    try:
        return parse()
    except (ValueError, IndexError):
        return None


def _check_kind(key: KeyContent, pem: PEM) -> KeyContent:
    if key.kind not in ("RSA", "P-256"):
        raise build_kind_error(pem, key.kind)
    return key


def _parse_private_key(pem: PEM) -> KeyContent:
    if pem.label == "RSA PRIVATE KEY":
        return KeyContent("RSA", pem.der)
    elements = parse_sequence(pem.der)
    if pem.label == "PRIVATE KEY":  # PrivateKeyInfo (RFC 5958, section 2)
        _version, identifier, octets, *_attributes = elements
        return KeyContent(_read_kind(identifier), get_content(octets, OCTET_STRING))
    # ECPrivateKey (RFC 5915, section 3). The parameters are optional there and required here.
    parameters = get_content(elements[2], CONTEXT_0)
    return KeyContent(_read_curve(parse_elements(parameters)[0]), pem.der)


def _parse_public_key(pem: PEM) -> KeyContent:
    if pem.label == "RSA PUBLIC KEY":
        return KeyContent("RSA", pem.der)
    identifier, bit_string = parse_sequence(pem.der)
    bits = get_content(bit_string, BIT_STRING)
    if bits[:1] != b"\0":  # the number of unused bits; a key consists of whole bytes
        raise ValueError
    return KeyContent(_read_kind(identifier), bits[1:])


def _read_kind(identifier: Element) -> str:
    """Return the kind of an AlgorithmIdentifier (RFC 5280, section 4.1.1.2)."""
    algorithm, *parameters = parse_children(identifier)
    name = get_content(algorithm, OBJECT_IDENTIFIER)
    if name == _EC:
        return _read_curve(parameters[0])
    return _KINDS.get(name, "of an unknown kind")


def _read_curve(parameters: Element) -> str:
    if parameters[0] == SEQUENCE:
        return "an EC key with explicit curve parameters"
    return _KINDS.get(get_content(parameters, OBJECT_IDENTIFIER), "an EC key on an unknown curve")


def _count_modulus_bits(pkcs1: bytes, index: int) -> int:
    return _try(lambda: parse_integer(parse_sequence(pkcs1)[index]).bit_length()) or 0


def _read_consistent_numbers(pkcs1: bytes) -> RSANumbers | None:
    # It returns None instead of raising: error reports print the variables of a frame that raises.
    try:
        version, n, e, d, p, q, exp1, exp2, coef = map(parse_integer, parse_sequence(pkcs1))
    except ValueError:
        return None
    # The cheap checks come first: they exclude a division by zero and numbers above the modulus.
    if version != 0 or p * q != n or min(p, q) < 3 or not (n % 2 and e % 2) or not 1 < e < n:
        return None
    if d >= n or d * e % (p - 1) != 1 or d * e % (q - 1) != 1:
        return None
    if (exp1, exp2) != (d % (p - 1), d % (q - 1)) or coef >= p or coef * q % p != 1:
        return None
    return RSANumbers(n, e, d, p, q)


def _is_valid_older_encryption(headers: tuple[str, ...]) -> bool:
    """Return True for OpenSSL's older encryption, which hashes the password a few times."""
    fields = dict(header.split(":", 1) for header in headers)
    name, _, vector = fields.get("DEK-Info", "").strip().partition(",")
    digits = _IV_DIGITS.get(name)
    # A vector of the wrong length makes the parser of `cryptography` 50 panic.
    return digits is not None and re.fullmatch(f"[0-9A-Fa-f]{{{digits}}}", vector) is not None


def _find_derivation(identifier: Element) -> list[Element]:
    """
    Return the parameters of the function that derives a key from the password.

    PBES2 has them one level deeper than PBES1 and PKCS#12 (RFC 8018, appendices A.3 and A.4).
    """
    parameters = parse_children(parse_children(identifier)[1])
    if parameters[0][0] == SEQUENCE:
        parameters = parse_children(parse_children(parameters[0])[1])
    return parameters


def _is_affordable(derivation: list[Element]) -> bool:
    salt, *rest = derivation
    get_content(salt, OCTET_STRING)
    numbers = [parse_integer(element) for element in rest if element[0] != SEQUENCE]
    if len(numbers) in (3, 4):  # scrypt: N, r, p and the key's length (RFC 7914, section 7.1)
        cost, block_size, parallelism, *length = numbers
        return cost * block_size * parallelism <= MAX_SCRYPT and sum(length) <= 64
    if len(numbers) in (1, 2):  # PBKDF2 and PBES1: iterations, and the key's length
        iterations, *length = numbers
        return iterations <= MAX_ITERATIONS and sum(length) <= 64
    return False
