"""A FastAPI site. Its routes decide, and pass the decision on."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, FastAPI, Request

from cfsign import Allow, Deny
from cfsign.views import SiteConfig
from cfsign_starlette import signed_redirect
from tests.jobs.sites import BILLS
from tests.jobs.sites.starlette import add_logins, add_pages

IS_ASGI = True


async def current_user(request: Request) -> str | None:
    return request.headers.get("X-User")  # your login


User = Annotated[str | None, Depends(current_user)]


def create_app(settings):
    app = FastAPI()
    site = SiteConfig.from_config(settings) if settings else SiteConfig.from_env()
    add_logins(app, site.distribution)
    add_pages(app, site.distribution)

    # 1: a private static site
    manual = signed_redirect(site, delivery="cookies", folder="manual", cookie_domain="example.com")

    @app.get("/manual/{resource:path}")
    async def open_manual(request: Request, resource: str, user: User):
        return await manual(request, resource, 200 if user else 401)

    # 2: a video, by cookies
    watch = signed_redirect(
        site, delivery="cookies", cookie_domain="example.com", cookie_expires_in=4 * 3600
    )

    @app.get("/watch/videos/{film}/{name:path}")
    async def watch_video(request: Request, film: str, name: str, user: User):
        decision = Allow(folder=f"videos/{film}") if film == "42" and user else 403
        return await watch(request, f"videos/{film}/{name}", decision)

    # 3: a video, by the signature of its folder
    play = signed_redirect(site, delivery="json")  # the player adds the query to each segment

    @app.get("/play/videos/{film}/{name:path}")
    async def play_video(request: Request, film: str, name: str, user: User):
        is_open = film == "42" and user
        decision = Allow(folder=f"videos/{film}", expires_in=4 * 3600) if is_open else 403
        return await play(request, f"videos/{film}/{name}", decision)

    # 4: the name of a download
    media = signed_redirect(site)

    @app.get("/download/{resource:path}")
    async def download(request: Request, resource: str, user: User):
        decision = Allow(download_name="Größe 100%.pdf") if user else 403
        return await media(request, resource, decision)

    # 5: a script of another origin
    cors = {"Access-Control-Allow-Origin": "https://app.example.com"}
    link = signed_redirect(site, delivery="json", headers=cors)

    @app.get("/link/{resource:path}")
    async def get_link(request: Request, resource: str, user: User):
        return await link(request, resource, 200 if user else 403)

    # 8: another duration for each user, and for one address
    @app.get("/personal/{resource:path}")
    async def personal(request: Request, resource: str, user: User):
        seconds = 3600 if user == "ada" else 60
        decision = Allow(expires_in=seconds, ip_address=request.client.host)
        return await media(request, resource, decision)

    # 14: a file whose name a user has chosen
    @app.get("/own/{resource:path}")
    async def own(request: Request, resource: str, user: User):
        decision = 200 if resource.startswith(f"{user}/") else 403
        return await media(request, resource, decision)

    # 15: a file behind a database id
    @app.get("/bills/{number}")
    async def bill(request: Request, number: int, user: User):
        resource = BILLS.get(number, "")
        decision = 200 if resource.startswith(f"bills/{user}/") else 404
        return await media(request, resource or Deny(404), decision)

    # 7: a second distribution
    if "videos" in site.distributions:
        clips = signed_redirect(site.distributions["videos"])

        @app.get("/clips/{resource:path}")
        async def clip(request: Request, resource: str, user: User):
            return await clips(request, resource, 200 if user else 403)

    return app
