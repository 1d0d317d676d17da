"""
A response-headers policy: what CloudFront adds to an origin's headers, and takes out of them.

It is read from the same JSON that `aws cloudfront create-response-headers-policy` takes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from cfsign.edge.answers import Headers
from cfsign.edge.request import ViewerRequest
from cfsign.errors import ConfigurationError

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.1
_VALUE = re.compile(r"[ -~]*")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

Reader: TypeAlias = Callable[["_Members"], Any]


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


@dataclass(frozen=True, slots=True)
class CORS:
    """
    What scripts of other origins may do (Fetch, "HTTP extensions").

    Attributes:
        origins: The origins, which may hold `*`.
        methods: The methods, for a preflight.
        headers: The names of request headers, for a preflight.
        exposed: The names of response headers that a script may read.
        credentials: Whether cookies may come along.
        max_age: For how many seconds a browser keeps a preflight's answer; None says nothing.
        override: Whether all this takes the place of the origin's own.
    """

    origins: tuple[str, ...] = ("*",)
    methods: tuple[str, ...] = _METHODS
    headers: tuple[str, ...] = ("*",)
    exposed: tuple[str, ...] = ()
    credentials: bool = False
    max_age: int | None = None
    override: bool = False

    def answer(self, request: ViewerRequest) -> Headers:
        """Return the headers for *request*: none where it is not one of these origins'."""
        allowed = self._allowed_origin(request.origin)
        if allowed is None:
            return []
        headers = [("Access-Control-Allow-Origin", allowed)]
        if allowed != "*":
            headers.append(("Vary", "Origin"))
        if self.credentials:
            headers.append(("Access-Control-Allow-Credentials", "true"))
        if not request.is_preflight:
            return headers + _listed("Access-Control-Expose-Headers", self.exposed)
        headers += _listed("Access-Control-Allow-Methods", self.methods)
        headers += _listed("Access-Control-Allow-Headers", self.headers)
        if self.max_age is not None:
            headers.append(("Access-Control-Max-Age", str(self.max_age)))
        return headers

    def _allowed_origin(self, origin: str | None) -> str | None:
        if origin is None or _VALUE.fullmatch(origin) is None:
            return None
        if "*" in self.origins:
            return "*"
        patterns = (re.escape(allowed).replace(r"\*", "[^/]*") for allowed in self.origins)
        return origin if any(re.fullmatch(pattern, origin) for pattern in patterns) else None


@dataclass(frozen=True, slots=True)
class ResponseHeadersPolicy:
    """
    What is added to an origin's headers, and taken out of them.

    The edge's own refusals have none of it: a policy is for the answers that come from the origin
    (AWS, "Add or remove HTTP headers in CloudFront responses with a policy"). So a script of
    another origin cannot read a 403, and cannot tell it from a network that is down.

    Attributes:
        headers: The headers to add.
        removed: The names of those to take out, in lower case.
        cors: What scripts of other origins may do; None leaves that to the origin.
    """

    headers: tuple[Header, ...] = ()
    removed: frozenset[str] = frozenset()
    cors: CORS | None = None

    @classmethod
    def from_config(cls, config: object) -> ResponseHeadersPolicy:
        """
        Read a `ResponseHeadersPolicyConfig`, as the AWS command line writes and takes it.

        Args:
            config: The document, parsed; it may be wrapped as `get-response-headers-policy`
                prints it.

        Raises:
            ConfigurationError: A member is unknown, missing or of the wrong type.
        """
        for wrapper in ("ResponseHeadersPolicy", "ResponseHeadersPolicyConfig"):
            if isinstance(config, Mapping) and wrapper in config:
                config = config[wrapper]
        members = _Members(config, "the response-headers policy")
        members.get("Name", str, "")
        members.get("Comment", str, "")
        timing = members.inner("ServerTimingHeadersConfig")
        if timing is not None and timing.get("Enabled", bool):
            raise ConfigurationError(
                "ServerTimingHeadersConfig is not played here: set its Enabled to false"
            )
        policy = cls(
            headers=(*_custom(members), *_security(members)),
            removed=frozenset(_removed(members)),
            cors=_cors(members),
        )
        members.refuse_others()
        return policy

    def apply(self, request: ViewerRequest, headers: Headers) -> Headers:
        """Return an origin's *headers* as the viewer gets them."""
        kept = [(name, value) for name, value in headers if name.lower() not in self.removed]
        for header in self.headers:
            kept = _added(kept, [(header.name, header.value)], header.override)
        return kept if self.cors is None else self._with_cors(kept, self.cors.answer(request))

    def _with_cors(self, headers: Headers, own: Headers) -> Headers:
        is_there = any(name.lower().startswith("access-control-") for name, _ in headers)
        if self.cors is None or not own or (is_there and not self.cors.override):
            return headers
        others = [pair for pair in headers if not pair[0].lower().startswith("access-control-")]
        return [*others, *own]


