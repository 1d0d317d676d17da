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
from cfsign.demo.users import FOLDERS, authorize, get_folder, is_user
from cfsign_flask import CloudFront, SignedRedirectView

cloudfront = CloudFront()
site = Blueprint("site", __name__)


class Content(SignedRedirectView):
    """Redirects users who may read a file to its signed URL."""

    # The only query parameter that is forwarded to the edge.
    forward_query = ("lang",)

    def authorize(self, resource: str, **url_args: Any) -> int | Allow:
        """Return the decision of the site's access rule."""
        return authorize(session.get("user"), resource, request.remote_addr)


class Link(Content):
    """Returns the signed URL as JSON, for scripts."""

    delivery = "json"


class Folder(Content):
    """Sets cookies for the folder of a file, and redirects to its plain URL."""

    delivery = "cookies"
    folder = staticmethod(get_folder)


site.add_url_rule("/content/<path:resource>", view_func=Content.as_view("content"))
site.add_url_rule("/link/<path:resource>", view_func=Link.as_view("link"))
site.add_url_rule("/folder/<path:resource>", view_func=Folder.as_view("folder"))


@site.get("/")
def home() -> AnyResponse:
    """Return the home page."""
    return respond(pages().home(session.get("user")))


@site.get("/file/<path:resource>")
def file(resource: str) -> AnyResponse:
    """Return the page of a file."""
    return respond(pages().file(session.get("user"), resource, request.remote_addr))


@site.get("/album")
def album() -> AnyResponse:
    """Return the page of the album."""
    return respond(pages().album_page(session.get("user"), request.remote_addr))


@site.post("/login")
def login() -> AnyResponse:
    """Log the user in without a password, because this is a demo."""
    user = request.form.get("user")
    if not is_user(user):
        abort(400)
    session["user"] = user
    return redirect("/", 303)


@site.post("/logout")
def logout() -> AnyResponse:
    """Log the user out, and delete the cookies of the folders from the browser."""
    session.clear()
    response = redirect("/", 303)
    for folder in FOLDERS:
        cloudfront.revoke_folder(response, folder)
    return response


@site.app_errorhandler(HTTPException)
def refusal(error: HTTPException) -> AnyResponse:
    """Return the page of a refusal, by a view of the site or of the library."""
    # The error's own headers stay, such as Allow of a 405.
    response = error.get_response()
    page = pages().refusal(session.get("user"), response.status_code)
    response.data = page.html
    response.headers.update(page.headers)
    return response


def pages() -> Pages:
    """Return the pages of the current site."""
    site_pages: Pages = current_app.config["PAGES"]
    return site_pages


def respond(page: Page | Deny) -> AnyResponse:
    """Return a page as a response, or refuse the request."""
    if isinstance(page, Deny):
        abort(page.status)
    response = Response(page.html, page.status, page.headers)
    response.headers.extend({"Set-Cookie": page.set_cookies})
    return response


def create_app(settings: Mapping[str, Any], pages: Pages) -> Flask:
    """
    Create the site.

    Args:
        settings: `CLOUDFRONT_DOMAIN` and `CLOUDFRONT_CONFIG`.
        pages: The HTML pages.
    """
    app = Flask(__name__, static_folder=STATIC, static_url_path="/static")
    app.config.update(settings)
    app.config.update(
        PAGES=pages,
        # A new key at each start, which ends all sessions.
        SECRET_KEY=secrets.token_hex(),
        SESSION_COOKIE_SAMESITE="Lax",
    )
    cloudfront.init_app(app)
    app.register_blueprint(site)
    return app
