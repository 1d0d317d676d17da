"""
WSGI and ASGI middleware that answers as a CloudFront edge with a trusted key group would.

For trying and testing the whole way of a file with no account: what the edge lets through reaches
the wrapped application without its credential, and the rest gets CloudFront's own 403. Why, which
that does not say, goes to the log `cfsign.edge`: a warning each, without query and cookies.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote

from cfsign.credential import own_query, strip_cookies, strip_query
from cfsign.matching import is_host
from cfsign.trusted_keys import KeySource, TrustedKeyGroup
from cfsign.verdict import Verdict

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
ASGIApplication: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
Clock: TypeAlias = Callable[[], float]
TrustedKeys: TypeAlias = TrustedKeyGroup | Mapping[str, KeySource]

_log = logging.getLogger("cfsign.edge")

# RFC 9112, section 3.2.2: a request target that brings its own host.
_ABSOLUTE_FORM = re.compile(r"https?://([^/?]*)(.*)", re.IGNORECASE | re.DOTALL)
_UP_TO_THE_PATH = re.compile(r"[^/]*//[^/?]*")
# Where a credential begins: at the `?`, or inside a path that took the `?` in, escaped or not.
_CREDENTIAL = re.compile(
    r"\?|(?:expires|policy|signature|key-pair-id|hash-algorithm)(?:=|%(?:25)*3D)", re.IGNORECASE
)
# RFC 6455, section 3: a WebSocket's handshake is an HTTP request to the same place.
_HTTP_SCHEMES = {"ws": "http", "wss": "https"}
# RFC 6455, section 7.4.1: a policy is violated.
_WEBSOCKET_POLICY_VIOLATION = 1008


class WSGIEdge:
    """
    A CloudFront edge before a WSGI application.

    The URL that was signed is the one on the wire, which WSGI itself hands over decoded: it is
    read from `REQUEST_URI` or `RAW_URI`, which Werkzeug, Waitress and Gunicorn give. Under a
    server with neither it is put together from `SCRIPT_NAME` and `PATH_INFO`, with letters,
    digits, `-._~` and `/` as they are and the rest percent-encoded.

    Args:
        app: The origin.
        trusted_keys: The trusted key group, or the mapping that makes one.
        clock: Tells the time in epoch seconds.
    """

    def __init__(
        self,
        app: WSGIApplication,
        trusted_keys: TrustedKeys,
        *,
        clock: Clock = time.time,
    ) -> None:
        self._app = app
        self._check = _checker(trusted_keys, clock)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        url, method = _wsgi_url(environ), environ["REQUEST_METHOD"]
        verdict = self._check(url, environ.get("HTTP_COOKIE", ""), environ.get("REMOTE_ADDR"))
        if verdict:
            return self._app(_wsgi_origin_request(environ), start_response)
        _tell(method, url, verdict)
        body = _refusal_body(verdict)
        start_response("403 Forbidden", _refusal_headers(body))
        return [] if method == "HEAD" else [body]


class ASGIEdge:
    """
    A CloudFront edge before an ASGI application.

    The URL that was signed is the one on the wire: it is read from `raw_path`, and under a server
    without it put together from `path` as `WSGIEdge` does. ASGI cannot tell `/a?` from `/a`.

    Args:
        app: The origin.
        trusted_keys: The trusted key group, or the mapping that makes one.
        clock: Tells the time in epoch seconds.
    """

    def __init__(
        self,
        app: ASGIApplication,
        trusted_keys: TrustedKeys,
        *,
        clock: Clock = time.time,
    ) -> None:
        self._app = app
        self._check = _checker(trusted_keys, clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection (ASGI 3): requests and WebSockets are checked, lifespan is not."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        client = scope.get("client")
        # RFC 9113, section 8.2.3: HTTP/2 may send its cookies in several headers.
        cookies = "; ".join(_header_values(scope, b"cookie"))
        url = _asgi_url(scope)
        verdict = self._check(url, cookies, client[0] if client else None)
        if verdict:
            await self._app(_asgi_origin_request(scope), receive, send)
            return
        _tell(scope.get("method") or "GET", url, verdict)
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": _WEBSOCKET_POLICY_VIOLATION})
        else:
            await _send_refusal(scope, send, _refusal_body(verdict))


def _checker(trusted_keys: TrustedKeys, clock: Clock) -> Callable[[str, str, str | None], Verdict]:
    """Return the check of a URL, the text of its `Cookie` header and a viewer's address."""
    if isinstance(trusted_keys, TrustedKeyGroup):
        group = trusted_keys
    else:
        group = TrustedKeyGroup(trusted_keys)

    def check(url: str, cookies: str, viewer_ip: str | None) -> Verdict:
        return group.check(url, cookies=cookies, at=clock(), viewer_ip=viewer_ip)

    return check


