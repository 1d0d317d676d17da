"""
A response headers policy: the headers that CloudFront adds to an origin's responses and removes.

The policy is read from the JSON that `aws cloudfront create-response-headers-policy` accepts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from cfsign.edge.behaviors import METHODS
from cfsign.edge.cors import CORS
from cfsign.edge.members import HEADER_NAME, Members
from cfsign.edge.request import ViewerRequest
from cfsign.edge.responses import Headers
from cfsign.errors import ConfigurationError

# AWS, "Understand response headers policies": the values that the API accepts, and the headers
# that it does not remove.
_FRAME_OPTIONS = ("DENY", "SAMEORIGIN")
_REFERRER_POLICIES = (
    "no-referrer",
    "no-referrer-when-downgrade",
    "origin",
    "origin-when-cross-origin",
    "same-origin",
    "strict-origin",
    "strict-origin-when-cross-origin",
    "unsafe-url",
)
_MAX_CONTENT_SECURITY_POLICY = 1_783
_NOT_REMOVABLE = re.compile(
    "connection|content-encoding|content-length|expect|host|keep-alive|proxy-authenticate|"
    "proxy-authorization|proxy-connection|trailer|transfer-encoding|upgrade|via|warning|"
    "x-accel-(buffering|charset|limit-rate|redirect)|x-amz-cf-.*|x-amzn-(auth|cf-billing|cf-id|"
    "cf-xff|errortype|fle-profile|header-count|header-order|lambda-integration-tag|requestid)|"
    "x-edge-.*|x-forwarded-proto|x-real-ip",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Header:
    """
    A header that the edge adds.

    Attributes:
        name: The name.
        value: The value.
        override: True to replace the same header of the origin's response.
    """

    name: str
    value: str
    override: bool


@dataclass(frozen=True, slots=True)
class ResponseHeadersPolicy:
    """
    The headers to add to an origin's responses and to remove from them.

    The edge's own refusals are not changed: CloudFront applies a policy only to responses from the
    origin (AWS, "Add or remove HTTP headers in CloudFront responses with a policy"). A script of
    another origin therefore cannot read a 403, nor distinguish it from a network error.

    Attributes:
        headers: The headers to add.
        removed: The names of the headers to remove, in lower case.
        cors: The permissions of scripts from other origins; None leaves CORS to the origin.
    """

    headers: tuple[Header, ...] = ()
    removed: frozenset[str] = frozenset()
    cors: CORS | None = None

    @classmethod
    def from_config(cls, config: object) -> ResponseHeadersPolicy:
        """
        Build the policy from a `ResponseHeadersPolicyConfig`.

        Args:
            config: The parsed JSON document, also in the form that
                `aws cloudfront get-response-headers-policy` prints.

        Raises:
            ConfigurationError: A member is unknown, missing or of the wrong type, or has a value
                that the API refuses.
        """
        for wrapper in ("ResponseHeadersPolicy", "ResponseHeadersPolicyConfig"):
            if isinstance(config, Mapping) and wrapper in config:
                config = config[wrapper]
        members = Members(config, "the response headers policy")
        members.get("Name", str)
        members.get("Comment", str, "")
        timing = members.get_object("ServerTimingHeadersConfig")
        if timing is not None and timing.get("Enabled", bool):
            raise ConfigurationError(
                "ServerTimingHeadersConfig is not supported by the local edge",
                hint="set its Enabled to false",
            )
        policy = cls(
            headers=(*_read_custom_headers(members), *_read_security_headers(members)),
            removed=frozenset(_read_removed_names(members)),
            cors=_read_cors(members),
        )
        members.refuse_unknown()
        return policy

    def apply(self, request: ViewerRequest, headers: Headers) -> Headers:
        """Return an origin's *headers* as the client receives them."""
        result = [(name, value) for name, value in headers if name.lower() not in self.removed]
        for header in self.headers:
            others = [pair for pair in result if pair[0].lower() != header.name.lower()]
            if header.override or len(others) == len(result):
                result = [*others, (header.name, header.value)]
        return result if self.cors is None else _add_cors(result, self.cors, request)


# AWS's managed policy "CORS-With-Preflight".
ANY_ORIGIN = ResponseHeadersPolicy(cors=CORS(exposed=("*",)))


def _add_cors(headers: Headers, cors: CORS, request: ViewerRequest) -> Headers:
    others = [pair for pair in headers if not pair[0].lower().startswith("access-control-")]
    added = cors.build_headers(request, others)
    # The origin's CORS headers are used as a whole or not at all, never mixed with the policy's.
    if not added or (len(others) < len(headers) and not cors.override):
        return headers
    return [*others, *added]


