"""The view that authorizes and redirects to a photo."""

from __future__ import annotations

from typing import Any

from flask import session
from werkzeug.wrappers import Response

from cfsign_flask import SignedRedirectView

from . import db
from .accounts import redirect_to_login


def authorize(resource: str) -> int | Response:
    """
    Allow the albums that are shared with the client, and redirect anonymous users to the login.

    The album is the first folder of the path. Everything below it is for the same clients, so
    cookies for a folder never open a file that this function would refuse.
    """
    client = session.get("client")
    if client is None:
        return redirect_to_login()
    album, slash, _ = resource.partition("/")
    return 200 if slash and is_shared(album, client) else 403


def is_shared(album: str, client: str) -> bool:
    """Return True if *client* may see *album*."""
    statement = "SELECT 1 FROM share WHERE album = ? AND client = ?"
    return bool(db.select_column(statement, album, client))


class Photo(SignedRedirectView):
    """Redirect a client to the signed URL of a photo."""

    def authorize(self, resource: str, **url_args: Any) -> int | Response:
        """Apply the rule that the slideshow uses, too."""
        return authorize(resource)
