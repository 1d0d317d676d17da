"""The site on Starlette."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from cfsign import Allow, Deny, Distribution
from cfsign.demo.pages import STATIC, Page, Pages
from cfsign.demo.users import FOLDERS, authorize, get_folder, is_user
from cfsign_starlette import FolderCookies, SignedRedirectEndpoint

# The longest form that the site reads, in bytes.
_MAX_FORM = 1_000


class Content(SignedRedirectEndpoint):
    """Redirects users who may read a file to its signed URL."""

    # The only query parameter that is forwarded to the edge.
    forward_query = ("lang",)

    async def authorize(self, request: Request, resource: str, **path_params: Any) -> int | Allow:
        """Return the decision of the site's access rule."""
        return authorize(request.session.get("user"), resource, get_address(request))


class Link(Content):
    """Returns the signed URL as JSON, for scripts."""

    delivery = "json"


class Folder(Content):
    """Sets cookies for the folder of a file, and redirects to its plain URL."""

    delivery = "cookies"
    folder = staticmethod(get_folder)


class Site:
    """The pages, and the logout."""

    def __init__(self, pages: Pages, cookies: FolderCookies) -> None:
        self._pages = pages
        self._cookies = cookies

    async def home(self, request: Request) -> Response:
        """Return the home page."""
        return respond(self._pages.home(request.session.get("user")))

    async def file(self, request: Request) -> Response:
        """Return the page of a file."""
        user, resource = request.session.get("user"), request.path_params["resource"]
        return respond(self._pages.file(user, resource, get_address(request)))

    async def album(self, request: Request) -> Response:
        """Return the page of the album."""
        user = request.session.get("user")
        return respond(self._pages.album_page(user, get_address(request)))

    async def logout(self, request: Request) -> Response:
        """Log the user out, and delete the cookies of the folders from the browser."""
        request.session.clear()
        response = RedirectResponse("/", 303)
        for folder in FOLDERS:
            for name, value in self._cookies.revoke_headers(folder):
                response.headers.append(name, value)
        return response

    async def refusal(self, request: Request, error: Any) -> Response:
        """Return the page of a refusal, by an endpoint of the site or of the library."""
        page = self._pages.refusal(request.session.get("user"), error.status_code)
        return Response(page.html, page.status, {**(error.headers or {}), **page.headers})


async def login(request: Request) -> Response:
    """Log the user in without a password, because this is a demo."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_FORM:
            raise HTTPException(413)
    user = parse_qs(body.decode("latin-1")).get("user", [None])[0]
    if not is_user(user):
        raise HTTPException(400)
    request.session["user"] = user
    return RedirectResponse("/", 303)


def get_address(request: Request) -> str | None:
    """Return the client's IP address."""
    return None if request.client is None else request.client.host


def respond(page: Page | Deny) -> Response:
    """Return a page as a response, or refuse the request."""
    if isinstance(page, Deny):
        raise HTTPException(page.status)
    response = Response(page.html, page.status, page.headers)
    for value in page.set_cookies:
        response.headers.append("Set-Cookie", value)
    return response


def create_app(settings: Mapping[str, Any], pages: Pages) -> Starlette:
    """
    Create the site.

    Args:
        settings: `CLOUDFRONT_DOMAIN` and `CLOUDFRONT_CONFIG`.
        pages: The HTML pages.
    """
    site = Site(pages, FolderCookies(Distribution.from_config(settings)))
    return Starlette(
        routes=[
            Route("/content/{resource:path}", Content.from_config(settings)),
            Route("/link/{resource:path}", Link.from_config(settings)),
            Route("/folder/{resource:path}", Folder.from_config(settings)),
            Route("/", site.home),
            Route("/file/{resource:path}", site.file),
            Route("/album", site.album),
            Route("/login", login, methods=["POST"]),
            Route("/logout", site.logout, methods=["POST"]),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        # A new key at each start, which ends all sessions.
        middleware=[Middleware(SessionMiddleware, secret_key=secrets.token_hex())],
        exception_handlers={HTTPException: site.refusal},
    )