def _read_custom_headers(config: Members) -> Iterator[Header]:
    for item in config.get_items("CustomHeadersConfig"):
        members = Members(item, "an item of CustomHeadersConfig")
        name, value = members.get_header_name(), members.get("Value", str)
        yield Header(name, value, members.get("Override", bool))
        members.refuse_unknown()


def _read_removed_names(config: Members) -> Iterator[str]:
    for item in config.get_items("RemoveHeadersConfig"):
        members = Members(item, "an item of RemoveHeadersConfig")
        name = members.get_header_name().lower()
        if _NOT_REMOVABLE.fullmatch(name) is not None:
            raise ConfigurationError(f"CloudFront cannot remove the header {name!r}")
        yield name
        members.refuse_unknown()


def _read_cors(config: Members) -> CORS | None:
    members = config.get_object("CorsConfig")
    if members is None:
        return None
    methods = members.get_texts("AccessControlAllowMethods")
    if not methods or not {"ALL", *METHODS}.issuperset(methods):
        raise ConfigurationError(
            f"AccessControlAllowMethods cannot be {', '.join(methods) or 'empty'}",
            hint=f"use ALL, or some of {', '.join(METHODS)}",
        )
    cors = CORS(
        origins=members.get_texts("AccessControlAllowOrigins"),
        methods=METHODS if "ALL" in methods else methods,
        headers=members.get_texts("AccessControlAllowHeaders"),
        exposed=members.get_texts("AccessControlExposeHeaders"),
        credentials=members.get("AccessControlAllowCredentials", bool),
        max_age=(
            members.get_seconds("AccessControlMaxAgeSec")
            if members.has("AccessControlMaxAgeSec")
            else None
        ),
        override=members.get("OriginOverride", bool),
    )
    if not cors.origins or not cors.headers:
        raise ConfigurationError(
            "AccessControlAllowOrigins and AccessControlAllowHeaders cannot be empty"
        )
    for name in (*cors.headers, *cors.exposed):
        if HEADER_NAME.fullmatch(name) is None:
            raise ConfigurationError(f"{name!r} is not the name of a header")
    if cors.credentials and any("*" in name for name in cors.headers):
        # The API: "Access-Control-Allow-Headers cannot contain * when allowCredentials is true"
        # (aws/aws-cdk#35308).
        raise ConfigurationError(
            "AccessControlAllowHeaders cannot contain * if AccessControlAllowCredentials is true",
            hint="list the names of the headers",
        )
    members.refuse_unknown()
    return cors


def _read_security_headers(config: Members) -> Iterator[Header]:
    security = config.get_object("SecurityHeadersConfig")
    if security is None:
        return
    for member, (name, read_value) in _SECURITY_HEADERS.items():
        members = security.get_object(member)
        if members is not None:
            yield Header(name, read_value(members), members.get("Override", bool))
            members.refuse_unknown()
    security.refuse_unknown()


def _read_transport_security(members: Members) -> str:
    value = f"max-age={members.get_seconds('AccessControlMaxAgeSec')}"
    if members.get("IncludeSubdomains", bool, False):
        value += "; includeSubDomains"
    return f"{value}; preload" if members.get("Preload", bool, False) else value


def _read_xss_protection(members: Members) -> str:
    value = "1" if members.get("Protection", bool) else "0"
    is_blocked = members.get("ModeBlock", bool, False)
    report = members.get("ReportUri", str, "")
    if is_blocked and report:
        raise ConfigurationError("XSSProtection cannot have both ModeBlock and a ReportUri")
    if is_blocked:
        value += "; mode=block"
    return f"{value}; report={report}" if report else value


def _read_content_security_policy(members: Members) -> str:
    value: str = members.get("ContentSecurityPolicy", str)
    if len(value) > _MAX_CONTENT_SECURITY_POLICY:
        raise ConfigurationError(
            f"ContentSecurityPolicy has {len(value):,} characters; CloudFront accepts "
            f"{_MAX_CONTENT_SECURITY_POLICY:,}"
        )
    return value


_SECURITY_HEADERS: Mapping[str, tuple[str, Callable[[Members], str]]] = {
    "ContentSecurityPolicy": ("Content-Security-Policy", _read_content_security_policy),
    "ContentTypeOptions": ("X-Content-Type-Options", lambda _: "nosniff"),
    "FrameOptions": (
        "X-Frame-Options",
        lambda members: members.get_choice("FrameOption", _FRAME_OPTIONS),
    ),
    "ReferrerPolicy": (
        "Referrer-Policy",
        lambda members: members.get_choice("ReferrerPolicy", _REFERRER_POLICIES),
    ),
    "StrictTransportSecurity": ("Strict-Transport-Security", _read_transport_security),
    "XSSProtection": ("X-XSS-Protection", _read_xss_protection),
}
