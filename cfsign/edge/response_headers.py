"""
A response headers policy: the headers that CloudFront adds to an origin's responses and removes.

The policy is read from the JSON that `aws cloudfront create-response-headers-policy` accepts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cfsign.edge.behaviors import METHODS
from cfsign.edge.cors import CORS
from cfsign.edge.request import ViewerRequest
from cfsign.edge.responses import Headers
from cfsign.errors import ConfigurationError

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.1
_VALUE = re.compile(r"[ -~]*")


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
            ConfigurationError: A member is unknown, missing or of the wrong type.
        """
        for wrapper in ("ResponseHeadersPolicy", "ResponseHeadersPolicyConfig"):
            if isinstance(config, Mapping) and wrapper in config:
                config = config[wrapper]
        members = _Members(config, "the response headers policy")
        members.get("Name", str, "")
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
    added = cors.build_headers(request)
    others = [pair for pair in headers if not pair[0].lower().startswith("access-control-")]
    # The origin's CORS headers are used as a whole or not at all, never mixed with the policy's.
    if not added or (len(others) < len(headers) and not cors.override):
        return headers
    return [*others, *added]


class _Members:
    """The members of a JSON object. Each is read by name and type; unknown ones are refused."""

    def __init__(self, value: object, name: str) -> None:
        if not isinstance(value, Mapping):
            raise ConfigurationError(f"{name} must be a JSON object")
        self._unread = dict(value)
        self._name = name

    def get(self, member: str, kind: type[Any], default: Any = None) -> Any:
        """Return a member; without a default it is required."""
        value = self._unread.pop(member, default)
        if value is None and default is None:
            raise ConfigurationError(f"{self._name} has no {member}")
        # `isinstance` would accept True as an int.
        if type(value) is not kind:
            raise ConfigurationError(f"{member} in {self._name} must be of type {kind.__name__}")
        if kind is str and _VALUE.fullmatch(value) is None:
            raise ConfigurationError(f"{member} in {self._name} must be one line of visible ASCII")
        return value

    def get_optional(self, member: str, kind: type[Any]) -> Any:
        """Return a member, or None if it is missing."""
        return self.get(member, kind) if self._unread.get(member) is not None else None

    def get_object(self, member: str) -> _Members | None:
        """Return a member that is an object, or None if it is missing."""
        value = self._unread.pop(member, None)
        return None if value is None else _Members(value, member)

    def get_items(self, member: str) -> list[Any]:
        """Return the Items of a list in AWS's form, which also gives their Quantity."""
        inner = self.get_object(member)
        if inner is None:
            return []
        items: list[Any] = inner.get("Items", list, [])
        if inner.get("Quantity", int, len(items)) != len(items):
            raise ConfigurationError(f"Quantity in {member} must be the number of its Items")
        inner.refuse_unknown()
        return items

    def get_texts(self, member: str) -> tuple[str, ...]:
        """Return the Items of a list of strings."""
        items = self.get_items(member)
        for item in items:
            if not isinstance(item, str) or _VALUE.fullmatch(item) is None:
                raise ConfigurationError(f"the Items of {member} must be lines of visible ASCII")
        return tuple(items)

    def get_header_name(self) -> str:
        """Return the member `Header`."""
        name: str = self.get("Header", str)
        if _NAME.fullmatch(name) is None:
            raise ConfigurationError(f"{name!r} is not the name of a header")
        return name

    def refuse_unknown(self) -> None:
        """Raise ConfigurationError if a member was not read."""
        for member in self._unread:
            raise ConfigurationError(f"{self._name} has an unknown member: {member!r}")


def _read_custom_headers(config: _Members) -> Iterator[Header]:
    for item in config.get_items("CustomHeadersConfig"):
        members = _Members(item, "an item of CustomHeadersConfig")
        name, value = members.get_header_name(), members.get("Value", str)
        yield Header(name, value, members.get("Override", bool))
        members.refuse_unknown()


def _read_removed_names(config: _Members) -> Iterator[str]:
    for item in config.get_items("RemoveHeadersConfig"):
        members = _Members(item, "an item of RemoveHeadersConfig")
        yield members.get_header_name().lower()
        members.refuse_unknown()


def _read_cors(config: _Members) -> CORS | None:
    members = config.get_object("CorsConfig")
    if members is None:
        return None
    methods = members.get_texts("AccessControlAllowMethods")
    cors = CORS(
        origins=members.get_texts("AccessControlAllowOrigins"),
        methods=METHODS if "ALL" in methods else methods,
        headers=members.get_texts("AccessControlAllowHeaders"),
        exposed=members.get_texts("AccessControlExposeHeaders"),
        credentials=members.get("AccessControlAllowCredentials", bool),
        max_age=members.get_optional("AccessControlMaxAgeSec", int),
        override=members.get("OriginOverride", bool),
    )
    members.refuse_unknown()
    return cors


def _read_security_headers(config: _Members) -> Iterator[Header]:
    security = config.get_object("SecurityHeadersConfig")
    if security is None:
        return
    for member, (name, read_value) in _SECURITY_HEADERS.items():
        members = security.get_object(member)
        if members is not None:
            yield Header(name, read_value(members), members.get("Override", bool))
            members.refuse_unknown()
    security.refuse_unknown()


def _read_transport_security(members: _Members) -> str:
    value = f"max-age={members.get('AccessControlMaxAgeSec', int)}"
    if members.get("IncludeSubdomains", bool, False):
        value += "; includeSubDomains"
    return f"{value}; preload" if members.get("Preload", bool, False) else value


def _read_xss_protection(members: _Members) -> str:
    value = "1" if members.get("Protection", bool) else "0"
    if members.get("ModeBlock", bool, False):
        value += "; mode=block"
    report = members.get("ReportUri", str, "")
    return f"{value}; report={report}" if report else value


_SECURITY_HEADERS: Mapping[str, tuple[str, Callable[[_Members], str]]] = {
    "ContentSecurityPolicy": (
        "Content-Security-Policy",
        lambda members: members.get("ContentSecurityPolicy", str),
    ),
    "ContentTypeOptions": ("X-Content-Type-Options", lambda _: "nosniff"),
    "FrameOptions": ("X-Frame-Options", lambda members: members.get("FrameOption", str)),
    "ReferrerPolicy": ("Referrer-Policy", lambda members: members.get("ReferrerPolicy", str)),
    "StrictTransportSecurity": ("Strict-Transport-Security", _read_transport_security),
    "XSSProtection": ("X-XSS-Protection", _read_xss_protection),
}