def _tell(method: str, url: str, verdict: Verdict) -> None:
    if _log.isEnabledFor(logging.WARNING):
        _log.warning("%s: %s", _told(method, url), verdict)


def _told(method: str, url: str) -> str:
    """Return a request as a line of a log may hold it: no credential, no control character."""
    path = _CREDENTIAL.split(_UP_TO_THE_PATH.sub("", url, count=1), maxsplit=1)[0] or "-"
    return quote(f"{method} {path}", safe=" !$%&'()*+,/:;=@~", encoding="latin-1", errors="replace")


def _viewer_url(scheme: str, host: str, target: str) -> str:
    """
    Put the viewer's URL together, or return "", which no check allows.

    Args:
        scheme: That of the connection; what the target claims is not believed.
        host: The `Host` header.
        target: The request target (RFC 9112, section 3.2).
    """
    absolute = _ABSOLUTE_FORM.fullmatch(target)
    if absolute is not None:
        host, target = absolute.groups()
    elif not target.startswith("/"):
        return ""
    # Without this a host of "h/public" would put a private path under the public one.
    return f"{scheme}://{host}{target}" if is_host(host) else ""


def _wsgi_url(environ: WSGIEnvironment) -> str:
    host = environ.get("HTTP_HOST")
    if host is None:
        host = f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    target = environ.get("REQUEST_URI") or environ.get("RAW_URI")
    if target is None:
        # PEP 3333: each letter stands for one byte.
        path = (environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")).encode("latin-1")
        target = _target(quote(path) or "/", environ.get("QUERY_STRING", ""))
    return _viewer_url(environ["wsgi.url_scheme"], host, target)


def _asgi_url(scope: Scope) -> str:
    raw_path = scope.get("raw_path")
    path = quote(scope["path"]) if raw_path is None else raw_path.decode("latin-1")
    hosts = _header_values(scope, b"host")
    # RFC 9112, section 3.2: a request with two of them is no request.
    host = hosts[0] if len(hosts) == 1 else ""
    scheme: str = scope.get("scheme", "http")
    target = _target(path, scope.get("query_string", b"").decode("latin-1"))
    return _viewer_url(_HTTP_SCHEMES.get(scheme, scheme), host, target)


def _target(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path


def _wsgi_origin_request(environ: WSGIEnvironment) -> WSGIEnvironment:
    """Copy the request without its credential, wherever the server has put that."""
    stripped = dict(environ)
    for name in ("REQUEST_URI", "RAW_URI"):
        if name in stripped:
            stripped[name] = _stripped_target(stripped[name])
    stripped["QUERY_STRING"] = strip_query(stripped.get("QUERY_STRING", ""))
    cookies = strip_cookies(stripped.pop("HTTP_COOKIE", ""))
    return {**stripped, "HTTP_COOKIE": cookies} if cookies else stripped


def _stripped_target(target: str) -> str:
    path, mark, query = target.partition("?")
    own = own_query(query) if mark else None
    return path if own is None else f"{path}?{own}"


def _asgi_origin_request(scope: Scope) -> Scope:
    """Copy the request without its credential."""
    query = strip_query(scope.get("query_string", b"").decode("latin-1"))
    headers = [
        (name, strip_cookies(value.decode("latin-1")).encode("latin-1"))
        if name.lower() == b"cookie"
        else (name, value)
        for name, value in scope["headers"]
    ]
    return {
        **scope,
        "query_string": query.encode("latin-1"),
        "headers": [(name, value) for name, value in headers if value or name.lower() != b"cookie"],
    }


def _header_values(scope: Scope, wanted: bytes) -> list[str]:
    return [value.decode("latin-1") for name, value in scope["headers"] if name.lower() == wanted]


def _refusal_body(verdict: Verdict) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f"<Error><Code>{verdict.code}</Code><Message>{verdict.message}</Message></Error>"
    ).encode("ascii")


def _refusal_headers(body: bytes) -> list[tuple[str, str]]:
    return [
        ("Server", "CloudFront"),
        ("Content-Type", "text/xml"),
        ("Content-Length", str(len(body))),
        ("X-Cache", "Error from cloudfront"),
    ]


async def _send_refusal(scope: Scope, send: Send, body: bytes) -> None:
    headers = [(name.lower().encode(), value.encode()) for name, value in _refusal_headers(body)]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    is_head = scope.get("method") == "HEAD"
    await send({"type": "http.response.body", "body": b"" if is_head else body})
