"""The site on Falcon."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import falcon
from itsdangerous import BadSignature, URLSafeTimedSerializer

from cfsign import Allow, Deny
from cfsign.demo.pages import STATIC, Page, Pages
from cfsign.demo.readers import is_viewer, permission
from cfsign_falcon import SignedRedirectResource

# How long a viewer stays logged in, in seconds.
_LOGGED_IN = 24 * 3600


class Content(SignedRedirectResource):
    """Sends those who may read a file to the edge, with a signed URL."""

    # The one parameter of the viewer's that goes on to the edge; every other is dropped.
    forward_query = ("lang",)

    def authorize(self, req: falcon.Request, resource: str, **params: Any) -> int | Allow:
        """Ask the site's own rule."""
        return permission(req.context.viewer, resource, req.remote_addr)


class Link(Content):
    """Gives the signed URL to a script, which may want it before it goes there."""

    delivery = "json"


class Folder(Content):
    """Opens all of the file's folder by cookies, and sends the viewer to the plain URL."""

    delivery = "cookies"


class Session:
    """Middleware that keeps the viewer's name in a signed cookie."""

    def __init__(self, secret_key: str) -> None:
        self._signed = URLSafeTimedSerializer(secret_key, salt="session")

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Look who is logged in."""
        try:
            cookie = req.cookies.get("session", "")
            req.context.viewer = self._signed.loads(cookie, max_age=_LOGGED_IN)
        except BadSignature:
            req.context.viewer = None

    def log_in(self, resp: falcon.Response, viewer: str) -> None:
        """Remember the viewer."""
        # On loopback there is no https, for which Falcon would otherwise keep the cookie.
        resp.set_cookie("session", self._signed.dumps(viewer), secure=False, same_site="Lax")

    def log_out(self, resp: falcon.Response) -> None:
        """Forget the viewer."""
        resp.unset_cookie("session")


class Login:
    """The two forms."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Take the viewer at their word: this is a demo, and nothing of it leaves this machine."""
        form = req.get_media()
        viewer = form.get("viewer") if isinstance(form, dict) else None
        if not is_viewer(viewer):
            raise falcon.HTTPBadRequest
        self._session.log_in(resp, viewer)
        raise falcon.HTTPSeeOther("/")

    def on_post_out(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Forget the viewer."""
        self._session.log_out(resp)
        raise falcon.HTTPSeeOther("/")


class Site:
    """The pages."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show the files."""
        respond(resp, self._pages.home(req.context.viewer))

    def on_get_file(self, req: falcon.Request, resp: falcon.Response, resource: str) -> None:
        """Show one."""
        respond(resp, self._pages.file(req.context.viewer, resource, req.remote_addr))

    def on_get_album(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show the folder that cookies open."""
        respond(resp, self._pages.show_album(req.context.viewer, req.remote_addr))

    def refused(self, req: falcon.Request, resp: falcon.Response, error: falcon.HTTPError) -> None:
        """Show the site's own page for a refusal, whoever refused: we or the library."""
        # It may come before the session, from Falcon itself.
        viewer = req.context.get("viewer")
        respond(resp, self._pages.refused(viewer, error.status_code))


def respond(resp: falcon.Response, page: Page | Deny) -> None:
    """Put a page on the response, or refuse."""
    if isinstance(page, Deny):
        raise falcon.HTTPError(page.status)
    resp.status = page.status
    resp.set_headers(page.headers)
    for value in page.set_cookies:
        resp.append_header("Set-Cookie", value)
    resp.text = page.html


def create_app(settings: Mapping[str, Any], pages: Pages) -> falcon.App[Any, Any]:
    """
    Make the site.

    Args:
        settings: `CLOUDFRONT_DOMAIN` and `CLOUDFRONT_CONFIG`.
        pages: What there is to show.
    """
    # Made anew at each start: whoever was logged in is not any more.
    session = Session(secrets.token_hex())
    app = falcon.App(middleware=[session])
    app.add_route("/content/{resource:path}", Content.from_config(settings))
    app.add_route("/link/{resource:path}", Link.from_config(settings))
    app.add_route("/folder/{resource:path}", Folder.from_config(settings))

    site = Site(pages)
    app.add_route("/", site)
    app.add_route("/file/{resource:path}", site, suffix="file")
    app.add_route("/album", site, suffix="album")
    login = Login(session)
    app.add_route("/login", login)
    app.add_route("/logout", login, suffix="out")
    app.add_static_route("/static", str(STATIC))
    app.set_error_serializer(site.refused)
    return app
