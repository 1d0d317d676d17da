"""The edge as ASGI middleware."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias
from urllib.parse import quote

from cfsign.checking.credential import strip_cookies, strip_query
from cfsign.edge.access import AccessDecision
from cfsign.edge.access_log import log_request
from cfsign.edge.middleware import Middleware
from cfsign.edge.request import (
    ViewerRequest,
    build_viewer_url,
    join_target,
    remove_target_host,
)
from cfsign.edge.responses import Headers, add_cloudfront_headers, build_refusal

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
ASGIApplication: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

# RFC 6455, section 3: a WebSocket handshake is an HTTP request to the same URL.
_HTTP_SCHEMES = {"ws": "http", "wss": "https"}
# RFC 6455, section 7.4.1.
_WEBSOCKET_POLICY_VIOLATION = 1008


class ASGIEdge(Middleware[ASGIApplication]):
    """
    A local CloudFront edge around an ASGI application.

    The signature is checked against the URL exactly as it was sent: against `raw_path`. A server
    that provides no `raw_path` loses that spelling; then the URL is rebuilt from `path`, as
    `WSGIEdge` does from `PATH_INFO`. ASGI does not distinguish `/a?` from `/a`.

    `Middleware` documents the arguments.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI 3). HTTP requests and WebSockets are checked."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        request = _read_request(scope)
        decision = self._access.decide(request)
        if decision:
            origin_scope = _remove_target_host(scope)
            if not decision.is_open:
                origin_scope = _remove_credential(origin_scope)
            await self._app(origin_scope, receive, self._wrap_send(request, decision, send))
            return
        response = build_refusal(decision)
        log_request(self._log, request, decision, response.code)
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": _WEBSOCKET_POLICY_VIOLATION})
            return
        headers = _encode(response.headers)
        body = b"" if request.method == "HEAD" else response.body
        await send({"type": "http.response.start", "status": response.code, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _wrap_send(self, request: ViewerRequest, decision: AccessDecision, send: Send) -> Send:
        """Return a `send` that adds CloudFront's headers to the origin's response."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                status = message["status"]
                log_request(self._log, request, decision, status)
                headers = add_cloudfront_headers(
                    status,
                    [
                        (name.decode("latin-1"), value.decode("latin-1"))
                        for name, value in message.get("headers", ())
                    ],
                )
                headers = self._response_headers.apply(request, headers)
                message = {**message, "headers": _encode(headers)}
            await send(message)

        return send_with_headers


def _read_request(scope: Scope) -> ViewerRequest:
    raw_path = scope.get("raw_path")
    path = quote(scope["path"]) if raw_path is None else raw_path.decode("latin-1")
    hosts = _get_headers(scope, b"host")
    # RFC 9112, section 3.2: a request with several hosts is invalid.
    host = hosts[0] if len(hosts) == 1 else ""
    scheme: str = scope.get("scheme", "http")
    target = join_target(path, scope.get("query_string", b"").decode("latin-1"))
    client = scope.get("client")
    method = scope.get("method") or "GET"
    header_sizes = (len(name) + len(value) for name, value in scope["headers"])
    return ViewerRequest(
        method=method,
        url=build_viewer_url(_HTTP_SCHEMES.get(scheme, scheme), host, target),
        target=target,
        cookies=_join_cookies(scope),
        address=client[0] if client else None,
        origin=next(iter(_get_headers(scope, b"origin")), None),
        is_preflight=(
            method == "OPTIONS" and bool(_get_headers(scope, b"access-control-request-method"))
        ),
        requested_headers=", ".join(_get_headers(scope, b"access-control-request-headers")),
        size=len(target) + sum(header_sizes),
    )


def _get_headers(scope: Scope, wanted: bytes) -> list[str]:
    return [value.decode("latin-1") for name, value in scope["headers"] if name.lower() == wanted]


def _join_cookies(scope: Scope) -> str:
    # RFC 9113, section 8.2.3: HTTP/2 may send the cookies in several headers.
    return "; ".join(_get_headers(scope, b"cookie"))


def _remove_target_host(scope: Scope) -> Scope:
    path, raw_path = remove_target_host(scope["path"]), scope.get("raw_path")
    if raw_path is None:
        return {**scope, "path": path}
    raw = remove_target_host(raw_path.decode("latin-1"))
    return {**scope, "path": path, "raw_path": raw.encode("latin-1")}


def _remove_credential(scope: Scope) -> Scope:
    query = strip_query(scope.get("query_string", b"").decode("latin-1")) or ""
    headers = [header for header in scope["headers"] if header[0].lower() != b"cookie"]
    cookies = strip_cookies(_join_cookies(scope))
    if cookies:
        headers.append((b"cookie", cookies.encode("latin-1")))
    return {
        **scope,
        "query_string": query.encode("latin-1"),
        "headers": headers,
    }


def _encode(headers: Headers) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
