"""The site of a photographer; clients see the albums that are shared with them."""

from __future__ import annotations

import posixpath
from os import environ

from flask import Flask

from cfsign_flask import signed_redirect_blueprint

from . import accounts, db, pages
from .extensions import cloudfront
from .photos import Photo, authorize


def create_app() -> Flask:
    """Create the site from the environment; raise if a variable is missing."""
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=environ["SECRET_KEY"],
        DATABASE=environ.get("DATABASE", "studio.sqlite3"),
        SESSION_COOKIE_SECURE=environ.get("LOCAL_HTTP") != "1",
        SESSION_COOKIE_SAMESITE="Lax",
        CLOUDFRONT_DOMAIN=environ.get("CLOUDFRONT_DOMAIN"),
        CLOUDFRONT_CONFIG={
            "key_pair_id": environ.get("CLOUDFRONT_KEY_PAIR_ID"),
            "private_key": environ.get("CLOUDFRONT_PRIVATE_KEY_FILE"),
            "cookie_domain": environ.get("COOKIE_DOMAIN") or None,
            # One set of cookies for the site, which a logout deletes.
            "cookie_path": "/",
        },
    )
    cloudfront.init_app(app)
    db.init_app(app)
    app.register_blueprint(accounts.accounts)
    app.register_blueprint(pages.pages)

    # A photo is one file: a signed URL opens it.
    app.add_url_rule("/photos/<path:resource>", view_func=Photo.as_view("photo"))
    # A slideshow is a page with pictures: signed cookies open its folder.
    slideshow = signed_redirect_blueprint(
        "slideshow",
        __name__,
        authorize,
        url_prefix="/slideshow",
        delivery="cookies",
        folder=posixpath.dirname,
    )
    app.register_blueprint(slideshow)
    return app
