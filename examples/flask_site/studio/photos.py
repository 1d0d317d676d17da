"""The rule, which is the site's own, and the view that delivers a photo by it."""

from __future__ import annotations

from typing import Any

from flask import session
from werkzeug.wrappers import Response

from cfsign_flask import SignedRedirectView

from . import db
from .accounts import to_login


def authorize(resource: str) -> int | Response:
    """
    Allow a client the albums that are shared with them, and send a visitor to log in.

    The album is the first folder, and all that lies below it is for the same clients; so the
    cookies that open a folder open nothing that this would refuse.
    """
    client = session.get("client")
    if client is None:
        return to_login()
    album, slash, _ = resource.partition("/")
    return 200 if slash and is_shared(album, client) else 403


def is_shared(album: str, client: str) -> bool:
    """Tell whether *client* may see *album*."""
    statement = "SELECT 1 FROM share WHERE album = ? AND client = ?"
    return bool(db.column(statement, album, client))


class Photo(SignedRedirectView):
    """Sends a client to a photo of theirs, by a signed URL."""

    def authorize(self, resource: str, **url_args: Any) -> int | Response:
        """Ask the site's rule."""
        return authorize(resource)
