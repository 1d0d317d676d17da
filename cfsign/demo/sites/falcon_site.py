"""The site on Falcon."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import falcon
from itsdangerous import BadSignature, URLSafeTimedSerializer

from cfsign import Allow, Deny, Distribution
from cfsign.demo.pages import STATIC, Page, Pages
from cfsign.demo.users import FOLDERS, authorize, get_folder, is_user
from cfsign_falcon import FolderCookies, SignedRedirectResource

# How long a user stays logged in, in seconds.
_SESSION_SECONDS = 24 * 3600


class Content(SignedRedirectResource):
    """Redirects users who may read a file to its signed URL."""

    # The only query parameter that is forwarded to the edge.
    forward_query = ("lang",)

    def authorize(self, req: falcon.Request, resource: str, **params: Any) -> int | Allow:
        """Return the decision of the site's access rule."""
        return authorize(req.context.user, resource, req.remote_addr)


class Link(Content):
    """Returns the signed URL as JSON, for scripts."""

    delivery = "json"


class Folder(Content):
    """Sets cookies for the folder of a file, and redirects to its plain URL."""

    delivery = "cookies"
    folder = staticmethod(get_folder)


class Session:
    """Middleware that stores the user's name in a signed cookie."""

    def __init__(self, secret_key: str) -> None:
        self._serializer = URLSafeTimedSerializer(secret_key, salt="session")

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Set `req.context.user` to the logged-in user, or None."""
        try:
            cookie = req.cookies.get("session", "")
            req.context.user = self._serializer.loads(cookie, max_age=_SESSION_SECONDS)
        except BadSignature:
            req.context.user = None

    def log_in(self, resp: falcon.Response, user: str) -> None:
        """Set the cookie of *user*."""
        # Not secure, because the demo has no https.
        resp.set_cookie("session", self._serializer.dumps(user), secure=False, same_site="Lax")

    def log_out(self, resp: falcon.Response) -> None:
        """Delete the cookie."""
        resp.unset_cookie("session")


class Login:
    """The login and logout forms."""

    def __init__(self, session: Session, cookies: FolderCookies) -> None:
        self._session = session
        self._cookies = cookies

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Log the user in without a password, because this is a demo."""
        form = req.get_media()
        user = form.get("user") if isinstance(form, dict) else None
        if not is_user(user):
            raise falcon.HTTPBadRequest
        self._session.log_in(resp, user)
        raise falcon.HTTPSeeOther("/")

    def on_post_out(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Log the user out, and delete the cookies of the folders from the browser."""
        self._session.log_out(resp)
        for folder in FOLDERS:
            for name, value in self._cookies.revoke_headers(folder):
                resp.append_header(name, value)
        raise falcon.HTTPSeeOther("/")


class Site:
    """The pages."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Respond with the home page."""
        respond(resp, self._pages.home(req.context.user))

    def on_get_file(self, req: falcon.Request, resp: falcon.Response, resource: str) -> None:
        """Respond with the page of a file."""
        respond(resp, self._pages.file(req.context.user, resource, req.remote_addr))

    def on_get_album(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Respond with the page of the album."""
        respond(resp, self._pages.album_page(req.context.user, req.remote_addr))

    def refusal(self, req: falcon.Request, resp: falcon.Response, error: falcon.HTTPError) -> None:
        """Respond with the page of a refusal, by a resource of the site or of the library."""
        # Falcon may refuse a request before the session is read.
        user = req.context.get("user")
        respond(resp, self._pages.refusal(user, error.status_code))


def respond(resp: falcon.Response, page: Page | Deny) -> None:
    """Write a page to the response, or refuse the request."""
    if isinstance(page, Deny):
        raise falcon.HTTPError(page.status)
    resp.status = page.status
    resp.set_headers(page.headers)
    for value in page.set_cookies:
        resp.append_header("Set-Cookie", value)
    resp.text = page.html


def create_app(settings: Mapping[str, Any], pages: Pages) -> falcon.App[Any, Any]:
    """
    Create the site.

    Args:
        settings: `CLOUDFRONT_DOMAIN` and `CLOUDFRONT_CONFIG`.
        pages: The HTML pages.
    """
    # A new key at each start, which ends all sessions.
    session = Session(secrets.token_hex())
    app = falcon.App(middleware=[session])
    app.add_route("/content/{resource:path}", Content.from_config(settings))
    app.add_route("/link/{resource:path}", Link.from_config(settings))
    app.add_route("/folder/{resource:path}", Folder.from_config(settings))

    site = Site(pages)
    app.add_route("/", site)
    app.add_route("/file/{resource:path}", site, suffix="file")
    app.add_route("/album", site, suffix="album")
    login = Login(session, FolderCookies(Distribution.from_config(settings)))
    app.add_route("/login", login)
    app.add_route("/logout", login, suffix="out")
    app.add_static_route("/static", str(STATIC))
    app.set_error_serializer(site.refusal)
    return app
