"""Private keys in AWS KMS, which signs over the network (extra `kms`)."""

from __future__ import annotations

import hashlib
from typing import Any, ClassVar

from cfsign.errors import SigningKeyError
from cfsign.keys.aws import AWSResource, hide_account
from cfsign.keys.pem import encode_pem
from cfsign.keys.protocol import HashAlgorithm, Unpicklable
from cfsign.utils.description import describe_value
from cfsign.utils.secret import hide

# KMS key spec: (CloudFront's kind of key, KMS signing algorithm).
_SPECS = {
    "RSA_2048": ("RSA-2048", "RSASSA_PKCS1_V1_5_SHA_256"),
    "ECC_NIST_P256": ("P-256", "ECDSA_SHA_256"),
}


class KmsPrivateKey(Unpicklable):
    """
    An RSA-2048 or P-256 key in AWS KMS, with the key usage SIGN_VERIFY.

    KMS signs only with SHA-256. Each signature is a network call, so `is_blocking` is True and
    asynchronous views sign in a thread. Several threads may use one object.

    An alias is resolved once, so the object keeps its key if the alias moves. Make a new object to
    follow the alias. Signing needs the permissions `kms:GetPublicKey` and `kms:Sign`.

    Attributes:
        algorithm: "RSA-2048" or "P-256".
    """

    __slots__ = ("_arn", "_public_key_pem", "_resource", "_signing_algorithm", "algorithm")

    is_blocking: ClassVar[bool] = True
    hash_algorithms: ClassVar[tuple[HashAlgorithm, ...]] = ("SHA256",)

    _recreate_hint = "make it with cfsign.keys.kms.KmsPrivateKey(...)"

    def __init__(self, key_id: str, *, client: Any = None, region_name: str | None = None) -> None:
        """
        Fetch the public key from KMS.

        boto3 waits and retries by its own defaults, which can block a request for minutes while AWS
        is unreachable. `AWS_DEFAULTS_MODE=in-region` in the environment shortens the connection
        timeout. To limit the whole call, pass a client: `boto3.client("kms",
        config=botocore.config.Config(connect_timeout=1, read_timeout=2,
        retries={"total_max_attempts": 2}))`.

        Args:
            key_id: The key's id or ARN, or an alias as `alias/NAME`.
            client: A boto3 client of KMS, made in the process that signs. Without one, a client is
                made from boto3's own configuration, and again after a fork.
            region_name: The region, if neither an ARN nor boto3's configuration sets it.

        Raises:
            SigningKeyError: The key does not exist, or CloudFront does not accept it.
            KeyUnavailableError: The key is disabled, denied, throttled or unreachable. `code` is
                AWS's error code or the name of boto3's exception.
            ConfigurationError: boto3 is not installed.
        """
        hidden = hide(key_id)
        del key_id
        self._resource = AWSResource("kms", hidden, client, region_name)
        response = self._resource.call("get_public_key", KeyId=self._resource.id)
        # Some emulators of AWS send only the older name of KeySpec.
        spec = response.get("KeySpec", response.get("CustomerMasterKeySpec"))
        usage = response.get("KeyUsage")
        if not spec or not usage or "KeyId" not in response or "PublicKey" not in response:
            raise self._resource.build_response_error()
        if spec not in _SPECS or usage != "SIGN_VERIFY":
            raise SigningKeyError(
                f"{self._resource} is {spec} for {usage}, but CloudFront needs RSA_2048 or "
                "ECC_NIST_P256 for SIGN_VERIFY",
                hint="neither can be changed, so create a new key: "
                "aws kms create-key --key-spec ECC_NIST_P256 --key-usage SIGN_VERIFY",
                source=self._resource.name,
            )
        self.algorithm, self._signing_algorithm = _SPECS[spec]
        self._arn: str = response["KeyId"]
        self._public_key_pem = encode_pem("PUBLIC KEY", response["PublicKey"])

    def __repr__(self) -> str:
        if not hasattr(self, "_arn"):  # in the report of an error of __init__
            return "<PrivateKey kms, not loaded yet>"
        return f"<PrivateKey {self.algorithm} kms {hide_account(self._arn)}>"

    def sign(self, message: bytes, hash_algorithm: HashAlgorithm) -> bytes:
        """
        Sign in KMS: PKCS#1 v1.5 for RSA (RFC 8017, section 8.2), ASN.1 DER for ECDSA.

        The message is hashed locally, because KMS accepts at most 4096 bytes and a policy may be
        longer. The signature is not verified: the key behind an ARN never changes, KMS protects
        its modules against faults, and TLS protects the connection.

        Raises:
            SigningKeyError: The hash algorithm is not SHA256.
            KeyUnavailableError: KMS is temporarily unable to sign.
        """
        if hash_algorithm not in self.hash_algorithms:
            raise SigningKeyError(
                f"AWS KMS does not sign with {describe_value(hash_algorithm)}",
                hint='sign with hash_algorithm="SHA256"',
            )
        response = self._resource.call(
            "sign",
            in_use=True,
            KeyId=self._arn,
            Message=hashlib.sha256(message).digest(),
            MessageType="DIGEST",
            SigningAlgorithm=self._signing_algorithm,
        )
        signature = response.pop("Signature", None)
        if isinstance(signature, bytes) and signature:
            return signature
        del signature  # error reports print the variables of a frame that raises
        raise self._resource.build_response_error()

    def public_key_pem(self) -> str:
        """Return the public key as PEM, SubjectPublicKeyInfo (RFC 5280, section 4.1)."""
        return self._public_key_pem
