"""A Falcon site under ASGI."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import falcon.asgi

from cfsign_falcon.asgi import RenewFolders
from tests.conformance.logins import falcon_wsgi
from tests.conformance.logins.members import find_folder, make_cookies

IS_ASGI = True


class Session:
    async def process_request(self, req, resp):
        req.context.user = req.cookies.get("user") or None


async def folder_for(req):
    return find_folder(req.context.user)


def make_async(resource: type) -> type:
    """Return a class with the methods of *resource*, made async."""

    def convert(method: Any) -> Any:
        async def call(self: Any, req: Any, resp: Any, **params: Any) -> None:
            method(self, req, resp, **params)

        return call

    members = {
        name: convert(method) if name.startswith("on_") else method
        for name, method in vars(resource).items()
        if inspect.isfunction(method)
    }
    return type(resource.__name__, (), members)


def create_app(settings: Mapping[str, Any], renews: bool = True) -> Any:
    cookies = make_cookies(settings)
    middleware = [Session(), RenewFolders(cookies, folder_for)] if renews else [Session()]
    return falcon_wsgi.add_routes(
        falcon.asgi.App(middleware=middleware),
        make_async(falcon_wsgi.Pages)(cookies),
        make_async(falcon_wsgi.Logout)(cookies),
    )
