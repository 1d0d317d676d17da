"""The CORS part of a response headers policy."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from cfsign.edge.behaviors import METHODS
from cfsign.edge.members import HEADER_NAME
from cfsign.edge.request import ViewerRequest
from cfsign.edge.responses import Headers
from cfsign.errors import ConfigurationError

_VISIBLE = re.compile(r"[ -~]*")
# AWS, "Understand response headers policies", "Access-Control-Allow-Origin": where `*` may stand.
_ORIGIN = re.compile(r"\*|([a-z][a-z0-9+.-]*://)?(\*\.)?([^*/:]+|\[[^*/]+\])(:[0-9*]+)?")


@dataclass(frozen=True, slots=True)
class CORS:
    """
    The permissions of scripts from other origins (Fetch, "HTTP extensions").

    Attributes:
        origins: The allowed origins: `*` alone; or hosts, with or without a scheme. A host may
            start with `*.`, and its port may contain `*`.
        methods: The allowed methods, sent in response to a preflight.
        headers: The allowed request headers, sent in response to a preflight.
        exposed: The response headers that scripts may read.
        credentials: True if scripts may send cookies. Then `*` is not a wildcard for browsers.
        max_age: How long browsers may cache a preflight, in seconds; None sends no such header.
        override: True to replace the CORS headers of the origin's response.
        names_headers: True to allow every requested header and expose every response header, each
            by its name. For `cfsign edge --cors-origin`: no policy of CloudFront can do this.

    Raises:
        ConfigurationError: CloudFront does not accept an origin, or browsers do not accept it
            together with cookies.
    """

    origins: tuple[str, ...] = ("*",)
    methods: tuple[str, ...] = METHODS
    headers: tuple[str, ...] = ("*",)
    exposed: tuple[str, ...] = ()
    credentials: bool = False
    max_age: int | None = None
    override: bool = False
    names_headers: bool = False

    def __post_init__(self) -> None:
        for origin in self.origins:
            if _ORIGIN.fullmatch(origin) is None:
                raise ConfigurationError(
                    f"{origin!r} is not an origin that CloudFront accepts",
                    hint="use scheme and host without a slash at the end, such as "
                    "https://www.example.com or https://*.example.com",
                )
        if self.credentials and "*" in self.origins:
            raise ConfigurationError(
                "the origin '*' cannot be combined with credentials",
                hint="list the origins, or allow no credentials",
            )

    def build_headers(self, request: ViewerRequest, headers: Headers) -> Headers:
        """
        Return the CORS headers for *request*; empty if its origin is not allowed.

        Args:
            request: The request.
            headers: The other headers of the response.
        """
        origin = self._allowed_origin(request.origin)
        if origin is None:
            return []
        result = [("Access-Control-Allow-Origin", origin)]
        if origin != "*":
            result.append(("Vary", "Origin"))
        if self.credentials:
            result.append(("Access-Control-Allow-Credentials", "true"))
        if not request.is_preflight:
            exposed = dict.fromkeys(name for name, _ in headers)
            return result + _build_list(
                "Access-Control-Expose-Headers", exposed if self.names_headers else self.exposed
            )
        result += _build_list("Access-Control-Allow-Methods", self.methods)
        result += _build_list("Access-Control-Allow-Headers", self._allowed_headers(request))
        if self.max_age is not None:
            result.append(("Access-Control-Max-Age", str(self.max_age)))
        return result

    def _allowed_origin(self, origin: str | None) -> str | None:
        if origin is None or _VISIBLE.fullmatch(origin) is None:
            return None
        if "*" in self.origins:
            return "*"
        is_allowed = any(_compile_origin(each).fullmatch(origin) for each in self.origins)
        return origin if is_allowed else None

    def _allowed_headers(self, request: ViewerRequest) -> Iterable[str]:
        if not self.names_headers:
            return self.headers
        names = (name.strip() for name in request.requested_headers.split(","))
        return [name for name in names if HEADER_NAME.fullmatch(name)]


@cache
def _compile_origin(origin: str) -> re.Pattern[str]:
    pattern = re.escape(origin).replace(r"\*", "[^/]*")
    if "://" not in origin:
        pattern = f"https?://{pattern}"
    # AWS's table of examples: "http://example.org:*" matches "http://example.org", too.
    return re.compile(re.sub(r":\[\^/\]\*$", "(:[0-9]*)?", pattern))


def _build_list(name: str, values: Iterable[str]) -> Headers:
    text = ", ".join(values)
    return [(name, text)] if text else []
