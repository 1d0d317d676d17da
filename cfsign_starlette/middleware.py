"""The middleware that renews the cookies of a folder while a user visits the site."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cfsign.config import hide_arguments
from cfsign.views import FolderCookies, FolderFor, FolderRenewal


class RenewFolders:
    """
    Middleware that renews the cookies of the folder that the user may open.

    `app.add_middleware(RenewFolders, cookies=cookies, folder_for=folder_for)`
    """

    @hide_arguments  # somebody may pass the settings
    def __init__(self, app: ASGIApp, cookies: FolderCookies, folder_for: FolderFor) -> None:
        """
        Check the cookies and the function.

        Args:
            app: The application.
            cookies: The cookies to renew. Set their `path` to "/", so that the site's pages see
                them, and their `expires_in`.
            folder_for: Takes Starlette's request, without a body. Returns a folder, an `Allow` with
                a folder, or None, which deletes the cookies. It is called after the endpoint. If it
                raises, the error is logged and nothing is renewed. It may be async; a plain
                function must not block.

        Raises:
            ConfigurationError: An argument is something else.
        """
        self._app = app
        self._cookies = cookies
        self._renewal = FolderRenewal(cookies, folder_for, can_await=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response of the application, with other cookies if they are due."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_renewed(message: Message) -> None:
            if message["type"] == "http.response.start":
                await self._add(Request(scope), MutableHeaders(scope=message))
            await send(message)

        await self._app(scope, receive, send_renewed)

    async def _add(self, request: Request, headers: MutableHeaders) -> None:
        new = await self._renewal.build_headers_async(request, request.cookies, headers.items())
        if new:
            self._cookies.check_site(
                request.scope.get("scheme", "http"), request.headers.get("host", "")
            )
        for name, value in new:
            if name == "Set-Cookie":
                headers.append(name, value)
            else:
                headers[name] = value
