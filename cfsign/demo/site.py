"""
The site, to copy from: it knows its viewers and who may read what, and the library does the rest.

Its pages are in `cfsign.demo.pages`.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from flask import Flask, request, session

from cfsign import Allow
from cfsign_flask import CloudFront, SignedRedirectView

VIEWERS = {"ada": "Ada", "ben": "Ben"}

#: Who may read a file, or all that is in a folder: cookies open a folder as a whole.
READERS = {
    "Polar lights over the fjord.svg": {"ada", "ben"},
    "Führer über die Gipfel.pdf": {"ada", "ben"},
    "Huts + passes.txt": {"ada", "ben"},
    "100% wool.txt": {"ada"},
    "Rated 4* and up.txt": {"ben"},
    "Gone in two seconds.txt": {"ada", "ben"},
    "Ada's letter.txt": {"ada"},
    "Ben's diary.txt": {"ben"},
    "A day at the lake": {"ada"},
    "A day at the lake house": {"ben"},
}

cloudfront = CloudFront()


def may_read(viewer: str, resource: str) -> bool:
    """Tell whether *viewer* may read *resource*: the site's own rule, and all of it."""
    folder = resource.rpartition("/")[0]
    return viewer in READERS.get(folder or resource, ())


class Content(SignedRedirectView):
    """Sends those who may read a file to the edge, with a signed URL."""

    # The one parameter of the viewer's that goes on to the edge; every other is dropped.
    forward_query = ("lang",)

    def authorize(self, resource: str, **url_args: Any) -> int | Allow:
        """Refuse with 401 whoever is not logged in, with 403 whoever may not; allow the rest."""
        viewer = session.get("viewer")
        if viewer is None:
            return 401
        if not may_read(viewer, resource):
            return 403
        if resource == "Führer über die Gipfel.pdf":
            return Allow(ip_address=request.remote_addr)
        if resource == "Gone in two seconds.txt":
            return Allow(expires_in=2)
        return 200


class Link(Content):
    """Gives the signed URL to a script, which may want it before it goes there."""

    delivery = "json"


class Folder(Content):
    """Opens all of the file's folder by cookies, and sends the viewer to the plain URL."""

    delivery = "cookies"


def create_app(settings: Mapping[str, Any]) -> Flask:
    """
    Make the site.

    Args:
        settings: `CLOUDFRONT_DOMAIN` and `CLOUDFRONT_CONFIG`.
    """
    app = Flask(__name__)
    app.config.update(settings)
    # Made anew at each start: whoever was logged in is not any more.
    app.config.update(SECRET_KEY=secrets.token_hex(), SESSION_COOKIE_SAMESITE="Lax")
    cloudfront.init_app(app)
    app.add_url_rule("/content/<path:resource>", view_func=Content.as_view("content"))
    app.add_url_rule("/link/<path:resource>", view_func=Link.as_view("link"))
    app.add_url_rule("/folder/<path:resource>", view_func=Folder.as_view("folder"))
    return app
