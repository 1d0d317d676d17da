"""
httpx transports that call an application in this process.

They pass the request target exactly as it was sent; a signature depends on its spelling.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

import httpx

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


class WSGITransport(httpx.BaseTransport):
    """
    A transport that calls a WSGI application.

    Args:
        app: The application.
        address: The client's IP address.
    """

    def __init__(self, app: Any, address: str) -> None:
        self._app = app
        self._address = address

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request."""

        def add_target(environ: WSGIEnvironment, start_response: StartResponse) -> Any:
            # httpx's own transport provides only the decoded path, and as Unicode text. In WSGI
            # each character stands for one byte (PEP 3333).
            target = request.url.raw_path.decode("ascii")
            path = unquote_to_bytes(target.partition("?")[0]).decode("latin-1")
            changed = {"REQUEST_URI": target, "PATH_INFO": path}
            return self._app({**environ, **changed}, start_response)

        transport = httpx.WSGITransport(app=add_target, remote_addr=self._address)
        return transport.handle_request(request)


class ASGITransport(httpx.BaseTransport):
    """
    A transport that calls an ASGI application, in a new event loop for each request.

    Args:
        app: The application.
        address: The client's IP address.
    """

    def __init__(self, app: Any, address: str) -> None:
        self._transport = httpx.ASGITransport(app=app, client=(address, 50000))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request."""

        async def send() -> httpx.Response:
            response = await self._transport.handle_async_request(request)
            content = await response.aread()
            return httpx.Response(response.status_code, headers=response.headers, content=content)

        return asyncio.run(send())


class ThreadTransport(httpx.AsyncBaseTransport):
    """
    An async transport that runs a blocking one in a thread.

    Args:
        transport: The blocking transport.
    """

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request."""
        content = await request.aread()
        blocking = httpx.Request(
            request.method, request.url, headers=request.headers, content=content
        )
        response = await asyncio.to_thread(self._transport.handle_request, blocking)
        body = await asyncio.to_thread(response.read)
        return httpx.Response(response.status_code, headers=response.headers, content=body)
