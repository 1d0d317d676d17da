"""The site on Flask."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Flask, Response, abort, current_app, redirect, request, session
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from cfsign import Allow, Deny
from cfsign.demo.pages import STATIC, Page, Pages
from cfsign.demo.readers import is_viewer, permission
from cfsign_flask import CloudFront, SignedRedirectView

cloudfront = CloudFront()
site = Blueprint("site", __name__)


class Content(SignedRedirectView):
    """Sends those who may read a file to the edge, with a signed URL."""

    # The one parameter of the viewer's that goes on to the edge; every other is dropped.
    forward_query = ("lang",)

    def authorize(self, resource: str, **url_args: Any) -> int | Allow:
        """Ask the site's own rule."""
        return permission(session.get("viewer"), resource, request.remote_addr)


class Link(Content):
    """Gives the signed URL to a script, which may want it before it goes there."""

    delivery = "json"


class Folder(Content):
    """Opens all of the file's folder by cookies, and sends the viewer to the plain URL."""

    delivery = "cookies"


site.add_url_rule("/content/<path:resource>", view_func=Content.as_view("content"))
site.add_url_rule("/link/<path:resource>", view_func=Link.as_view("link"))
site.add_url_rule("/folder/<path:resource>", view_func=Folder.as_view("folder"))


@site.get("/")
def home() -> AnyResponse:
    """Show the files."""
    return respond(pages().home(session.get("viewer")))


@site.get("/file/<path:resource>")
def file(resource: str) -> AnyResponse:
    """Show one."""
    return respond(pages().file(session.get("viewer"), resource, request.remote_addr))


@site.get("/album")
def album() -> AnyResponse:
    """Show the folder that cookies open."""
    return respond(pages().show_album(session.get("viewer"), request.remote_addr))


@site.post("/login")
def login() -> AnyResponse:
    """Take the viewer at their word: this is a demo, and nothing of it leaves this machine."""
    viewer = request.form.get("viewer")
    if not is_viewer(viewer):
        abort(400)
    session["viewer"] = viewer
    return redirect("/", 303)


@site.post("/logout")
def logout() -> AnyResponse:
    """Forget the viewer."""
    session.clear()
    return redirect("/", 303)


@site.app_errorhandler(HTTPException)
def refused(error: HTTPException) -> AnyResponse:
    """Show the site's own page for a refusal, whoever refused: a view of ours or the library's."""
    # What the error brings is kept, such as the Allow header of a 405.
    response = error.get_response()
    page = pages().refused(session.get("viewer"), response.status_code)
    response.data = page.html
    response.headers.update(page.headers)
    return response


def pages() -> Pages:
    """Return what there is to show."""
    found: Pages = current_app.config["PAGES"]
    return found


def respond(page: Page | Deny) -> AnyResponse:
    """Make a response of a page, or refuse."""
    if isinstance(page, Deny):
        abort(page.status)
    response = Response(page.html, page.status, page.headers)
    response.headers.extend({"Set-Cookie": page.set_cookies})
    return response


def create_app(settings: Mapping[str, Any], pages: Pages) -> Flask:
    """
    Make the site.

    Args:
        settings: `CLOUDFRONT_DOMAIN` and `CLOUDFRONT_CONFIG`.
        pages: What there is to show.
    """
    app = Flask(__name__, static_folder=STATIC, static_url_path="/static")
    app.config.update(settings)
    app.config.update(
        PAGES=pages,
        # Made anew at each start: whoever was logged in is not any more.
        SECRET_KEY=secrets.token_hex(),
        SESSION_COOKIE_SAMESITE="Lax",
    )
    cloudfront.init_app(app)
    app.register_blueprint(site)
    return app
