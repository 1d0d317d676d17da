"""What is said of a key that is not taken, and what to do about it."""

from __future__ import annotations

from typing import Literal

from cfsign.errors import SigningKeyError
from cfsign.keys.pem import PEM
from cfsign.keys.protocol import SUPPORTED, HashAlgorithm
from cfsign.keys.source import at

_DECRYPT = "decrypt it: openssl pkey -in KEY -out PLAIN"

_NOT_PRIVATE = {
    "PUBLIC KEY": "a public key; signing needs the private one of the pair",
    "RSA PUBLIC KEY": "a public key; signing needs the private one of the pair",
    "CERTIFICATE": "a certificate; CloudFront signs with the bare private key, no certificate",
    "EC PARAMETERS": "the parameters of an EC key without the key; copy the file again, whole",
    "OPENSSH PRIVATE KEY": "in OpenSSH's own format; convert it: "
    "ssh-keygen -p -m PEM -f KEY (it rewrites KEY)",
}
_NOT_PUBLIC = {
    "CERTIFICATE": "a certificate; take its public key: "
    "openssl x509 -pubkey -noout -in CERTIFICATE",
}


def refuse_label(pem: PEM, wanted: Literal["private", "public"]) -> SigningKeyError:
    """Make the error for a block that is well formed but not a *wanted* key."""
    hint = (_NOT_PRIVATE if wanted == "private" else _NOT_PUBLIC).get(pem.label)
    if hint is None and wanted == "public" and pem.label.endswith("PRIVATE KEY"):
        hint = "a private key; checking needs the public one: openssl pkey -in KEY -pubout"
    if hint is None and pem.label == f"DSA {wanted.upper()} KEY":
        return refuse_kind(pem, "DSA")
    hint = hint or f"a PEM block labelled {pem.label!r}, not a {wanted} key"
    return SigningKeyError(f"the key{at(pem.source)} is {hint}", source=pem.source)


def refuse_kind(pem: PEM, found: str) -> SigningKeyError:
    """Make the error for a key of a kind or size that CloudFront does not take."""
    return SigningKeyError(
        f"CloudFront takes keys of {' or '.join(SUPPORTED)}, and the one{at(pem.source)} is "
        f"{found}; make one: cfsign keygen",
        source=pem.source,
    )


def refuse_size(pem: PEM, found: str) -> SigningKeyError:
    """Make the error for an RSA key that only a test would sign with."""
    return SigningKeyError(
        f"{refuse_kind(pem, found)} (or, in a test with an old key, load it by "
        "load_private_key(..., allow_unsupported=True))",
        source=pem.source,
    )


def unreadable(pem: PEM) -> SigningKeyError:
    """Make the error for a block whose content no parser takes."""
    public = " -pubin" if pem.label.endswith("PUBLIC KEY") else " -check"
    return SigningKeyError(
        f"the {pem.label}{at(pem.source)} cannot be read; it is truncated or damaged: "
        f"copy it again, whole, and try: openssl pkey -in KEY -noout{public}",
        source=pem.source,
    )


def needs_cryptography(pem: PEM, what: str) -> SigningKeyError:
    """Make the error for a key that the `rsa` package does not read."""
    otherwise = f", or {_DECRYPT}" if pem.is_encrypted else ""
    return SigningKeyError(
        f"the key{at(pem.source)} is {what}, which the rsa package does not read; "
        f"pip install cryptography{otherwise}",
        source=pem.source,
    )


def password_missing(pem: PEM) -> SigningKeyError:
    """Make the error for an encrypted key without a password."""
    return SigningKeyError(
        f"the key{at(pem.source)} is encrypted; give its password: load_private_key(KEY, "
        "password=...), the setting 'password', CLOUDFRONT_PASSWORD or --ask-password; "
        f"or {_DECRYPT}",
        source=pem.source,
    )


def password_not_needed(pem: PEM) -> SigningKeyError:
    """Make the error for a password given with a key that is not encrypted."""
    return SigningKeyError(
        f"a password is given, but the key{at(pem.source)} is not encrypted; "
        "leave the password out",
        source=pem.source,
    )


def password_wrong(pem: PEM) -> SigningKeyError:
    """Make the error for a password that opens nothing."""
    return SigningKeyError(
        f"the password does not open the key{at(pem.source)}, or the key is damaged; "
        "check the password with: openssl pkey -in KEY -noout",
        source=pem.source,
    )


def password_too_dear(pem: PEM) -> SigningKeyError:
    """Make the error for an encryption that takes minutes or gigabytes to try a password on."""
    return SigningKeyError(
        f"the encryption of the key{at(pem.source)} is of a kind, or of a cost, that is not "
        "taken; encrypt it anew: openssl pkcs8 -topk8 -v2 aes-256-cbc -iter 600000 -in KEY",
        source=pem.source,
    )


def hash_forbidden(hash_algorithm: HashAlgorithm) -> SigningKeyError:
    """Make the error for a platform that does not sign with this hash."""
    mend = (
        'sign with hash_algorithm="SHA256", which CloudFront takes as well'
        if hash_algorithm == "SHA1"
        else "ask whoever keeps the platform"
    )
    return SigningKeyError(
        f"this platform does not sign with {hash_algorithm} (a FIPS or other policy); {mend}"
    )
