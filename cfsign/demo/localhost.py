"""
A redirect from `localhost` to `127.0.0.1`, as WSGI and ASGI middleware.

The edge is at 127.0.0.1, and browsers do not send it the cookies of localhost.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from cfsign.edge.request import join_target, remove_target_host

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


def redirect_localhost(app: WSGIApplication, site: str) -> WSGIApplication:
    """Return the WSGI application behind a redirect from `localhost` to the URL of the site."""

    def respond(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not _is_localhost(environ.get("HTTP_HOST", "")):
            return app(environ, start_response)
        location = site + remove_target_host(environ.get("REQUEST_URI", "/"))
        headers = [("Location", location), ("Content-Length", "0")]
        start_response("307 Temporary Redirect", headers)  # 307: a form is sent again
        return []

    return respond


def redirect_localhost_asgi(app: Any, site: str) -> Any:
    """Return the ASGI application behind a redirect from `localhost` to the URL of the site."""

    async def respond(scope: Any, receive: Any, send: Any) -> None:
        host = next((value for name, value in scope["headers"] if name == b"host"), b"")
        if not _is_localhost(host.decode("latin-1")):
            await app(scope, receive, send)
            return
        path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
        location = site + join_target(path, query)
        headers = [(b"location", location.encode("latin-1")), (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 307, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    return respond


def _is_localhost(host: str) -> bool:
    return host.partition(":")[0].lower() == "localhost"
