"""Keys that never leave AWS KMS, which signs with them over the network (extra `kms`)."""

from __future__ import annotations

import hashlib
from typing import Any, ClassVar

from cfsign.errors import SigningKeyError
from cfsign.keys.aws import Kept, without_account
from cfsign.keys.protocol import HashAlgorithm, Unpicklable
from cfsign.keys.source import armoured

# CloudFront's two kinds of key in the words of KMS: the algorithm that signs with each.
_SPECS = {
    "RSA_2048": ("RSA-2048", "RSASSA_PKCS1_V1_5_SHA_256"),
    "ECC_NIST_P256": ("P-256", "ECDSA_SHA_256"),
}


class KmsPrivateKey(Unpicklable):
    """
    An RSA-2048 or P-256 key in AWS KMS, with the key usage SIGN_VERIFY.

    KMS signs with SHA-256 alone. Each signature is a call over the network, so the key says that it
    blocks, and the asynchronous views sign with it in a thread. The key may be used by several
    threads at once.

    An alias is looked up once: signatures and public half stay those of one key, and to follow an
    alias that has moved is to make the object anew. What signs needs the permissions
    `kms:GetPublicKey` and `kms:Sign`.

    Attributes:
        algorithm: "RSA-2048" or "P-256".
    """

    __slots__ = ("_arn", "_kept", "_public_key_pem", "_signing_algorithm", "algorithm")

    is_blocking: ClassVar[bool] = True
    hash_algorithms: ClassVar[tuple[HashAlgorithm, ...]] = ("SHA256",)

    _anew = "make it with cfsign.keys.kms.KmsPrivateKey(...)"

    def __init__(self, key_id: str, *, client: Any = None, region_name: str | None = None) -> None:
        """
        Ask KMS for the public half, once.

        boto3 waits and tries again by its own defaults, which can hold a request for minutes where
        AWS is out of reach. `AWS_DEFAULTS_MODE=in-region` in the environment shortens the wait for
        a connection, and a client of your own the whole: `boto3.client("kms",
        config=botocore.config.Config(connect_timeout=1, read_timeout=2,
        retries={"total_max_attempts": 2}))`.

        Args:
            key_id: The key's id or ARN, or an alias as `alias/NAME`.
            client: A boto3 client of KMS, made in the process that signs; one that is not given is
                made by boto3's own configuration, and anew after a fork.
            region_name: The region, where neither an ARN nor that configuration names it.

        Raises:
            SigningKeyError: There is no such key, or none that CloudFront takes.
            KeyUnavailableError: KMS does not give the key just now: it is disabled, denied,
                throttled, out of reach. `code` is AWS's code or the name of botocore's exception.
            ConfigurationError: boto3 is not installed.
        """
        self._kept = Kept("kms", key_id, client, region_name)
        answer = self._kept.ask("get_public_key", KeyId=key_id)
        # KeySpec's older name is the only one that some emulators of AWS write.
        spec = answer.get("KeySpec", answer.get("CustomerMasterKeySpec"))
        usage = answer.get("KeyUsage")
        if not spec or not usage or "KeyId" not in answer or "PublicKey" not in answer:
            raise self._kept.no_answer()
        if spec not in _SPECS or usage != "SIGN_VERIFY":
            raise SigningKeyError(
                f"{self._kept} is {spec} for {usage}, and CloudFront takes RSA_2048 or "
                "ECC_NIST_P256 for SIGN_VERIFY; neither can be changed, so make another: "
                "aws kms create-key --key-spec ECC_NIST_P256 --key-usage SIGN_VERIFY",
                source=self._kept.name,
            )
        self.algorithm, self._signing_algorithm = _SPECS[spec]
        self._arn: str = answer["KeyId"]
        self._public_key_pem = armoured("PUBLIC KEY", answer["PublicKey"])

    def __repr__(self) -> str:
        return f"<PrivateKey {self.algorithm} kms {without_account(self._arn)}>"

    def sign(self, message: bytes, hash_algorithm: HashAlgorithm) -> bytes:
        """
        Let KMS sign: PKCS#1 v1.5 for RSA (RFC 8017, section 8.2), ASN.1 DER for ECDSA.

        The hash is made here, since KMS takes no more than 4096 bytes, and a policy may be longer.
        The signature is not verified here: the key material behind an ARN never changes, KMS guards
        its modules against faults, and TLS the way.

        Raises:
            SigningKeyError: The hash algorithm is not SHA256.
            KeyUnavailableError: KMS does not sign just now.
        """
        if hash_algorithm not in self.hash_algorithms:
            raise SigningKeyError('AWS KMS has no SHA-1; sign with hash_algorithm="SHA256"')
        answer = self._kept.ask(
            "sign",
            in_use=True,
            KeyId=self._arn,
            Message=hashlib.sha256(message).digest(),
            MessageType="DIGEST",
            SigningAlgorithm=self._signing_algorithm,
        )
        signature = answer.get("Signature")
        if not isinstance(signature, bytes) or not signature:
            raise self._kept.no_answer()
        return signature

    def public_key_pem(self) -> str:
        """Return the public half as PEM, SubjectPublicKeyInfo (RFC 5280, section 4.1)."""
        return self._public_key_pem
