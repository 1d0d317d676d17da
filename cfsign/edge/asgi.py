"""A CloudFront edge before an ASGI application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, TypeAlias
from urllib.parse import quote

from cfsign.checking.credential import strip_cookies, strip_query
from cfsign.edge.access_log import tell
from cfsign.edge.gate import Judgement
from cfsign.edge.middleware import Middleware
from cfsign.edge.request import ViewerRequest, joined_target, origin_form, viewer_url
from cfsign.edge.responses import Answer, Headers, refusal, with_cloudfront_headers

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
ASGIApplication: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

# RFC 6455, section 3: a WebSocket's handshake is an HTTP request to the same place.
_HTTP_SCHEMES = {"ws": "http", "wss": "https"}
# RFC 6455, section 7.4.1: a policy is violated.
_WEBSOCKET_POLICY_VIOLATION = 1008


class ASGIEdge(Middleware[ASGIApplication]):
    """
    A CloudFront edge before an ASGI application.

    The URL that was signed is the one on the wire: it is read from `raw_path`, and under a server
    without it put together from `path` as `WSGIEdge` does. ASGI cannot tell `/a?` from `/a`.

    The arguments are `Middleware`'s.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection (ASGI 3): requests and WebSockets are checked, lifespan is not."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        request = _viewer_request(scope)
        judgement = self._gate.judge(request)
        if judgement:
            origins = _in_origin_form(scope)
            if not judgement.is_open:
                origins = _stripped(origins)
            await self._app(origins, receive, self._finishing(request, judgement, send))
            return
        answer = refusal(judgement)
        tell(self._log, request, judgement, answer.code)
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": _WEBSOCKET_POLICY_VIOLATION})
        else:
            await _send_answer(request, send, answer)

    def _finishing(self, request: ViewerRequest, judgement: Judgement, send: Send) -> Send:
        """Return a `send` that gives CloudFront's headers to the origin's answer."""

        async def finish(message: Message) -> None:
            if message["type"] == "http.response.start":
                status = message["status"]
                tell(self._log, request, judgement, status)
                headers = with_cloudfront_headers(status, _texts(message.get("headers", ())))
                message = {**message, "headers": _bytes(self._policy.apply(request, headers))}
            await send(message)

        return finish


def _viewer_request(scope: Scope) -> ViewerRequest:
    raw_path = scope.get("raw_path")
    path = quote(scope["path"]) if raw_path is None else raw_path.decode("latin-1")
    hosts = _values(scope, b"host")
    # RFC 9112, section 3.2: a request with two of them is no request.
    host = hosts[0] if len(hosts) == 1 else ""
    scheme: str = scope.get("scheme", "http")
    target = joined_target(path, scope.get("query_string", b"").decode("latin-1"))
    client = scope.get("client")
    method = scope.get("method") or "GET"
    headers = (len(name) + len(value) for name, value in scope["headers"])
    return ViewerRequest(
        method=method,
        url=viewer_url(_HTTP_SCHEMES.get(scheme, scheme), host, target),
        target=target,
        # RFC 9113, section 8.2.3: HTTP/2 may send its cookies in several headers.
        cookies="; ".join(_values(scope, b"cookie")),
        address=client[0] if client else None,
        origin=next(iter(_values(scope, b"origin")), None),
        is_preflight=method == "OPTIONS" and bool(_values(scope, b"access-control-request-method")),
        size=len(target) + sum(headers),
    )


def _in_origin_form(scope: Scope) -> Scope:
    """Copy the request without the host that its target may bring: the origin has its own."""
    path, raw_path = origin_form(scope["path"]), scope.get("raw_path")
    if raw_path is None:
        return {**scope, "path": path}
    raw = origin_form(raw_path.decode("latin-1"))
    return {**scope, "path": path, "raw_path": raw.encode("latin-1")}


def _stripped(scope: Scope) -> Scope:
    """Copy the request without its credential."""
    query = strip_query(scope.get("query_string", b"").decode("latin-1")) or ""
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


def _values(scope: Scope, wanted: bytes) -> list[str]:
    return [value.decode("latin-1") for name, value in scope["headers"] if name.lower() == wanted]


def _texts(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]


def _bytes(headers: Headers) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]


async def _send_answer(request: ViewerRequest, send: Send, answer: Answer) -> None:
    headers = _bytes(answer.headers)
    await send({"type": "http.response.start", "status": answer.code, "headers": headers})
    body = b"" if request.method == "HEAD" else answer.body
    await send({"type": "http.response.body", "body": body})
