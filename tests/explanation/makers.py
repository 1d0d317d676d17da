"""Sign as users do, right or wrong: with botocore, with the openssl command, or by hand."""

from __future__ import annotations

import base64
import subprocess
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from cfsign import TrustedKeyGroup

NOW = 1_767_225_600
EXPIRES = NOW + 3_600

CANNED = '{"Statement":[{"Resource":"%s","Condition":{"DateLessThan":{"AWS:EpochTime":%s}}}]}'


def openssl(*arguments: str, given: bytes = b"") -> bytes:
    return subprocess.run(
        ["openssl", *arguments], input=given, capture_output=True, check=True
    ).stdout


@dataclass(frozen=True)
class Arguments:
    """The arguments of one call of `explain`."""

    url: str
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Key:
    """A key pair and its id."""

    key_pair_id: str
    pem: bytes

    @classmethod
    def make(cls, key_pair_id: str, algorithm: str, option: str) -> Key:
        return cls(key_pair_id, openssl("genpkey", "-algorithm", algorithm, "-pkeyopt", option))

    @cached_property
    def public_pem(self) -> str:
        return openssl("pkey", "-pubout", given=self.pem).decode()

    @cached_property
    def loaded(self) -> Any:
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        return load_pem_private_key(self.pem, None)

    def dgst(self, message: bytes, hash_name: str) -> bytes:
        """Sign with the openssl command: PKCS#1 v1.5, or ECDSA in DER."""
        with tempfile.NamedTemporaryFile() as file:
            file.write(self.pem)
            file.flush()
            return openssl("dgst", f"-{hash_name.lower()}", "-sign", file.name, given=message)

    def sign(self, message: bytes, hash_name: str = "SHA1") -> bytes:
        """Sign with `cryptography`, as botocore's users do."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

        algorithm = getattr(hashes, hash_name)()
        if isinstance(self.loaded, rsa.RSAPrivateKey):
            return self.loaded.sign(message, padding.PKCS1v15(), algorithm)
        return self.loaded.sign(message, ec.ECDSA(algorithm))

    def sign_pss(self, message: bytes) -> bytes:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
        return self.loaded.sign(message, pss, hashes.SHA256())

    def sign_raw(self, message: bytes) -> bytes:
        """Sign with ECDSA in raw form (r and s), as WebCrypto does."""
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

        r, s = decode_dss_signature(self.sign(message))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@dataclass(frozen=True)
class World:
    """The keys, and the group that trusts all of them except `untrusted`."""

    rsa: Key
    other: Key
    ec: Key
    untrusted: Key

    @classmethod
    def make(cls) -> World:
        bits, curve = "rsa_keygen_bits:2048", "ec_paramgen_curve:P-256"
        return cls(
            Key.make("KRSA1EXAMPLE", "RSA", bits),
            Key.make("KRSA2EXAMPLE", "RSA", bits),
            Key.make("KEC3EXAMPLE", "EC", curve),
            Key.make("KRSA1EXAMPLE", "RSA", bits),
        )

    @cached_property
    def trusted(self) -> TrustedKeyGroup:
        keys = (self.rsa, self.other, self.ec)
        return TrustedKeyGroup({key.key_pair_id: key.public_pem for key in keys})

    def boto(self, url: str, expires: int = EXPIRES, key: Key | None = None, **policy: Any) -> str:
        """Sign with botocore: a canned policy, or the custom policy in the argument `policy`."""
        from botocore.signers import CloudFrontSigner

        key = key or self.rsa
        signer = CloudFrontSigner(key.key_pair_id, key.sign)
        if policy:
            return signer.generate_presigned_url(url, **policy)
        expiry = datetime.fromtimestamp(expires, UTC)
        return signer.generate_presigned_url(url, date_less_than=expiry)

    def boto_policy(self, resource: str, **limits: Any) -> str:
        from botocore.signers import CloudFrontSigner

        signer = CloudFrontSigner(self.rsa.key_pair_id, self.rsa.sign)
        return signer.build_policy(resource, datetime.fromtimestamp(EXPIRES, UTC), **limits)


def to_cloudfront(content: bytes) -> str:
    return base64.b64encode(content).translate(bytes.maketrans(b"+=/", b"-_~")).decode()


def add_parameters(url: str, *parameters: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{'&'.join(parameters)}"


def canned(
    url: str, signature: str | bytes, key: Key, *more: str, expires: object = EXPIRES
) -> str:
    """Build the URL of a canned policy by hand."""
    text = to_cloudfront(signature) if isinstance(signature, bytes) else signature
    signed = (f"Expires={expires}", f"Signature={text}", f"Key-Pair-Id={key.key_pair_id}")
    return add_parameters(url, *signed, *more)


def custom(url: str, policy: str | bytes, key: Key, *more: str) -> str:
    """Build the URL of a custom policy by hand."""
    document = policy.encode() if isinstance(policy, str) else policy
    signature = to_cloudfront(key.sign(document))
    signed = (f"Policy={to_cloudfront(document)}", f"Signature={signature}")
    return add_parameters(url, *signed, f"Key-Pair-Id={key.key_pair_id}", *more)


def cookies(policy: str, key: Key) -> dict[str, str]:
    document = policy.encode()
    return {
        "CloudFront-Policy": to_cloudfront(document),
        "CloudFront-Signature": to_cloudfront(key.sign(document)),
        "CloudFront-Key-Pair-Id": key.key_pair_id,
    }