# AWS's managed policy "CORS-With-Preflight".
ANY_ORIGIN = ResponseHeadersPolicy(cors=CORS(exposed=("*",)))


def _listed(name: str, values: Iterable[str]) -> Headers:
    text = ", ".join(values)
    return [(name, text)] if text else []


def _added(headers: Headers, added: Headers, override: bool) -> Headers:
    names = {name.lower() for name, _ in added}
    others = [pair for pair in headers if pair[0].lower() not in names]
    return [*others, *added] if override or len(others) == len(headers) else headers


class _Members:
    """The members of one JSON object, each of which is asked for by name and type."""

    def __init__(self, value: object, name: str) -> None:
        if not isinstance(value, Mapping):
            raise ConfigurationError(f"{name} must be a JSON object")
        self._left = dict(value)
        self._name = name

    def get(self, member: str, kind: type[Any], default: Any = None) -> Any:
        """Return a member; without a default it must be there."""
        value = self._left.pop(member, default)
        if value is None and default is None:
            raise ConfigurationError(f"{self._name} has no {member}")
        # The type itself, since True is an int too.
        if type(value) is not kind:
            raise ConfigurationError(f"{member} in {self._name} must be of type {kind.__name__}")
        if kind is str and _VALUE.fullmatch(value) is None:
            raise ConfigurationError(f"{member} in {self._name} must be one line of visible ASCII")
        return value

    def optional(self, member: str, kind: type[Any]) -> Any:
        """Return a member, or None where it is not there."""
        return self.get(member, kind) if self._left.get(member) is not None else None

    def inner(self, member: str) -> _Members | None:
        """Return a member that is an object itself, or None where it is not there."""
        value = self._left.pop(member, None)
        return None if value is None else _Members(value, member)

    def items(self, member: str = "") -> list[Any]:
        """Return the Items of a list in AWS's form, which counts them too."""
        if member:
            inner = self.inner(member)
            return [] if inner is None else inner.items()
        items = self.get("Items", list, [])
        if self.get("Quantity", int, len(items)) != len(items):
            raise ConfigurationError(f"Quantity in {self._name} must be the number of its Items")
        self.refuse_others()
        return list(items)

    def texts(self, member: str) -> tuple[str, ...]:
        """Return the Items of a list that must be texts."""
        items = self.items(member)
        for item in items:
            if not isinstance(item, str) or _VALUE.fullmatch(item) is None:
                raise ConfigurationError(f"the Items of {member} must be lines of visible ASCII")
        return tuple(items)

    def refuse_others(self) -> None:
        """Refuse the object if anything in it was not asked for."""
        for member in self._left:
            raise ConfigurationError(f"{self._name} has a member that is not known: {member!r}")


def _header_name(members: _Members) -> str:
    name: str = members.get("Header", str)
    if _NAME.fullmatch(name) is None:
        raise ConfigurationError(f"{name!r} is not the name of a header")
    return name


def _custom(config: _Members) -> Iterator[Header]:
    for item in config.items("CustomHeadersConfig"):
        members = _Members(item, "an item of CustomHeadersConfig")
        name, value = _header_name(members), members.get("Value", str)
        yield Header(name, value, members.get("Override", bool))
        members.refuse_others()


def _removed(config: _Members) -> Iterator[str]:
    for item in config.items("RemoveHeadersConfig"):
        members = _Members(item, "an item of RemoveHeadersConfig")
        yield _header_name(members).lower()
        members.refuse_others()


def _cors(config: _Members) -> CORS | None:
    members = config.inner("CorsConfig")
    if members is None:
        return None
    methods = members.texts("AccessControlAllowMethods")
    cors = CORS(
        origins=members.texts("AccessControlAllowOrigins"),
        methods=_METHODS if "ALL" in methods else methods,
        headers=members.texts("AccessControlAllowHeaders"),
        exposed=members.texts("AccessControlExposeHeaders"),
        credentials=members.get("AccessControlAllowCredentials", bool),
        max_age=members.optional("AccessControlMaxAgeSec", int),
        override=members.get("OriginOverride", bool),
    )
    members.refuse_others()
    return cors


def _security(config: _Members) -> Iterator[Header]:
    security = config.inner("SecurityHeadersConfig")
    if security is None:
        return
    for member, (name, read) in _SECURITY_HEADERS.items():
        members = security.inner(member)
        if members is not None:
            yield Header(name, read(members), members.get("Override", bool))
            members.refuse_others()
    security.refuse_others()


def _transport_security(members: _Members) -> str:
    value = f"max-age={members.get('AccessControlMaxAgeSec', int)}"
    if members.get("IncludeSubdomains", bool, False):
        value += "; includeSubDomains"
    return f"{value}; preload" if members.get("Preload", bool, False) else value


def _xss_protection(members: _Members) -> str:
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
