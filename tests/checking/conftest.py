"""Keys and signatures for the tests of checking, made without cfsign."""

from __future__ import annotations

import base64
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pytest
import rsa

from cfsign.checking.key_group import TrustedKeyGroup

TO_CLOUDFRONT = bytes.maketrans(b"+=/", b"-_~")


def encode_base64(content: bytes) -> str:
    return base64.b64encode(content).translate(TO_CLOUDFRONT).decode()


@dataclass(frozen=True)
class Peer:
    """A signer of CloudFront URLs that is independent of cfsign."""

    key_pair_id: str
    private_pem: str
    openssl: Callable[..., bytes] = field(repr=False)

    @cached_property
    def public_pem(self) -> str:
        return self.openssl("pkey", "-pubout", given=self.private_pem).decode()

    @cached_property
    def rsa_key(self) -> rsa.PrivateKey:
        return rsa.PrivateKey.load_pkcs1(
            self.openssl("rsa", "-traditional", given=self.private_pem)
        )

    def sign(self, document: bytes, hash_algorithm: str = "SHA1") -> bytes:
        name = {"SHA1": "SHA-1", "SHA256": "SHA-256"}[hash_algorithm]
        return rsa.sign(document, self.rsa_key, name)

    def values(
        self, document: bytes, expires: object = None, hash_algorithm: str | None = None
    ) -> dict[str, str]:
        """Return the parameters of a canned policy if *expires* is given, else of a custom one."""
        terms = {"Policy": encode_base64(document)}
        if expires is not None:
            terms = {"Expires": str(expires)}
        signature = encode_base64(self.sign(document, hash_algorithm or "SHA1"))
        marker = {"Hash-Algorithm": hash_algorithm} if hash_algorithm else {}
        return {**terms, "Signature": signature, "Key-Pair-Id": self.key_pair_id, **marker}

    def canned(self, url: str, expires: object, **kwargs: Any) -> dict[str, str]:
        return self.values(build_canned_document(url, expires), expires, **kwargs)

    def canned_url(self, url: str, expires: object, **kwargs: Any) -> str:
        return add_parameters(url, self.canned(url, expires, **kwargs))

    def custom_url(self, url: str, document: str | bytes, **kwargs: Any) -> str:
        text = document.encode() if isinstance(document, str) else document
        return add_parameters(url, self.values(text, **kwargs))

    def custom_cookies(self, document: str, **kwargs: Any) -> dict[str, str]:
        return to_cookies(self.values(document.encode(), **kwargs))


@dataclass(frozen=True)
class ECPeer(Peer):
    """The same with a P-256 key, which the `rsa` package does not support."""

    @cached_property
    def ec_key(self) -> Any:
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        return load_pem_private_key(self.private_pem.encode(), None)

    def sign(self, document: bytes, hash_algorithm: str = "SHA1") -> bytes:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec

        return self.ec_key.sign(document, ec.ECDSA(getattr(hashes, hash_algorithm)()))


CANNED = '{"Statement":[{"Resource":"URL","Condition":{"DateLessThan":{"AWS:EpochTime":EXPIRES}}}]}'


def build_canned_document(url: str, expires: object) -> bytes:
    return CANNED.replace("EXPIRES", str(expires)).replace("URL", url).encode()


def add_parameters(url: str, values: Mapping[str, str]) -> str:
    joint = "&" if "?" in url else "?"
    return url + joint + "&".join(f"{name}={value}" for name, value in values.items())


def to_cookies(values: Mapping[str, str]) -> dict[str, str]:
    return {f"CloudFront-{name}": value for name, value in values.items()}


@pytest.fixture(scope="session")
def rsa_peer(openssl: Any, pem: str) -> Peer:
    """A signer with an RSA-2048 key."""
    return Peer("KRSA1EXAMPLE", pem, openssl)


@pytest.fixture(scope="session")
def ec_peer(openssl: Any, ec_pem: str) -> Peer:
    """A signer with a P-256 key."""
    pytest.importorskip("cryptography")
    return ECPeer("KEC2EXAMPLE", ec_pem, openssl)


@pytest.fixture(scope="session")
def untrusted_peer(openssl: Any, other_pem: str) -> Peer:
    """A signer with an untrusted key and a trusted id."""
    return Peer("KRSA1EXAMPLE", other_pem, openssl)


@pytest.fixture(scope="session")
def group(request: pytest.FixtureRequest, rsa_peer: Peer) -> TrustedKeyGroup:
    """The trusted keys of both signers; only the RSA key if P-256 is not supported."""
    peers = [rsa_peer]
    if importlib.util.find_spec("cryptography"):
        peers.append(request.getfixturevalue("ec_peer"))
    return TrustedKeyGroup({peer.key_pair_id: peer.public_pem for peer in peers})
