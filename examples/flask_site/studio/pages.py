"""The pages: a client's albums, an album with its thumbnails, and the page for an error."""

from __future__ import annotations

from flask import Blueprint, Response, abort, render_template, session
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from . import db
from .accounts import to_login
from .photos import is_shared

pages = Blueprint("pages", __name__)


@pages.get("/")
def home() -> str | AnyResponse:
    """List the client's albums."""
    if "client" not in session:
        return to_login()
    statement = "SELECT album FROM share WHERE client = ? ORDER BY album"
    return render_template("home.html", albums=db.column(statement, session["client"]))


@pages.get("/albums/<album>")
def show_album(album: str) -> str | AnyResponse:
    """Show an album's thumbnails; whoever sees the page gets signed URLs, so it asks the rule."""
    if "client" not in session:
        return to_login()
    if not is_shared(album, session["client"]):
        abort(403)
    photos = db.column("SELECT name FROM photo WHERE album = ? ORDER BY name", album)
    return render_template("album.html", album=album, photos=photos)


@pages.app_errorhandler(HTTPException)
def refused(error: HTTPException) -> AnyResponse:
    """Show the site's own page, whoever refuses: a view of its own or one of cfsign's."""
    # What the error brings is kept, such as the Allow header of a 405.
    response = error.get_response()
    response.data = render_template("error.html", error=error)
    response.content_type = "text/html; charset=utf-8"
    return response


@pages.after_app_request
def keep_nothing(response: Response) -> Response:
    """Let no cache keep a page, which holds signed URLs; cfsign's own answers say so already."""
    response.headers.setdefault("Cache-Control", "no-store")
    return response
