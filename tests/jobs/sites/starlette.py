"""A Starlette site."""

from __future__ import annotations

import html

from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse

from cfsign import Allow, Deny
from cfsign.views import SiteConfig
from cfsign_starlette import FolderCookies, SignedRedirectEndpoint
from tests.jobs.sites import BILLS

IS_ASGI = True


def current_user(request):
    return request.headers.get("X-User")  # your login


# 1: a private static site
class Manual(SignedRedirectEndpoint):
    delivery = "cookies"
    folder = "manual"
    cookie_domain = "example.com"

    async def authorize(self, request, resource):
        return 200 if current_user(request) else 401


# 2: a video, by cookies
class Watch(SignedRedirectEndpoint):
    delivery = "cookies"
    cookie_domain = "example.com"
    cookie_expires_in = 4 * 3600  # longer than the film

    async def authorize(self, request, resource):
        is_open = resource.startswith("videos/42/") and current_user(request)
        return Allow(folder="videos/42") if is_open else 403


# 3: a video, by the signature of its folder
class Play(SignedRedirectEndpoint):
    delivery = "json"  # the player adds the query of this URL to each segment

    async def authorize(self, request, resource):
        is_open = resource.startswith("videos/42/") and current_user(request)
        return Allow(folder="videos/42", expires_in=4 * 3600) if is_open else 403


# 4: the name of a download
class Download(SignedRedirectEndpoint):
    async def authorize(self, request, resource):
        return Allow(download_name="Größe 100%.pdf") if current_user(request) else 403


# 5: a script of another origin
class Link(SignedRedirectEndpoint):
    delivery = "json"
    headers = {"Access-Control-Allow-Origin": "https://app.example.com"}

    async def authorize(self, request, resource):
        return 200 if current_user(request) else 403


# 6: login and logout
def add_logins(app, distribution):
    cookies = FolderCookies(distribution, domain="example.com", expires_in=1200)

    async def login(request):
        response = PlainTextResponse("Welcome.")
        for name, value in await cookies.grant_headers_async("members"):
            response.headers.append(name, value)
        return response

    async def logout(request):
        response = RedirectResponse("/", 303)
        for name, value in cookies.revoke_headers("members"):
            response.headers.append(name, value)
        return response

    app.add_route("/login", login)
    app.add_route("/logout", logout)


# 7: a second distribution
class Clip(SignedRedirectEndpoint):
    distribution = "videos"

    async def authorize(self, request, resource):
        return 200 if current_user(request) else 403


# 8: another duration for each user, and for one address
class Personal(SignedRedirectEndpoint):
    async def authorize(self, request, resource):
        seconds = 3600 if current_user(request) == "ada" else 60
        return Allow(expires_in=seconds, ip_address=request.client.host)


# 9: a page with 200 thumbnails; 12: the URL of a stored file
def add_pages(app, media):
    async def album(request):
        signed = await media.sign_folder_async("albums/7")
        urls = [signed.url(media.unsigned_url(f"albums/7/{i}.jpg")) for i in range(200)]
        pictures = [f'<img src="{html.escape(url)}">' for url in urls]
        return HTMLResponse("".join(pictures) + '<a href="/own/albums/7/0.jpg">first</a>')

    async def avatar(request):
        url = await media.sign_path_async("avatars/ada 1.png", expires_in=600)
        return JSONResponse({"avatar": url})

    app.add_route("/album", album)
    app.add_route("/avatar", avatar)


# 14: a file whose name a user has chosen
class Own(SignedRedirectEndpoint):
    async def authorize(self, request, resource):
        return 200 if resource.startswith(f"{current_user(request)}/") else 403


# 15: a file behind a database id
class Bill(SignedRedirectEndpoint):
    async def resource_for(self, request, number):
        return BILLS.get(number) or Deny(404)

    async def authorize(self, request, resource, number):
        return 200 if resource.startswith(f"bills/{current_user(request)}/") else 404


# the routes
VIEWS = {
    "/manual/{resource:path}": Manual,
    "/watch/{resource:path}": Watch,
    "/play/{resource:path}": Play,
    "/download/{resource:path}": Download,
    "/link/{resource:path}": Link,
    "/personal/{resource:path}": Personal,
    "/own/{resource:path}": Own,
    "/bills/{number:int}": Bill,
}


def create_app(settings):
    app = Starlette()
    site = SiteConfig.from_config(settings) if settings else SiteConfig.from_env()
    for path, endpoint in VIEWS.items():
        app.add_route(path, endpoint.as_endpoint(site))
    if "videos" in site.distributions:
        app.add_route("/clips/{resource:path}", Clip.as_endpoint(site))
    add_logins(app, site.distribution)
    add_pages(app, site.distribution)
    return app
