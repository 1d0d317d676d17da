"""Changes that a client might make to a signed URL, and CloudFront's error code for each."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from cfsign.demo.signed_url import SignedURL, decode
from cfsign.signing.signed_policy import encode

_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Tampering:
    """
    One change to a signed URL, of a canned or a custom policy.

    Attributes:
        description: A short description of the change.
        code: CloudFront's error code.
        change: Makes the change; the second argument is the unsigned URL of another file.
    """

    description: str
    code: str
    change: Callable[[SignedURL, str], SignedURL]

    def apply(self, signed: str, other: str) -> str:
        """Return the changed URL; *other* is the unsigned URL of another file."""
        return str(self.change(SignedURL.parse(signed), other))


def _change_signature(url: SignedURL, _: str) -> SignedURL:
    signature = url.get("Signature")
    # In the middle, because the last characters may hold only padding bits.
    middle = len(signature) // 2
    letter = "B" if signature[middle] == "A" else "A"
    return url.replace_param("Signature", signature[:middle] + letter + signature[middle + 1 :])


def _extend_expiry(url: SignedURL, _: str) -> SignedURL:
    def add_hour(seconds: re.Match[str]) -> str:
        return str(int(seconds[0]) + _HOUR)

    if url.get("Expires"):
        return url.replace_param("Expires", str(int(url.get("Expires")) + _HOUR))
    policy = decode(url.get("Policy")).decode()
    return url.replace_param("Policy", encode(re.sub(r"(?<=:)\d{10}", add_hour, policy).encode()))


def _use_for_another_file(url: SignedURL, other: str) -> SignedURL:
    return SignedURL(other, url.params)


def _use_unknown_key(url: SignedURL, _: str) -> SignedURL:
    return url.replace_param("Key-Pair-Id", "KUNKNOWN0000")


def _corrupt_signature(url: SignedURL, _: str) -> SignedURL:
    return url.replace_param("Signature", "!" + url.get("Signature")[1:])


def _corrupt_policy(url: SignedURL, _: str) -> SignedURL:
    return url.replace_param("Expires", "soon").replace_param("Policy", "soon")


def _remove_credential(url: SignedURL, _: str) -> SignedURL:
    return url.remove_credential()


#: At least one for each of CloudFront's error codes.
TAMPERINGS = (
    Tampering("one character of the signature changed", "AccessDenied", _change_signature),
    Tampering("expiry moved by an hour", "AccessDenied", _extend_expiry),
    Tampering("signature used for another file", "AccessDenied", _use_for_another_file),
    Tampering("unknown key pair id", "InvalidKey", _use_unknown_key),
    Tampering("signature that is not base64", "MalformedSignature", _corrupt_signature),
    Tampering("policy or expiry that is not valid", "MalformedPolicy", _corrupt_policy),
    Tampering("all signature parameters removed", "MissingKey", _remove_credential),
)
