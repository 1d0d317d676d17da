"""The pages: the list of albums, an album with its thumbnails, and the error page."""

from __future__ import annotations

from flask import Blueprint, Response, abort, render_template, session
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from . import db
from .accounts import redirect_to_login
from .photos import is_shared

pages = Blueprint("pages", __name__)


@pages.get("/")
def home() -> str | AnyResponse:
    """Show the client's albums."""
    if "client" not in session:
        return redirect_to_login()
    statement = "SELECT album FROM share WHERE client = ? ORDER BY album"
    return render_template("home.html", albums=db.select_column(statement, session["client"]))


@pages.get("/albums/<album>")
def show_album(album: str) -> str | AnyResponse:
    """Show the thumbnails of an album, after checking permission: their URLs are signed."""
    if "client" not in session:
        return redirect_to_login()
    if not is_shared(album, session["client"]):
        abort(403)
    photos = db.select_column("SELECT name FROM photo WHERE album = ? ORDER BY name", album)
    return render_template("album.html", album=album, photos=photos)


@pages.app_errorhandler(HTTPException)
def show_error(error: HTTPException) -> AnyResponse:
    """Show the site's error page; cfsign's refusals use it, too."""
    # Keep the headers of the error, such as Allow for a 405.
    response = error.get_response()
    response.data = render_template("error.html", error=error)
    response.content_type = "text/html; charset=utf-8"
    return response


@pages.after_app_request
def forbid_caching(response: Response) -> Response:
    """Forbid caching of pages, which contain signed URLs; cfsign's responses forbid it already."""
    response.headers.setdefault("Cache-Control", "no-store")
    return response
