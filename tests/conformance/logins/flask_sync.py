"""A Flask site."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import flask
from flask import Flask, redirect, request, session

# --8<--
from cfsign_flask import CloudFront

# --8<--
from tests.conformance.logins.members import find_folder

IS_ASGI = False


def create_app(settings: Mapping[str, Any], renews: bool = True) -> Flask:
    app = Flask("site")
    app.config.update(settings, SECRET_KEY="secret")
    # --8<--
    cloudfront = CloudFront(app)

    def folder_for(request):
        return find_folder(session.get("user"))  # "members", an Allow with a folder, or None

    # --8<--
    if renews:
        # --8<--
        cloudfront.renew_folders(folder_for)
    # --8<--

    @app.post("/login/<user>")
    def login(user):
        session["user"] = user
        return redirect("/page")

    # --8<--
    @app.post("/logout")
    def logout():
        session.clear()
        return cloudfront.revoke_folder(redirect("/login"), "members")

    # --8<--
    return add_pages(app, cloudfront)


def add_pages(app: Flask, cloudfront: CloudFront) -> Flask:
    """Add the pages that the tests of both Flask sites need."""

    @app.post("/forget")
    def forget():
        session.clear()
        return redirect("/page")

    @app.post("/logout-everywhere")
    def logout_everywhere():
        return cloudfront.revoke_all(redirect("/login"))

    @app.post("/open")
    def open_two():
        response = flask.make_response("opened")
        response.set_cookie("seen", "1")
        cloudfront.grant_folder(response, "albums/1")
        return cloudfront.grant_folder(response, "albums/2 ü", expires_in=7200)

    @app.post("/close")
    def close_one():
        return cloudfront.revoke_folder(flask.make_response("closed"), "albums/1")

    @app.get("/page")
    def page():
        return "page"

    @app.get("/public")
    def public():
        return "public", {"Cache-Control": request.args["cache"]}

    return app
