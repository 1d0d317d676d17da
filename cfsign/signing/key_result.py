"""Check what the `sign` of a private key returned: sites may bring their own keys."""

from __future__ import annotations

import inspect

from cfsign.errors import SigningKeyError
from cfsign.keys import AsyncPrivateKey, PrivateKey

# The bytes of P-256's r and s, 32 each, without DER around them.
_RAW_ECDSA = 64


def check_signature(signature: object, key: PrivateKey | AsyncPrivateKey) -> bytes:
    """
    Return *signature*, the result of `key.sign`, if its form is that of a signature.

    Raises:
        SigningKeyError: It is not bytes, or not in the form that CloudFront reads.
    """
    if isinstance(signature, bytes) and signature:
        if len(signature) != _RAW_ECDSA or not _is_raw_ecdsa(signature, key):
            return signature
        error = SigningKeyError(
            f"sign of a {type(key).__name__} returned r and s next to each other, the "
            "ECDSA format of PKCS#11 and JWS; CloudFront needs ASN.1 DER (RFC 3279)",
            hint="return encode_dss_signature(r, s) of the cryptography package",
        )
    elif inspect.isawaitable(signature):
        if inspect.iscoroutine(signature):
            signature.close()  # else Python would warn later that it was never awaited
        error = SigningKeyError(
            "the private key signs asynchronously",
            hint="await sign_policy_async, or use an async view",
        )
    else:
        error = SigningKeyError(
            f"sign of a {type(key).__name__} must return the raw signature as bytes, "
            f"got {_describe(signature)}"
        )
    del signature  # error reports print the variables of a frame that raises
    raise error


def _is_raw_ecdsa(signature: bytes, key: PrivateKey | AsyncPrivateKey) -> bool:
    """Return False for DER of 64 bytes, and for RSA of 512 bits, as tests have."""
    is_der = signature[:2] == bytes((0x30, _RAW_ECDSA - 2))
    is_rsa = str(getattr(key, "algorithm", "")).startswith("RSA")
    return not is_der and not is_rsa


def _describe(value: object) -> str:
    """Return the type of a value, never the value, which may be secret."""
    if isinstance(value, type):
        return f"the class {value.__name__} itself"
    if isinstance(value, bytes):
        return "empty bytes"
    return type(value).__name__
