"""A mistake that explains a refusal: what it is, how it shows, and how to hint it."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from cfsign.checking.verdict import Reason


class Mistake(enum.Enum):
    """
    What can be wrong with a signed URL or signed cookies.

    The value is a name that stays the same from version to version, for machines.
    """

    # The request
    UNENCODED_URL = "unencoded-url"
    FRAGMENT = "fragment"
    NOT_A_URL = "not-a-url"
    TOO_LONG = "too-long"
    HTML_ESCAPED = "html-escaped"
    SECOND_QUESTION_MARK = "second-question-mark"
    PARAMETER_NAME = "parameter-name"
    PARAMETER_TWICE = "parameter-twice"
    NOT_SIGNED = "not-signed"
    S3_PRESIGNED = "s3-presigned"
    UNUSABLE_ARGUMENT = "unusable-argument"
    # Cookies
    COOKIES_IGNORED = "cookies-ignored"
    COOKIE_MISSING = "cookie-missing"
    COOKIE_NAME = "cookie-name"
    COOKIE_TWICE = "cookie-twice"
    COOKIES_NOT_SENT = "cookies-not-sent"
    # Keys
    NO_PUBLIC_KEY = "no-public-key"
    UNUSABLE_KEYS = "unusable-keys"
    KEY_GROUP_ID = "key-group-id"
    ACCESS_KEY_ID = "access-key-id"
    KEY_ID_UNSET = "key-id-unset"
    KEY_ID_MALFORMED = "key-id-malformed"
    KEY_ID_MISSING = "key-id-missing"
    UNKNOWN_KEY = "unknown-key"
    WRONG_KEY = "wrong-key"
    NO_KEY_VERIFIES = "no-key-verifies"
    # The signature
    STANDARD_BASE64 = "standard-base64"
    URL_SAFE_BASE64 = "url-safe-base64"
    LOST_PADDING = "lost-padding"
    PERCENT_ENCODED = "percent-encoded"
    LINE_BREAKS = "line-breaks"
    SIGNATURE_CUT = "signature-cut"
    SIGNATURE_MISSING = "signature-missing"
    NOT_BASE64 = "not-base64"
    HASH_ALGORITHM = "hash-algorithm"
    HASH_MARKER_MISSING = "hash-marker-missing"
    HASH_MARKER_WRONG = "hash-marker-wrong"
    KEY_KIND = "key-kind"
    RAW_ECDSA = "raw-ecdsa"
    OTHER_SCHEME = "other-scheme"
    HASHED_TWICE = "hashed-twice"
    # The policy
    POLICY_MISSING = "policy-missing"
    TWO_POLICIES = "two-policies"
    NOT_JSON = "not-json"
    STATEMENT_OBJECT = "statement-object"
    STATEMENT_COUNT = "statement-count"
    NO_DATE_LESS_THAN = "no-date-less-than"
    MEMBER_UNKNOWN = "member-unknown"
    MEMBER_TWICE = "member-twice"
    POLICY_SHAPE = "policy-shape"
    POLICY_TOO_LONG = "policy-too-long"
    POLICY_WHITE_SPACE = "policy-white-space"
    POLICY_ORDER = "policy-order"
    POLICY_REWRITTEN = "policy-rewritten"
    JSON_ESCAPED = "json-escaped"
    WILDCARD_IN_CANNED = "wildcard-in-canned"
    # Times
    MILLISECONDS = "milliseconds"
    NOT_EPOCH_SECONDS = "not-epoch-seconds"
    QUOTED_NUMBER = "quoted-number"
    DURATION_FOR_TIMESTAMP = "duration-for-timestamp"
    SECONDS_FOR_MILLISECONDS = "seconds-for-milliseconds"
    EXPIRED = "expired"
    NEVER_VALID = "never-valid"
    NOT_YET_VALID = "not-yet-valid"
    CLOCK = "clock"
    # The URL that was signed
    SCHEME = "scheme"
    HOST = "host"
    ORIGIN_URL = "origin-url"
    PORT = "port"
    RELATIVE_URL = "relative-url"
    WITHOUT_QUERY = "without-query"
    PARAMETER_ADDED = "parameter-added"
    PARAMETER_DROPPED = "parameter-dropped"
    PARAMETERS_REORDERED = "parameters-reordered"
    QUERY_REWRITTEN = "query-rewritten"
    PLUS_OR_SPACE = "plus-or-space"
    APOSTROPHE = "apostrophe"
    TILDE = "tilde"
    HEX_CASE = "hex-case"
    RE_ENCODED = "re-encoded"
    UNENCODED = "unencoded"
    ENCODED_TWICE = "encoded-twice"
    TRAILING_SLASH = "trailing-slash"
    PATH_REWRITTEN = "path-rewritten"
    RESOURCE = "resource"
    # The viewer's address
    VIEWER_ADDRESS = "viewer-address"
    VIEWER_ADDRESS_UNKNOWN = "viewer-address-unknown"
    IPV6 = "ipv6"
    PROXY_ADDRESS = "proxy-address"
    # What the answer that was received tells
    S3_RESPONSE = "s3-response"
    NOT_RESTRICTED = "not-restricted"
    KEY_GROUP_NOT_ATTACHED = "key-group-not-attached"
    BLOCKED = "blocked"
    OTHER_STATUS = "other-status"
    RESPONSE_DIFFERS = "response-differs"


@dataclass(frozen=True, slots=True)
class Cause:
    """
    One mistake in a request; `str` of it is the sentence that a person reads.

    Attributes:
        mistake: Which mistake.
        reason: The rule of the edge that it breaks.
        message: What is wrong, as a sentence without its full stop.
        hint: What to do, as the rest of that sentence.
        evidence: What shows it, often several lines for a fixed-width font; "" where the message
            says all.
        certain: Whether a signature or a rule proves it; if not, it is likely at most.
    """

    mistake: Mistake
    reason: Reason
    message: str
    hint: str
    evidence: str = ""
    certain: bool = True

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}."
