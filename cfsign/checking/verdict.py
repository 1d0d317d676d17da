"""What a CloudFront edge answers to one request, and why."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import NamedTuple


class Reason(enum.Enum):
    """
    Why a request was let through or refused.

    CloudFront itself tells less: several of these share one of its five codes.
    The value is a short phrase for a log.
    """

    ALLOWED = "allowed"
    UNUSABLE_REQUEST = "the URL, the cookies, the time or the address is none that a request has"
    DUPLICATE_PARAMETER = "a CloudFront parameter or cookie is given twice"
    MISSING_KEY = "no key pair id"
    MALFORMED_KEY_ID = "the key pair id is not letters and digits"
    UNKNOWN_KEY = "the key pair id is not in the trusted key group"
    AMBIGUOUS_POLICY = "both an expiry and a policy are given"
    HASH_ALGORITHM = "the hash algorithm is neither SHA1 nor SHA256"
    MALFORMED_SIGNATURE = "the signature is missing or is not CloudFront's base64"
    MALFORMED_POLICY = "the policy or the expiry is missing or cannot be read"
    SIGNATURE_MISMATCH = "the signature was not made by this key over this policy"
    RESOURCE_MISMATCH = "the policy is for another URL"
    EXPIRED = "the policy has expired"
    NOT_YET_VALID = "the policy is not valid yet"
    VIEWER_ADDRESS = "the policy is for another viewer address"


class _Answer(NamedTuple):
    """The two elements of CloudFront's error document."""

    code: str
    message: str


_MISSING_KEY = _Answer("MissingKey", "Missing Key-Pair-Id query parameter or cookie value")
_INVALID_KEY = _Answer("InvalidKey", "Unknown Key")
_MALFORMED_SIGNATURE = _Answer("MalformedSignature", "Could not unencode Signature")
_MALFORMED_POLICY = _Answer("MalformedPolicy", "Malformed Policy")
_ACCESS_DENIED = _Answer("AccessDenied", "Access denied")

# Codes and messages as seen in CloudFront's answers. AWS documents no list of them, and which of
# them an unusable, duplicated or ambiguous request gets is this project's choice.
_ANSWERS = {
    Reason.UNUSABLE_REQUEST: _ACCESS_DENIED,
    Reason.DUPLICATE_PARAMETER: _ACCESS_DENIED,
    Reason.MISSING_KEY: _MISSING_KEY,
    Reason.MALFORMED_KEY_ID: _MISSING_KEY,
    Reason.UNKNOWN_KEY: _INVALID_KEY,
    Reason.AMBIGUOUS_POLICY: _ACCESS_DENIED,
    Reason.HASH_ALGORITHM: _ACCESS_DENIED,
    Reason.MALFORMED_SIGNATURE: _MALFORMED_SIGNATURE,
    Reason.MALFORMED_POLICY: _MALFORMED_POLICY,
    Reason.SIGNATURE_MISMATCH: _ACCESS_DENIED,
    Reason.RESOURCE_MISMATCH: _ACCESS_DENIED,
    Reason.EXPIRED: _ACCESS_DENIED,
    Reason.NOT_YET_VALID: _ACCESS_DENIED,
    Reason.VIEWER_ADDRESS: _ACCESS_DENIED,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    The answer to one request.

    All of it follows from the reason, so that no two parts of an answer can disagree.
    A verdict is true exactly when the request is allowed, and prints as the answer and its reason:
    `403 AccessDenied: the policy has expired`.

    Attributes:
        reason: Why the request was let through or refused.
    """

    reason: Reason

    @property
    def allowed(self) -> bool:
        """Whether the file may be served."""
        return self.reason is Reason.ALLOWED

    @property
    def code(self) -> str | None:
        """CloudFront's own code, such as "AccessDenied"; None when allowed."""
        return None if self.allowed else _ANSWERS[self.reason].code

    @property
    def message(self) -> str | None:
        """CloudFront's own message, such as "Access denied"; None when allowed."""
        return None if self.allowed else _ANSWERS[self.reason].message

    def __str__(self) -> str:
        answer = "200" if self.allowed else f"403 {self.code}"
        return f"{answer}: {self.reason.value}"

    def __bool__(self) -> bool:
        # A refusal that counted as true would hand out files in `if group.check(url):`.
        return self.allowed
