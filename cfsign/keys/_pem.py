"""Finding the one PEM block in what a user holds, and saying what is wrong with it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from cfsign.errors import SigningKeyError
from cfsign.keys._source import Source, at, read_source

Wanted = Literal["private", "public"]

_BLOCK = re.compile(
    r"-----BEGIN (?P<label>[A-Z0-9 ]+)-----\s*(?P<body>.*?)\s*-----END (?P=label)-----", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class PEM:
    """One PEM block (RFC 7468), its text never shown."""

    label: str
    text: str = field(repr=False)
    source: str

    @property
    def data(self) -> bytes:
        """The block as bytes, as parsers take it."""
        return self.text.encode("ascii")

    @property
    def is_encrypted(self) -> bool:
        """Whether a password guards the block: PKCS#8's label, or OpenSSL's older header."""
        return self.label == "ENCRYPTED PRIVATE KEY" or "Proc-Type: 4,ENCRYPTED" in self.text


def read_pem(source: Source, wanted: Wanted) -> PEM:
    """
    Read the PEM block that *source* holds; of several, the first that is a *wanted* key.

    Args:
        source: A path, or the key itself: what `read_source` takes.
        wanted: "private" or "public".

    Raises:
        SigningKeyError: Nothing there, or nothing like PEM.
    """
    text, origin = read_source(source)
    if not text:
        raise SigningKeyError(f"the key{at(origin)} is empty; give a PEM key", source=origin)
    blocks = list(_BLOCK.finditer(text))
    if not blocks:
        raise SigningKeyError(_what_is_wrong(text, origin), source=origin)
    # OpenSSL writes the parameters of an EC key into a block before it, and many tools write
    # certificates beside it.
    ending = f"{wanted.upper()} KEY"
    block = next((block for block in blocks if block["label"].endswith(ending)), blocks[0])
    if not block["body"]:
        raise SigningKeyError(
            f"the PEM{at(origin)} has no content between its BEGIN and END lines; "
            "copy the key again, whole",
            source=origin,
        )
    return PEM(block["label"], _ascii(block[0], origin) + "\n", origin)


def refuse_label(pem: PEM, wanted: Wanted) -> SigningKeyError:
    """Make the error for a block that is well formed but not a *wanted* key."""
    hints = {
        "PUBLIC KEY": "a public key; signing needs the private one of the pair",
        "RSA PUBLIC KEY": "a public key; signing needs the private one of the pair",
        "CERTIFICATE": "a certificate; CloudFront signs with the bare private key, no certificate",
        "EC PARAMETERS": "the parameters of an EC key without the key; copy the file again, whole",
        "OPENSSH PRIVATE KEY": "in OpenSSH's own format; convert it: "
        "ssh-keygen -p -m PEM -f KEY (it rewrites KEY)",
    }
    if wanted == "public":
        hints = {
            "CERTIFICATE": "a certificate; take its public key: "
            "openssl x509 -pubkey -noout -in CERTIFICATE",
        }
        if pem.label.endswith("PRIVATE KEY"):
            hints[pem.label] = (
                "a private key; checking needs the public one: openssl pkey -in KEY -pubout"
            )
    hint = hints.get(pem.label, f"a PEM block labelled {pem.label!r}, not a {wanted} key")
    return SigningKeyError(f"the key{at(pem.source)} is {hint}", source=pem.source)


def refuse_kind(pem: PEM, found: str) -> SigningKeyError:
    """Make the error for a key of a kind or size that CloudFront does not take."""
    return SigningKeyError(
        f"CloudFront takes keys of RSA-2048 or P-256, and the one{at(pem.source)} is {found}; "
        "make one: cfsign keygen",
        source=pem.source,
    )


def needs_cryptography(pem: PEM, what: str, otherwise: str = "") -> SigningKeyError:
    """Make the error for a key that the `rsa` package does not read."""
    return SigningKeyError(
        f"the rsa package does not read {what} keys; pip install cryptography{otherwise}",
        source=pem.source,
    )


def password_not_needed(pem: PEM) -> SigningKeyError:
    """Make the error for a password given with a key that is not encrypted."""
    return SigningKeyError(
        "a password is given, but the key is not encrypted; leave the password out",
        source=pem.source,
    )


def unreadable(pem: PEM) -> SigningKeyError:
    """Make the error for a block whose content no parser takes."""
    return SigningKeyError(
        f"the {pem.label}{at(pem.source)} cannot be read; it is truncated or damaged: "
        "copy it again, whole, and try: openssl pkey -in KEY -noout -check",
        source=pem.source,
    )


def _ascii(text: str, origin: str) -> str:
    if not text.isascii():
        raise SigningKeyError(
            f"the PEM{at(origin)} holds characters that base64 has not; copy it again, whole",
            source=origin,
        )
    return text


def _what_is_wrong(text: str, origin: str) -> str:
    if "-----BEGIN" in text:
        return f"the PEM{at(origin)} is truncated: its END line is missing; copy it whole"
    return f"the key{at(origin)} is not PEM: it has no -----BEGIN line; give the whole PEM"
