"""A Falcon site under WSGI."""

from __future__ import annotations

import html

import falcon

from cfsign import Allow, Deny
from cfsign.views import SiteConfig
from cfsign_falcon import FolderCookies, SignedRedirectResource
from tests.jobs.sites import BILLS

IS_ASGI = False


def current_user(req):
    return req.get_header("X-User")  # your login


# 1: a private static site
class Manual(SignedRedirectResource):
    delivery = "cookies"
    folder = "manual"
    cookie_domain = "example.com"

    def authorize(self, req, resource):
        return 200 if current_user(req) else 401


# 2: a video, by cookies
class Watch(SignedRedirectResource):
    delivery = "cookies"
    cookie_domain = "example.com"
    cookie_expires_in = 4 * 3600  # longer than the film

    def authorize(self, req, resource):
        is_open = resource.startswith("videos/42/") and current_user(req)
        return Allow(folder="videos/42") if is_open else 403


# 3: a video, by the signature of its folder
class Play(SignedRedirectResource):
    delivery = "json"  # the player adds the query of this URL to each segment

    def authorize(self, req, resource):
        is_open = resource.startswith("videos/42/") and current_user(req)
        return Allow(folder="videos/42", expires_in=4 * 3600) if is_open else 403


# 4: the name of a download
class Download(SignedRedirectResource):
    def authorize(self, req, resource):
        return Allow(download_name="Größe 100%.pdf") if current_user(req) else 403


# 5: a script of another origin
class Link(SignedRedirectResource):
    delivery = "json"
    headers = {"Access-Control-Allow-Origin": "https://app.example.com"}

    def authorize(self, req, resource):
        return 200 if current_user(req) else 403


# 6: login and logout
class Login:
    def __init__(self, distribution):
        self.cookies = FolderCookies(distribution, domain="example.com", expires_in=1200)

    def on_get(self, req, resp):
        for name, value in self.cookies.grant_headers("members"):
            resp.append_header(name, value)


class Logout(Login):
    def on_get(self, req, resp):
        for name, value in self.cookies.revoke_headers("members"):
            resp.append_header(name, value)
        resp.status, resp.location = 303, "/"


# 7: a second distribution
class Clip(SignedRedirectResource):
    distribution = "videos"

    def authorize(self, req, resource):
        return 200 if current_user(req) else 403


# 8: another duration for each user, and for one address
class Personal(SignedRedirectResource):
    def authorize(self, req, resource):
        seconds = 3600 if current_user(req) == "ada" else 60
        return Allow(expires_in=seconds, ip_address=req.remote_addr)


# 9: a page with 200 thumbnails
class Album:
    def __init__(self, distribution):
        self.distribution = distribution

    def on_get(self, req, resp):
        media, signed = self.distribution, self.distribution.sign_folder("albums/7")
        urls = [signed.url(media.unsigned_url(f"albums/7/{i}.jpg")) for i in range(200)]
        pictures = [f'<img src="{html.escape(url)}">' for url in urls]
        resp.content_type = falcon.MEDIA_HTML
        resp.text = "".join(pictures) + '<a href="/own/albums/7/0.jpg">first</a>'


# 12: the URL of a stored file
class Avatar(Album):
    def on_get(self, req, resp):
        resp.media = {"avatar": self.distribution.sign_path("avatars/ada 1.png", expires_in=600)}


# 14: a file whose name a user has chosen
class Own(SignedRedirectResource):
    def authorize(self, req, resource):
        return 200 if resource.startswith(f"{current_user(req)}/") else 403


# 15: a file behind a database id
class Bill(SignedRedirectResource):
    def resource_for(self, req, number):
        return BILLS.get(number) or Deny(404)

    def authorize(self, req, resource, number):
        return 200 if resource.startswith(f"bills/{current_user(req)}/") else 404


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
PAGES = {"/login": Login, "/logout": Logout, "/album": Album, "/avatar": Avatar}


def create_app(settings, app=None, convert=lambda view: view, convert_page=lambda page: page):
    app = app or falcon.App()
    site = SiteConfig.from_config(settings) if settings else SiteConfig.from_env()
    for template, view in VIEWS.items():
        app.add_route(template, convert(view)(site))
    for template, page in PAGES.items():
        app.add_route(template, convert_page(page)(site.distribution))
    if "videos" in site.distributions:
        app.add_route("/clips/{resource:path}", convert(Clip)(site))
    return app
