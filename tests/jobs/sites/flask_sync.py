"""A Flask site."""

from __future__ import annotations

import flask

from cfsign import Allow, Deny
from cfsign_flask import CloudFront, SignedRedirectView
from tests.jobs.sites import BILLS

IS_ASGI = False

cloudfront = CloudFront()


def current_user():
    return flask.request.headers.get("X-User")  # your login


# 1: a private static site
class Manual(SignedRedirectView):
    delivery = "cookies"
    folder = "manual"
    cookie_domain = "example.com"

    def authorize(self, resource):
        return 200 if current_user() else 401


# 2: a video, by cookies
class Watch(SignedRedirectView):
    delivery = "cookies"
    cookie_domain = "example.com"
    cookie_expires_in = 4 * 3600  # longer than the film

    def authorize(self, resource):
        is_open = resource.startswith("videos/42/") and current_user()
        return Allow(folder="videos/42") if is_open else 403


# 3: a video, by the signature of its folder
class Play(SignedRedirectView):
    delivery = "json"  # the player adds the query of this URL to each segment

    def authorize(self, resource):
        is_open = resource.startswith("videos/42/") and current_user()
        return Allow(folder="videos/42", expires_in=4 * 3600) if is_open else 403


# 4: the name of a download
class Download(SignedRedirectView):
    def authorize(self, resource):
        return Allow(download_name="Größe 100%.pdf") if current_user() else 403


# 5: a script of another origin
class Link(SignedRedirectView):
    delivery = "json"
    headers = {"Access-Control-Allow-Origin": "https://app.example.com"}

    def authorize(self, resource):
        return 200 if current_user() else 403


# 6: login and logout
def login():
    response = flask.make_response("Welcome.")
    return cloudfront.grant_folder(response, "members", expires_in=1200)


def logout():
    return cloudfront.revoke_folder(flask.redirect("/"), "members")


# 7: a second distribution
class Clip(SignedRedirectView):
    distribution = "videos"

    def authorize(self, resource):
        return 200 if current_user() else 403


# 8: another duration for each user, and for one address
class Personal(SignedRedirectView):
    def authorize(self, resource):
        seconds = 3600 if current_user() == "ada" else 60
        return Allow(expires_in=seconds, ip_address=flask.request.remote_addr)


# 9: a page with 200 thumbnails
def album():
    return flask.render_template_string(
        "{% for i in range(200) %}"
        "<img src=\"{{ cloudfront_url('albums/7/%d.jpg' % i, folder='albums/7') }}\">"
        "{% endfor %}"
        "<a href=\"{{ cloudfront_url('albums/7/0.jpg', view='own') }}\">first</a>"
    )


# 12: the URL of a stored file
def avatar():
    return {"avatar": cloudfront.distribution.sign_path("avatars/ada 1.png", expires_in=600)}


# 14: a file whose name a user has chosen
class Own(SignedRedirectView):
    def authorize(self, resource):
        return 200 if resource.startswith(f"{current_user()}/") else 403


# 15: a file behind a database id
class Bill(SignedRedirectView):
    def resource_for(self, number):
        return BILLS.get(number) or Deny(404)

    def authorize(self, resource, number):
        return 200 if resource.startswith(f"bills/{current_user()}/") else 404


# the routes
VIEWS = {
    "/manual/<path:resource>": Manual,
    "/watch/<path:resource>": Watch,
    "/play/<path:resource>": Play,
    "/download/<path:resource>": Download,
    "/link/<path:resource>": Link,
    "/personal/<path:resource>": Personal,
    "/own/<path:resource>": Own,
    "/bills/<int:number>": Bill,
}


def create_app(settings, convert=lambda view: view):
    app = flask.Flask(__name__)
    app.config.update(settings or {})  # or none: then the environment is read
    cloudfront.init_app(app)
    for rule, view in VIEWS.items():
        app.add_url_rule(rule, view_func=convert(view).as_view(view.__name__.lower()))
    for page in (login, logout, album, avatar):
        app.add_url_rule(f"/{page.__name__}", view_func=page)
    if settings and "CLOUDFRONT_DISTRIBUTIONS" in settings:
        app.add_url_rule("/clips/<path:resource>", view_func=convert(Clip).as_view("clip"))
    return app
