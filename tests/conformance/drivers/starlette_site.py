"""The parts that the Starlette site and the FastAPI site share."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from tests.conformance import wire
from tests.conformance.cases import OWN_PAGES
from tests.conformance.expectations import own_page


def _raise(error: Exception) -> Any:
    raise error


NATIVES: Mapping[str, Callable[[], Any]] = {
    "forbidden": lambda: _raise(HTTPException(403)),
    "not_found": lambda: _raise(HTTPException(404)),
    "login": lambda: RedirectResponse("/login?next=a.txt", 302),
    "page": lambda: PlainTextResponse("the site's own login page"),
}


async def show_page(request: Request, exc: Any) -> Response:
    return PlainTextResponse(own_page(exc.status_code), exc.status_code, headers=exc.headers)


PAGES: Mapping[Any, Any] = dict.fromkeys(OWN_PAGES, show_page)


def client(app: Any) -> Callable[[wire.Request, str], wire.Reply]:
    """Return a client that sends the path unchanged; httpx would resolve `..` in it."""

    async def call(scope: dict[str, Any]) -> wire.Reply:
        messages: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            messages.append(message)

        with contextlib.suppress(Exception):  # Starlette sends a 500 and raises the error again
            await app(scope, receive, send)
        start, *bodies = messages
        headers = [
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"]
        ]
        is_head = scope["method"] == "HEAD"
        body = b"" if is_head else b"".join(message["body"] for message in bodies)
        return wire.Reply.of(start["status"], headers, body)

    def send(request: wire.Request, path: str) -> wire.Reply:
        target = request.mount + path
        headers = {"Host": "testserver", **request.headers}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": "http",
            "path": unquote(target),
            "raw_path": target.encode(),
            "root_path": request.mount,
            "query_string": request.query.encode(),
            "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
            "client": ("127.0.0.1", 50000),
            "server": ("testserver", 80),
        }
        return asyncio.run(call(scope))

    return send
