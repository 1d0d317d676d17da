"""Finding the one PEM block in what a user holds, and saying what is wrong with it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from cfsign.errors import SigningKeyError

Source = str | bytes | os.PathLike[str]

#: A PEM key is about 2 KB; what is larger than this is some other file.
MAX_BYTES = 64 * 1024

_BLOCK = re.compile(
    r"-----BEGIN (?P<label>[A-Z0-9 ]+)-----\s*(?P<body>.*?)\s*-----END (?P=label)-----", re.DOTALL
)
_BASE64_LOOK = re.compile(r"[A-Za-z0-9+/=]{48,}")
_LONGEST_NAME = 1024


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


def read_pem(source: Source) -> PEM:
    r"""
    Read the one PEM block that *source* holds.

    Args:
        source: A path, or the PEM itself as text or bytes. Text with `-----BEGIN` in it is PEM;
            any other text is a path. Newlines written as `\n`, as environment variables often
            hold them, are mended.

    Raises:
        SigningKeyError: Nothing there, or nothing like PEM.
    """
    text, origin = _read(source)
    text = text.strip()
    if "-----BEGIN" in text:
        text = text.replace("\\r", "").replace("\\n", "\n").replace("\r\n", "\n")
    if not text:
        raise SigningKeyError(f"the key{_at(origin)} is empty; give a PEM key", source=origin)
    block = _BLOCK.search(text)
    if block is None:
        raise SigningKeyError(_what_is_wrong(text, origin), source=origin)
    if not block["body"]:
        raise SigningKeyError(
            f"the PEM{_at(origin)} has no content between its BEGIN and END lines; "
            "copy the key again, whole",
            source=origin,
        )
    return PEM(block["label"], _ascii(block[0], origin) + "\n", origin)


def refuse_label(pem: PEM, wanted: str) -> SigningKeyError:
    """Make the error for a block that is well formed but not a *wanted* ("private" or "public")."""
    hints = {
        "PUBLIC KEY": "a public key; signing needs the private one of the pair",
        "RSA PUBLIC KEY": "a public key; signing needs the private one of the pair",
        "CERTIFICATE": "a certificate; CloudFront signs with the bare private key, no certificate",
        "EC PRIVATE KEY": "an EC private key; this release signs with RSA keys only; make one: "
        "cfsign keygen",
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
    return SigningKeyError(f"the key{_at(pem.source)} is {hint}", source=pem.source)


def not_rsa(pem: PEM) -> SigningKeyError:
    """Make the error for a private key that is well formed but of another kind than RSA."""
    return SigningKeyError(
        "this release signs with RSA keys only, and this is another kind (an EC key?); "
        "make one: cfsign keygen",
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
        f"the {pem.label}{_at(pem.source)} cannot be read; it is truncated or damaged: "
        "copy it again, whole, and try: openssl pkey -in KEY -noout -check",
        source=pem.source,
    )


def _read(source: Source) -> tuple[str, str]:
    if isinstance(source, bytes):
        return _decode(source, ""), ""
    if isinstance(source, str):
        if "-----BEGIN" in source or not source.strip():
            return source, ""
    elif not isinstance(source, os.PathLike):
        raise SigningKeyError(
            f"a key is a path or PEM as text or bytes, not {type(source).__name__}"
        )
    return _read_file(Path(source))


def _read_file(path: Path) -> tuple[str, str]:
    name = str(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise _cannot_read(name, error) from None
    return _decode(data, name), name


def _cannot_read(name: str, error: Exception) -> SigningKeyError:
    if len(name) > _LONGEST_NAME or "\n" in name or _BASE64_LOOK.search(name):
        # Not echoed: this is no path, but a key that lost its first line.
        return SigningKeyError(
            "the key's text has no -----BEGIN line, and no file is called that; "
            "give the whole PEM, its first and last line included"
        )
    if isinstance(error, FileNotFoundError):
        return SigningKeyError(
            f"there is no key file {name!r}; check the path, "
            "or give the PEM itself, with its -----BEGIN line",
            source=name,
        )
    reason = getattr(error, "strerror", None) or "unusable"
    return SigningKeyError(
        f"the key file {name!r} cannot be read ({reason}); check the path and who may read it",
        source=name,
    )


def _decode(data: bytes, origin: str) -> str:
    if len(data) > MAX_BYTES:
        raise SigningKeyError(
            f"the key{_at(origin)} is over {MAX_BYTES} bytes; no PEM key is, so check the path",
            source=origin,
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SigningKeyError(
            f"the key{_at(origin)} is not text; give it as PEM: "
            "openssl pkey -inform DER -in KEY -out KEY.pem",
            source=origin,
        ) from None


def _ascii(text: str, origin: str) -> str:
    if not text.isascii():
        raise SigningKeyError(
            f"the PEM{_at(origin)} holds characters that base64 has not; copy it again, whole",
            source=origin,
        )
    return text


def _what_is_wrong(text: str, origin: str) -> str:
    if "-----BEGIN" in text:
        return f"the PEM{_at(origin)} is truncated: its END line is missing; copy it whole"
    return f"the key{_at(origin)} is not PEM: it has no -----BEGIN line; give the whole PEM"


def _at(origin: str) -> str:
    return f" in {origin!r}" if origin else ""
