"""The keys, URLs and expiry that all subjects use, and the check of their output."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from cfsign import TrustedKeyGroup, Verdict, load_private_key
from cfsign.keys import generate_private_key_pem

DOMAIN = "https://media.example.com"
KEY_PAIR_ID = "K2JCJMDEHXQW5F"
PATHS = [f"videos/42/{number:06}.mp4" for number in range(100_000)]
URLS = [f"{DOMAIN}/{path}" for path in PATHS]
FOLDER = f"{DOMAIN}/videos/42/*"
EXPIRES_AT = int(time.time()) + 86400
EXPIRY = datetime.fromtimestamp(EXPIRES_AT, UTC)
#: The canned policy as CloudFront documents it, byte for byte.
CANNED = (
    '{{"Statement":[{{"Resource":"{}","Condition":{{"DateLessThan":{{"AWS:EpochTime":{}}}}}}}]}}'
)
FOLDER_POLICY = CANNED.format(FOLDER, EXPIRES_AT)
MESSAGES = [CANNED.format(url, EXPIRES_AT).encode() for url in URLS[:1000]]


class StubKey:
    """A key that takes no time to sign, to measure the work around the signature."""

    def sign(self, message: bytes, hash_algorithm: str) -> bytes:
        """Return constant bytes as the signature."""
        return STUB_SIGNATURE

    def public_key_pem(self) -> str:
        """Return an empty text: nothing is verified."""
        return ""


#: As long as a signature with RSA-2048.
STUB_SIGNATURE = bytes(range(256))


@dataclass(frozen=True)
class Key:
    """A private key as PEM and in a file, and a `TrustedKeyGroup` to verify its signatures."""

    algorithm: str
    pem: str = field(repr=False)
    file: Path
    trusted: TrustedKeyGroup

    def check_url(self, url: str) -> None:
        """Raise ValueError unless the signed URL is allowed."""
        _require_allowed(self.trusted.check(url))

    def check_cookies(self, cookies: Mapping[str, str]) -> None:
        """Raise ValueError unless the cookies allow a file in the folder."""
        _require_allowed(self.trusted.check(URLS[0], cookies=cookies))


def _require_allowed(verdict: Verdict) -> None:
    if not verdict.allowed:
        raise ValueError(f"the output is refused: {verdict.message}")


def make_key(algorithm: str, folder: Path) -> Key:
    """Make a new key in *folder*. RSA keys are PKCS#1, which every library reads."""
    pem = generate_private_key_pem(algorithm)
    private = load_pem_private_key(pem.encode(), None)
    if isinstance(private, rsa.RSAPrivateKey):
        old = PrivateFormat.TraditionalOpenSSL
        pem = private.private_bytes(Encoding.PEM, old, NoEncryption()).decode()
    file = folder / f"{algorithm}.pem"
    file.write_text(pem)
    public = load_private_key(pem).public_key_pem()
    return Key(algorithm, pem, file, TrustedKeyGroup({KEY_PAIR_ID: public}))
