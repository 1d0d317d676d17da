"""The pages around the private files: log in, choose a file, see what opens it."""

from __future__ import annotations

from typing import Any

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from cfsign.demo.anatomy import dissect_cookies, dissect_url
from cfsign.demo.files import ALBUM, FILES, PICTURE, PLAN
from cfsign.demo.site import VIEWERS, Folder, Link, cloudfront, may_read
from cfsign.demo.tampering import TAMPERINGS
from cfsign.trusted_keys import TrustedKeyGroup

_KEYS = "demo-trusted-keys"

pages = Blueprint("pages", __name__)


def add_pages(app: Flask, trusted_keys: TrustedKeyGroup) -> None:
    """
    Give the site its pages.

    Args:
        app: The site.
        trusted_keys: What the edge trusts, for the page that tells what it would answer. To sign,
            a site needs none of it.
    """
    app.extensions[_KEYS] = trusted_keys
    app.register_blueprint(pages)


@pages.get("/")
def home() -> str:
    """Show the viewers to log in as, and the files."""
    return render_template("home.html")


@pages.get("/file/<path:resource>")
def show(resource: str) -> str:
    """Show a file, and the signed URL that opens it taken apart."""
    # By the view itself: the page has what a script would get, and is refused as one would be.
    url = Link().get(resource).get_json()["url"]
    file = next((file for file in FILES if file.name == resource), None)
    if file is None:
        abort(404)
    other = cloudfront.distribution.url((PLAN if file == PICTURE else PICTURE).name)
    check = current_app.extensions[_KEYS].check
    return render_template(
        "file.html",
        file=file,
        url=url,
        anatomy=dissect_url(url),
        tamperings=[
            (each, changed, check(changed, viewer_ip=request.remote_addr))
            for each in TAMPERINGS
            for changed in [each.apply(url, other)]
        ],
    )


@pages.get("/album")
def show_album() -> Response:
    """Show the album's pictures by their plain URLs, which cookies open."""
    url = cloudfront.distribution.url
    pictures = [file for file in FILES if file.folder == ALBUM]
    cookies = Folder().get(pictures[0].name).headers.getlist("Set-Cookie")
    response = make_response(
        render_template(
            "album.html",
            pictures=[(file, url(file.name)) for file in pictures],
            outside=[(file, url(file.name)) for file in (PLAN, PICTURE)],
            anatomy=dissect_cookies(cookies),
        )
    )
    response.headers.extend({"Set-Cookie": cookies})
    return response


@pages.post("/login")
def login() -> AnyResponse:
    """Take the viewer at their word: this is a demo, and nothing of it leaves this machine."""
    viewer = request.form.get("viewer")
    if viewer not in VIEWERS:
        abort(400)
    session["viewer"] = viewer
    return redirect(url_for("pages.home"), 303)


@pages.post("/logout")
def logout() -> AnyResponse:
    """Forget the viewer."""
    session.clear()
    return redirect(url_for("pages.home"), 303)


@pages.app_errorhandler(HTTPException)
def refused(error: HTTPException) -> AnyResponse:
    """Show the site's own page for a refusal, whoever refused: a view of ours or the library's."""
    # What the error brings is kept, such as the Allow header of a 405.
    response = error.get_response()
    response.data = render_template("refused.html", status=response.status_code, error=error)
    response.content_type = "text/html; charset=utf-8"
    return response


@pages.app_context_processor
def common() -> dict[str, Any]:
    """Give every page the viewer, and what there is to choose from."""
    viewer = session.get("viewer")

    def readers(resource: str) -> list[str]:
        return [name for name in VIEWERS if may_read(name, resource)]

    return {
        "viewer": viewer,
        "viewers": VIEWERS,
        "files": FILES,
        "album": ALBUM,
        "readers": readers,
        "site": request.host_url.rstrip("/"),
        "edge": cloudfront.distribution.domain,
    }


@pages.after_app_request
def keep_nothing(response: Response) -> Response:
    """Let no cache keep a page: it holds a signed URL, or a viewer's name."""
    if response.mimetype == "text/html":
        response.headers.setdefault("Cache-Control", "no-store")
    return response
