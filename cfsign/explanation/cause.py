"""A mistake that explains a refusal: what is wrong, the evidence, and the fix."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from cfsign.checking.verdict import Reason


class Mistake(enum.Enum):
    """
    A mistake with a signed URL or signed cookies.

    The value is a name for programs; it stays the same in later versions. Each comment names the
    file in `cfsign/explanation/` that finds the mistakes below it.
    """

    # rules/request.py
    S3_HOST = "s3-host"
    UNENCODED_URL = "unencoded-url"
    FRAGMENT = "fragment"
    NOT_A_URL = "not-a-url"
    TOO_LONG = "too-long"
    SECOND_QUESTION_MARK = "second-question-mark"
    PARAMETER_NAME = "parameter-name"
    PARAMETER_TWICE = "parameter-twice"
    CUT_AT_AMPERSAND = "cut-at-ampersand"
    NOT_SIGNED = "not-signed"
    SEGMENT_NOT_SIGNED = "segment-not-signed"
    S3_PRESIGNED = "s3-presigned"
    UNUSABLE_ARGUMENT = "unusable-argument"
    # rules/copies.py
    HTML_ESCAPED = "html-escaped"
    JSON_SOURCE = "json-source"
    SHELL_ESCAPED = "shell-escaped"
    QUOTED_PRINTABLE = "quoted-printable"
    QUERY_ENCODED = "query-encoded"
    # rules/cookies.py
    COOKIES_IGNORED = "cookies-ignored"
    COOKIE_MISSING = "cookie-missing"
    COOKIE_NAME = "cookie-name"
    COOKIE_QUOTED = "cookie-quoted"
    COOKIE_WRAPPED = "cookie-wrapped"
    COOKIE_TWICE = "cookie-twice"
    COOKIES_NOT_SENT = "cookies-not-sent"
    # rules/keys.py
    NO_PUBLIC_KEY = "no-public-key"
    UNUSABLE_KEYS = "unusable-keys"
    KEY_GROUP_ID = "key-group-id"
    ACCESS_KEY_ID = "access-key-id"
    KEY_ID_UNSET = "key-id-unset"
    KEY_ID_MALFORMED = "key-id-malformed"
    KEY_ID_MISSING = "key-id-missing"
    UNKNOWN_KEY = "unknown-key"
    # base64_variants.py: in the signature or in the policy
    STANDARD_BASE64 = "standard-base64"
    URL_SAFE_BASE64 = "url-safe-base64"
    LOST_PADDING = "lost-padding"
    PERCENT_ENCODED = "percent-encoded"
    LINE_BREAKS = "line-breaks"
    HEXADECIMAL = "hexadecimal"
    BASE64_TWICE = "base64-twice"
    # rules/signature.py
    WRONG_KEY = "wrong-key"
    OTHER_DOCUMENT = "other-document"
    NO_KEY_VERIFIES = "no-key-verifies"
    SIGNATURE_MISSING = "signature-missing"
    NOT_BASE64 = "not-base64"
    HASH_ALGORITHM = "hash-algorithm"
    HASH_MARKER_MISSING = "hash-marker-missing"
    HASH_MARKER_WRONG = "hash-marker-wrong"
    KEY_KIND = "key-kind"
    RAW_ECDSA = "raw-ecdsa"
    OTHER_SCHEME = "other-scheme"
    # rules/signature_length.py
    SIGNATURE_CUT = "signature-cut"
    SIGNATURE_LENGTH = "signature-length"
    # rules/policy.py
    POLICY_MISSING = "policy-missing"
    TWO_POLICIES = "two-policies"
    OTHER_POLICY = "other-policy"
    NOT_JSON = "not-json"
    STATEMENT_OBJECT = "statement-object"
    STATEMENT_COUNT = "statement-count"
    NO_DATE_LESS_THAN = "no-date-less-than"
    MEMBER_UNKNOWN = "member-unknown"
    MEMBER_TWICE = "member-twice"
    POLICY_SHAPE = "policy-shape"
    POLICY_TOO_LONG = "policy-too-long"
    # candidates/documents.py: another policy was signed than the one that was sent
    HASHED_TWICE = "hashed-twice"
    POLICY_WHITE_SPACE = "policy-white-space"
    POLICY_ORDER = "policy-order"
    POLICY_REWRITTEN = "policy-rewritten"
    JSON_ESCAPED = "json-escaped"
    # rules/times.py
    VALUE_UNSET = "value-unset"
    MILLISECONDS = "milliseconds"
    NOT_EPOCH_SECONDS = "not-epoch-seconds"
    QUOTED_NUMBER = "quoted-number"
    DURATION_FOR_TIMESTAMP = "duration-for-timestamp"
    SECONDS_FOR_MILLISECONDS = "seconds-for-milliseconds"
    EXPIRED = "expired"
    NEVER_VALID = "never-valid"
    NOT_YET_VALID = "not-yet-valid"
    CLOCK = "clock"
    # candidates/locations.py: another URL was signed than the one requested
    WILDCARD_IN_CANNED = "wildcard-in-canned"
    SCHEME = "scheme"
    HOST = "host"
    ORIGIN_URL = "origin-url"
    PORT = "port"
    RELATIVE_URL = "relative-url"
    TRAILING_SLASH = "trailing-slash"
    PATH_REWRITTEN = "path-rewritten"
    # candidates/queries.py
    WITHOUT_QUERY = "without-query"
    PARAMETER_ADDED = "parameter-added"
    PARAMETERS_REORDERED = "parameters-reordered"
    QUERY_REWRITTEN = "query-rewritten"
    # candidates/percent_encoding.py
    PLUS_OR_SPACE = "plus-or-space"
    APOSTROPHE = "apostrophe"
    TILDE = "tilde"
    HEX_CASE = "hex-case"
    RE_ENCODED = "re-encoded"
    UNENCODED = "unencoded"
    ENCODED_TWICE = "encoded-twice"
    # rules/resource.py
    PARAMETER_DROPPED = "parameter-dropped"
    RESOURCE = "resource"
    # rules/address.py
    VIEWER_ADDRESS = "viewer-address"
    VIEWER_ADDRESS_UNKNOWN = "viewer-address-unknown"
    IPV6 = "ipv6"
    PROXY_ADDRESS = "proxy-address"
    # rules/s3.py
    S3_RESPONSE = "s3-response"
    S3_SIGNATURE = "s3-signature"
    S3_REGION = "s3-region"
    S3_ENCRYPTION = "s3-encryption"
    NOT_RESTRICTED = "not-restricted"
    # rules/response.py
    KEY_GROUP_NOT_ATTACHED = "key-group-not-attached"
    DISTRIBUTION_IN_FRONT = "distribution-in-front"
    NAME_NOT_ATTACHED = "name-not-attached"
    BLOCKED = "blocked"
    OTHER_STATUS = "other-status"
    RESPONSE_DIFFERS = "response-differs"


@dataclass(frozen=True, slots=True)
class Cause:
    """
    One mistake in a request. Its `str` is one sentence with the mistake and the fix.

    Attributes:
        mistake: Which mistake.
        reason: The edge's reason for refusing such a request.
        message: What is wrong, without a full stop.
        hint: How to fix it, without a full stop.
        evidence: What shows the mistake, or "". It can have several lines, for a fixed-width font.
        certain: True if a signature or a rule proves it; False if it is a guess.
    """

    mistake: Mistake
    reason: Reason
    message: str
    hint: str
    evidence: str = ""
    certain: bool = True

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}."
