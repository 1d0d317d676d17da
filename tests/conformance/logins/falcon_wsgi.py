"""A Falcon site under WSGI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import falcon

# --8<--
from cfsign_falcon import RenewFolders

# --8<--
from tests.conformance.logins.members import find_folder, make_cookies

IS_ASGI = False


class Session:
    """The user in a cookie. Sign yours."""

    def process_request(self, req, resp):
        req.context.user = req.cookies.get("user") or None


# --8<--
def folder_for(req):
    return find_folder(req.context.user)  # "members", an Allow with a folder, or None


class Logout:
    def __init__(self, cookies):
        self.cookies = cookies

    def on_post(self, req, resp):
        req.context.user = None
        resp.unset_cookie("user")
        for name, value in self.cookies.revoke_headers("members"):
            resp.append_header(name, value)


# --8<--
class Pages:
    def __init__(self, cookies):
        self.cookies = cookies

    def on_post_login(self, req, resp, user):
        req.context.user = user
        resp.set_cookie("user", user, path="/", secure=False)

    def on_post_forget(self, req, resp):
        req.context.user = None
        resp.unset_cookie("user", path="/")

    def on_post_everywhere(self, req, resp):
        for name, value in self.cookies.revoke_all_headers():
            resp.append_header(name, value)

    def on_post_open(self, req, resp):
        resp.set_cookie("seen", "1")
        headers = (
            *self.cookies.grant_headers("albums/1"),
            *self.cookies.grant_headers("albums/2 ü", expires_in=7200),
        )
        for name, value in headers:
            resp.append_header(name, value)

    def on_post_close(self, req, resp):
        for name, value in self.cookies.revoke_headers("albums/1"):
            resp.append_header(name, value)

    def on_get(self, req, resp):
        resp.text = "page"

    def on_get_public(self, req, resp):
        resp.text = "public"
        resp.set_header("Cache-Control", req.get_param("cache"))


def create_app(settings: Mapping[str, Any], renews: bool = True) -> Any:
    cookies = make_cookies(settings)
    app = falcon.App(middleware=Session())
    if renews:
        # --8<--
        app.add_middleware(RenewFolders(cookies, folder_for))
        # --8<--
    return add_routes(app, Pages(cookies), Logout(cookies))


def add_routes(app: Any, pages: Any, logout: Any) -> Any:
    """Add the routes of both Falcon sites."""
    app.add_route("/login/{user}", pages, suffix="login")
    app.add_route("/logout", logout)
    app.add_route("/forget", pages, suffix="forget")
    app.add_route("/logout-everywhere", pages, suffix="everywhere")
    app.add_route("/open", pages, suffix="open")
    app.add_route("/close", pages, suffix="close")
    app.add_route("/page", pages)
    app.add_route("/public", pages, suffix="public")
    return app
