"""A FastAPI site; `folder_for` is a plain function."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from starlette.middleware.sessions import SessionMiddleware

from cfsign_starlette import RenewFolders
from tests.conformance.logins.members import find_folder, make_cookies
from tests.conformance.logins.starlette import add_routes

IS_ASGI = True


def folder_for(request):
    return find_folder(request.session.get("user"))


def create_app(settings: Mapping[str, Any], renews: bool = True) -> Any:
    cookies = make_cookies(settings)
    app = FastAPI()
    app.add_middleware(SessionMiddleware, secret_key="secret")
    if renews:  # outside of the sessions: the application's scope is shared
        app.add_middleware(RenewFolders, cookies=cookies, folder_for=folder_for)
    return add_routes(app, cookies)
