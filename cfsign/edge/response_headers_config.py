"""A response-headers policy as the AWS command line writes and takes it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from cfsign.edge.cors import CORS, METHODS
from cfsign.edge.json_members import Members
from cfsign.errors import ConfigurationError

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.1

Reader: TypeAlias = Callable[[Members], Any]


@dataclass(frozen=True, slots=True)
class Header:
    """
    A header that the edge adds.

    Attributes:
        name: Its name.
        value: Its value.
        override: Whether it takes the place of the origin's own.
    """

    name: str
    value: str
    override: bool


class Config(NamedTuple):
    """What such a document says; each is as in `ResponseHeadersPolicy`."""

    headers: tuple[Header, ...]
    removed: frozenset[str]
    cors: CORS | None


def read_config(config: object) -> Config:
    """
    Read a `ResponseHeadersPolicyConfig`.

    Args:
        config: The document, parsed; it may be wrapped as `get-response-headers-policy` prints it.

    Raises:
        ConfigurationError: A member is unknown, missing or of the wrong type.
    """
    for wrapper in ("ResponseHeadersPolicy", "ResponseHeadersPolicyConfig"):
        if isinstance(config, Mapping) and wrapper in config:
            config = config[wrapper]
    members = Members(config, "the response-headers policy")
    members.get("Name", str, "")
    members.get("Comment", str, "")
    timing = members.inner("ServerTimingHeadersConfig")
    if timing is not None and timing.get("Enabled", bool):
        raise ConfigurationError(
            "ServerTimingHeadersConfig is not played here: set its Enabled to false"
        )
    read = Config(
        headers=(*_custom(members), *_security(members)),
        removed=frozenset(_removed(members)),
        cors=_cors(members),
    )
    members.refuse_others()
    return read


def _header_name(members: Members) -> str:
    name: str = members.get("Header", str)
    if _NAME.fullmatch(name) is None:
        raise ConfigurationError(f"{name!r} is not the name of a header")
    return name


def _custom(config: Members) -> Iterator[Header]:
    for item in config.items("CustomHeadersConfig"):
        members = Members(item, "an item of CustomHeadersConfig")
        name, value = _header_name(members), members.get("Value", str)
        yield Header(name, value, members.get("Override", bool))
        members.refuse_others()


def _removed(config: Members) -> Iterator[str]:
    for item in config.items("RemoveHeadersConfig"):
        members = Members(item, "an item of RemoveHeadersConfig")
        yield _header_name(members).lower()
        members.refuse_others()


def _cors(config: Members) -> CORS | None:
    members = config.inner("CorsConfig")
    if members is None:
        return None
    methods = members.texts("AccessControlAllowMethods")
    cors = CORS(
        origins=members.texts("AccessControlAllowOrigins"),
        methods=METHODS if "ALL" in methods else methods,
        headers=members.texts("AccessControlAllowHeaders"),
        exposed=members.texts("AccessControlExposeHeaders"),
        credentials=members.get("AccessControlAllowCredentials", bool),
        max_age=members.optional("AccessControlMaxAgeSec", int),
        override=members.get("OriginOverride", bool),
    )
    members.refuse_others()
    return cors


def _security(config: Members) -> Iterator[Header]:
    security = config.inner("SecurityHeadersConfig")
    if security is None:
        return
    for member, (name, read) in _SECURITY_HEADERS.items():
        members = security.inner(member)
        if members is not None:
            yield Header(name, read(members), members.get("Override", bool))
            members.refuse_others()
    security.refuse_others()


def _transport_security(members: Members) -> str:
    value = f"max-age={members.get('AccessControlMaxAgeSec', int)}"
    if members.get("IncludeSubdomains", bool, False):
        value += "; includeSubDomains"
    return f"{value}; preload" if members.get("Preload", bool, False) else value


def _xss_protection(members: Members) -> str:
    value = "1" if members.get("Protection", bool) else "0"
    if members.get("ModeBlock", bool, False):
        value += "; mode=block"
    report = members.get("ReportUri", str, "")
    return f"{value}; report={report}" if report else value


def _text(member: str) -> Reader:
    return lambda members: members.get(member, str)


_SECURITY_HEADERS: Mapping[str, tuple[str, Reader]] = {
    "ContentSecurityPolicy": ("Content-Security-Policy", _text("ContentSecurityPolicy")),
    "ContentTypeOptions": ("X-Content-Type-Options", lambda _: "nosniff"),
    "FrameOptions": ("X-Frame-Options", _text("FrameOption")),
    "ReferrerPolicy": ("Referrer-Policy", _text("ReferrerPolicy")),
    "StrictTransportSecurity": ("Strict-Transport-Security", _transport_security),
    "XSSProtection": ("X-XSS-Protection", _xss_protection),
}
