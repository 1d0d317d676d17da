"""A Starlette site."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.middleware.sessions import SessionMiddleware
from starlette.responses import PlainTextResponse, RedirectResponse

# --8<--
from cfsign_starlette import RenewFolders

# --8<--
from tests.conformance.logins.members import find_folder, make_cookies

IS_ASGI = True


# --8<--
async def folder_for(request):
    return find_folder(request.session.get("user"))  # "members", an Allow with a folder, or None


# --8<--
def add_headers(response: Any, headers: Any) -> Any:
    for name, value in headers:
        response.headers.append(name, value)
    return response


def add_middleware(app: Any, cookies: Any) -> None:
    # --8<--
    app.add_middleware(RenewFolders, cookies=cookies, folder_for=folder_for)
    # --8<--


def add_routes(app: Any, cookies: Any) -> Any:
    """Add the routes of the Starlette site and of the FastAPI site."""

    async def login(request):
        request.session["user"] = request.path_params["user"]
        return RedirectResponse("/page", 303)

    # --8<--
    async def logout(request):
        request.session.clear()
        response = RedirectResponse("/login", 303)
        for name, value in cookies.revoke_headers("members"):
            response.headers.append(name, value)
        return response

    # --8<--
    async def forget(request):
        request.session.clear()
        return RedirectResponse("/page", 303)

    async def logout_everywhere(request):
        return add_headers(RedirectResponse("/login", 303), cookies.revoke_all_headers())

    async def open_two(request):
        response = PlainTextResponse("opened")
        response.set_cookie("seen", "1")
        add_headers(response, await cookies.grant_headers_async("albums/1"))
        return add_headers(
            response, await cookies.grant_headers_async("albums/2 ü", expires_in=7200)
        )

    async def close_one(request):
        return add_headers(PlainTextResponse("closed"), cookies.revoke_headers("albums/1"))

    async def page(request):
        return PlainTextResponse("page")

    async def public(request):
        headers = {"Cache-Control": request.query_params["cache"]}
        return PlainTextResponse("public", headers=headers)

    for path, endpoint in {
        "/login/{user}": login,
        "/logout": logout,
        "/forget": forget,
        "/logout-everywhere": logout_everywhere,
        "/open": open_two,
        "/close": close_one,
        "/page": page,
        "/public": public,
    }.items():
        app.add_route(path, endpoint, methods=["GET", "POST"])
    return app


def create_app(settings: Mapping[str, Any], renews: bool = True) -> Any:
    cookies = make_cookies(settings)
    app = Starlette()
    if renews:
        add_middleware(app, cookies)
    app.add_middleware(SessionMiddleware, secret_key="secret")
    return add_routes(app, cookies)
