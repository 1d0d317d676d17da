"""A Flask site with async functions."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from flask import Flask, redirect, session

from cfsign_flask import CloudFront
from tests.conformance.logins.flask_sync import add_pages
from tests.conformance.logins.members import find_folder

IS_ASGI = False


def create_app(settings: Mapping[str, Any], renews: bool = True) -> Flask:
    app = Flask("site")
    cloudfront = CloudFront()  # and the application later

    async def folder_for(request):
        await asyncio.sleep(0)
        return find_folder(session.get("user"))

    if renews:
        cloudfront.renew_folders(folder_for)
    app.config.update(settings, SECRET_KEY="secret")
    cloudfront.init_app(app)

    @app.post("/login/<user>")
    async def login(user):
        session["user"] = user
        return redirect("/page")

    @app.post("/logout")
    async def logout():
        session.clear()
        return cloudfront.revoke_folder(redirect("/login"), "members")

    return add_pages(app, cloudfront)
