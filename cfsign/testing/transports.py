"""httpx transports over an application: in process, and true to the byte of the request target."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


class WSGITransport(httpx.BaseTransport):
    """
    Sends requests to a WSGI application.

    Args:
        app: The application.
        address: The viewer's address.
    """

    def __init__(self, app: Any, address: str) -> None:
        self._app = app
        self._address = address

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""

        def with_target(environ: WSGIEnvironment, start_response: StartResponse) -> Any:
            # httpx's own gives the decoded path alone, of which no signature can be told.
            target = request.url.raw_path.decode("ascii")
            return self._app({**environ, "REQUEST_URI": target}, start_response)

        return httpx.WSGITransport(
            app=with_target,
            remote_addr=self._address,
        ).handle_request(request)


class ASGITransport(httpx.BaseTransport):
    """
    Sends requests to an ASGI application, each in an event loop of its own.

    Args:
        app: The application.
        address: The viewer's address.
    """

    def __init__(self, app: Any, address: str) -> None:
        self._transport = httpx.ASGITransport(app=app, client=(address, 50000))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        return asyncio.run(self._answer(request))

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        response = await self._transport.handle_async_request(request)
        content = await response.aread()
        return httpx.Response(response.status_code, headers=response.headers, content=content)


class ThreadTransport(httpx.AsyncBaseTransport):
    """
    Sends requests to a transport that blocks, away from the event loop.

    Args:
        transport: That transport.
    """

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        content = await request.aread()
        blocking = httpx.Request(
            request.method, request.url, headers=request.headers, content=content
        )
        response = await asyncio.to_thread(self._transport.handle_request, blocking)
        body = await asyncio.to_thread(response.read)
        return httpx.Response(response.status_code, headers=response.headers, content=body)
