"""The errors for keys that cannot be used, each with its hint."""

from __future__ import annotations

from typing import Literal

from cfsign.errors import SigningKeyError
from cfsign.keys.other_formats import describe_unusable_kind, find_unusable_ssh_kind
from cfsign.keys.pem import PEM
from cfsign.keys.protocol import HashAlgorithm
from cfsign.keys.source import describe_key
from cfsign.utils.secret import Secret

_DECRYPT = "decrypt it: openssl pkey -in KEY -out PLAIN"

# label: (what the block is, hint)
_PUBLIC_KEY = ("a public key", "use the private key of the pair")
_NOT_PRIVATE = {
    "PUBLIC KEY": _PUBLIC_KEY,
    "RSA PUBLIC KEY": _PUBLIC_KEY,
    "CERTIFICATE": ("a certificate", "use the private key alone, without a certificate"),
    "EC PARAMETERS": (
        "only the parameters of an EC key, without the key",
        "copy the key again, whole",
    ),
    "OPENSSH PRIVATE KEY": (
        "in OpenSSH's own format",
        "convert it: ssh-keygen -p -m PEM -f KEY (this rewrites KEY)",
    ),
}
_CERTIFICATE_HINT = "extract its public key: openssl x509 -pubkey -noout -in CERTIFICATE"


def build_label_error(pem: PEM, wanted: Literal["private", "public"]) -> SigningKeyError:
    """Build the error for a well-formed PEM block that is not a *wanted* key."""
    if pem.label == f"DSA {wanted.upper()} KEY":
        return build_kind_error(pem, "DSA")
    if pem.label == "OPENSSH PRIVATE KEY" and wanted == "private":
        kind = find_unusable_ssh_kind(pem.der)
        if kind:
            return build_kind_error(pem, kind)
    problem, hint = f"a PEM block labelled {pem.label!r}", f"use a {wanted} key"
    if wanted == "private":
        problem, hint = _NOT_PRIVATE.get(pem.label, (problem, hint))
    elif pem.label == "CERTIFICATE":
        problem, hint = "a certificate", _CERTIFICATE_HINT
    elif pem.label.endswith("PRIVATE KEY"):
        problem, hint = "a private key", "use its public key: openssl pkey -in KEY -pubout"
    return _build(pem, f"is {problem}", hint)


def build_kind_error(pem: PEM, kind: str) -> SigningKeyError:
    """Build the error for a key of a kind or size that CloudFront does not accept."""
    return _build(pem, describe_unusable_kind(kind), "make a new key: cfsign keygen")


def build_size_error(pem: PEM, kind: str) -> SigningKeyError:
    """Build the error for an RSA key of a size that only a test may use."""
    hint = (
        "make a new key: cfsign keygen; or, in a test with an old key, "
        "load_private_key(..., allow_unsupported=True)"
    )
    return _build(pem, describe_unusable_kind(kind), hint)


def build_damage_error(pem: PEM) -> SigningKeyError:
    """Build the error for a block whose content cannot be parsed."""
    public = " -pubin" if pem.label.endswith("PUBLIC KEY") else " -check"
    hint = f"copy it again, whole, and check it: openssl pkey -in KEY -noout{public}"
    return _build(pem, "is truncated or damaged", hint, noun=pem.label)


def build_backend_error(pem: PEM, kind: str) -> SigningKeyError:
    """Build the error for a key that the `rsa` package cannot read."""
    hint = "pip install cryptography" + (f", or {_DECRYPT}" if pem.is_encrypted else "")
    return _build(pem, f"is {kind}, which the rsa package cannot read", hint)


def build_missing_password_error(pem: PEM) -> SigningKeyError:
    """Build the error for an encrypted key without a password."""
    hint = (
        "set its password: load_private_key(KEY, password=...), the setting 'password', "
        f"CLOUDFRONT_PASSWORD or --ask-password; or {_DECRYPT}"
    )
    return _build(pem, "is encrypted, and there is no password", hint)


def build_unneeded_password_error(pem: PEM) -> SigningKeyError:
    """Build the error for a password next to a key that is not encrypted."""
    return _build(pem, "is not encrypted, but there is a password for it", "remove the password")


def build_wrong_password_error(pem: PEM, password: Secret[bytes]) -> SigningKeyError:
    """Build the error for a password that does not decrypt the key."""
    hint = "check the password: openssl pkey -in KEY -noout"
    if password.reveal() != password.reveal().strip(b" \t\r\n\"'"):
        hint = (
            "the password begins or ends with white space or a quote: remove it, unless it is a "
            "part of the password"
        )
    return _build(pem, "cannot be decrypted: the password is wrong, or the key is damaged", hint)


def build_encryption_error(pem: PEM) -> SigningKeyError:
    """Build the error for an unknown encryption, or one that needs minutes or gigabytes."""
    hint = "encrypt it again: openssl pkcs8 -topk8 -v2 aes-256-cbc -iter 600000 -in KEY"
    return _build(pem, "has an encryption that is unsupported or too slow", hint)


def build_hash_error(hash_algorithm: HashAlgorithm) -> SigningKeyError:
    """Build the error for a hash algorithm that the platform forbids."""
    hint = (
        'sign with hash_algorithm="SHA256", which CloudFront accepts too'
        if hash_algorithm == "SHA1"
        else "ask the platform's administrator"
    )
    return SigningKeyError(
        f"this platform forbids signatures with {hash_algorithm} (FIPS or another policy)",
        hint=hint,
    )


def _build(pem: PEM, problem: str, hint: str, noun: str = "key") -> SigningKeyError:
    message = f"{describe_key(pem.source, noun)} {problem}"
    return SigningKeyError(message, hint=hint, source=pem.source)
