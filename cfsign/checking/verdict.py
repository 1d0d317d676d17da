"""The response of a CloudFront edge to one request, and the reason for it."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Reason(enum.Enum):
    """
    The reason why a request is allowed or refused.

    CloudFront itself reports less: several of these share one of its five error codes.
    The value is a short phrase for a log.
    """

    ALLOWED = "allowed"
    UNUSABLE_REQUEST = "the URL, the cookies, the time or the address is invalid"
    DUPLICATE_PARAMETER = "a CloudFront parameter or cookie is given twice"
    MISSING_KEY = "no key pair id"
    MALFORMED_KEY_ID = "the key pair id is not letters and digits"
    UNKNOWN_KEY = "the key pair id is not in the trusted key group"
    AMBIGUOUS_POLICY = "the expiry and the policy name different times"
    HASH_ALGORITHM = "the hash algorithm is neither SHA1 nor SHA256"
    MALFORMED_SIGNATURE = "the signature is missing or is not CloudFront's base64"
    MALFORMED_POLICY = "the policy or the expiry is missing or cannot be read"
    SIGNATURE_MISMATCH = "the signature was not made by this key for this policy"
    RESOURCE_MISMATCH = "the policy is for another URL"
    EXPIRED = "the policy has expired"
    NOT_YET_VALID = "the policy is not valid yet"
    VIEWER_ADDRESS = "the policy is for another client address"


_ACCESS_DENIED = ("AccessDenied", "Access denied")
_MISSING_KEY = ("MissingKey", "Missing Key-Pair-Id query parameter or cookie value")

# The code and the message in CloudFront's error document, as observed; AWS does not list them.
# The code of an unusable, duplicate or ambiguous request is this project's choice.
_ERRORS = {
    Reason.UNUSABLE_REQUEST: _ACCESS_DENIED,
    Reason.DUPLICATE_PARAMETER: _ACCESS_DENIED,
    Reason.MISSING_KEY: _MISSING_KEY,
    Reason.MALFORMED_KEY_ID: _MISSING_KEY,
    Reason.UNKNOWN_KEY: ("InvalidKey", "Unknown Key"),
    Reason.AMBIGUOUS_POLICY: _ACCESS_DENIED,
    Reason.HASH_ALGORITHM: _ACCESS_DENIED,
    Reason.MALFORMED_SIGNATURE: ("MalformedSignature", "Could not unencode Signature"),
    Reason.MALFORMED_POLICY: ("MalformedPolicy", "Malformed Policy"),
    Reason.SIGNATURE_MISMATCH: _ACCESS_DENIED,
    Reason.RESOURCE_MISMATCH: _ACCESS_DENIED,
    Reason.EXPIRED: _ACCESS_DENIED,
    Reason.NOT_YET_VALID: _ACCESS_DENIED,
    Reason.VIEWER_ADDRESS: _ACCESS_DENIED,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    The result of checking one request.

    A verdict is true if the request is allowed. It prints as the response and its reason:
    `403 AccessDenied: the policy has expired`.

    Attributes:
        reason: Why the request is allowed or refused. Everything else follows from it.
    """

    reason: Reason

    @property
    def allowed(self) -> bool:
        """True if CloudFront serves the file."""
        return self.reason is Reason.ALLOWED

    @property
    def code(self) -> str | None:
        """CloudFront's error code, such as "AccessDenied"; None if allowed."""
        return None if self.allowed else _ERRORS[self.reason][0]

    @property
    def message(self) -> str | None:
        """CloudFront's error message, such as "Access denied"; None if allowed."""
        return None if self.allowed else _ERRORS[self.reason][1]

    def __str__(self) -> str:
        status = "200" if self.allowed else f"403 {self.code}"
        return f"{status}: {self.reason.value}"

    def __bool__(self) -> bool:
        # A refusal that counted as true would hand out files in `if group.check(url):`.
        return self.allowed
