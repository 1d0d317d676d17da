"""A Django site."""

from __future__ import annotations

from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.template import RequestContext, engines
from django.test import override_settings
from django.urls import path

from cfsign import Allow, Deny
from cfsign_django import distribution, grant_folder, revoke_folder
from cfsign_django.views import SignedRedirectView
from tests.conformance.drivers import django_site  # sets up Django
from tests.jobs.sites import BILLS

assert django_site

IS_ASGI = False


def current_user(request):
    return request.headers.get("X-User")  # your login


# 1: a private static site
class Manual(SignedRedirectView):
    delivery = "cookies"
    folder = "manual"
    cookie_domain = "example.com"

    def authorize(self, request, resource):
        return 200 if current_user(request) else 401


# 2: a video, by cookies
class Watch(SignedRedirectView):
    delivery = "cookies"
    cookie_domain = "example.com"
    cookie_expires_in = 4 * 3600  # longer than the film

    def authorize(self, request, resource):
        is_open = resource.startswith("videos/42/") and current_user(request)
        return Allow(folder="videos/42") if is_open else 403


# 3: a video, by the signature of its folder
class Play(SignedRedirectView):
    delivery = "json"  # the player adds the query of this URL to each segment

    def authorize(self, request, resource):
        is_open = resource.startswith("videos/42/") and current_user(request)
        return Allow(folder="videos/42", expires_in=4 * 3600) if is_open else 403


# 4: the name of a download
class Download(SignedRedirectView):
    def authorize(self, request, resource):
        return Allow(download_name="Größe 100%.pdf") if current_user(request) else 403


# 5: a script of another origin
class Link(SignedRedirectView):
    delivery = "json"
    headers = {"Access-Control-Allow-Origin": "https://app.example.com"}

    def authorize(self, request, resource):
        return 200 if current_user(request) else 403


# 6: login and logout
def login(request):
    return grant_folder(HttpResponse("Welcome."), "members", expires_in=1200)


def logout(request):
    return revoke_folder(HttpResponseRedirect("/"), "members")


# 7: a second distribution
class Clip(SignedRedirectView):
    distribution = "videos"

    def authorize(self, request, resource):
        return 200 if current_user(request) else 403


# 8: another duration for each user, and for one address
class Personal(SignedRedirectView):
    def authorize(self, request, resource):
        seconds = 3600 if current_user(request) == "ada" else 60
        return Allow(expires_in=seconds, ip_address=request.META["REMOTE_ADDR"])


# 9: a page with 200 thumbnails
ALBUM = """{% load cfsign %}
{% for name in names %}
<img src="{% cloudfront_url name folder='albums/7' %}">
{% endfor %}
<a href="{% cloudfront_url 'albums/7/0.jpg' view='own' %}">first</a>
"""


def album(request):
    names = [f"albums/7/{i}.jpg" for i in range(200)]
    template = engines["django"].engine.from_string(ALBUM)
    return HttpResponse(template.render(RequestContext(request, {"names": names})))


# 12: the URL of a stored file
def avatar(request):
    return JsonResponse({"avatar": distribution().sign_path("avatars/ada 1.png", expires_in=600)})


# 14: a file whose name a user has chosen
class Own(SignedRedirectView):
    def authorize(self, request, resource):
        return 200 if resource.startswith(f"{current_user(request)}/") else 403


# 15: a file behind a database id
class Bill(SignedRedirectView):
    def resource_for(self, request, number):
        return BILLS.get(number) or Deny(404)

    def authorize(self, request, resource, number):
        return 200 if resource.startswith(f"bills/{current_user(request)}/") else 404


# the routes
VIEWS = {
    "manual/<path:resource>": Manual,
    "watch/<path:resource>": Watch,
    "play/<path:resource>": Play,
    "download/<path:resource>": Download,
    "link/<path:resource>": Link,
    "personal/<path:resource>": Personal,
    "own/<path:resource>": Own,
    "clips/<path:resource>": Clip,
    "bills/<int:number>": Bill,
}


def handler404(request, exception):
    return HttpResponse("Not found.", status=404)


PAGES = [path(page.__name__, page) for page in (login, logout, album, avatar)]

urlpatterns = PAGES + [
    path(route, view.as_view(), name=view.__name__.lower()) for route, view in VIEWS.items()
]


def override(settings, module):
    """Return the settings of a site, for the time of a request."""
    names = ("CLOUDFRONT_DOMAIN", "CLOUDFRONT_CONFIG", "CLOUDFRONT_DISTRIBUTIONS")
    site = {name: (settings or {}).get(name) for name in names}
    return override_settings(**site, ROOT_URLCONF=module)


def create_app(settings):
    with override(settings, __name__):
        app = get_wsgi_application()

    def call(environ, start_response):
        with override(settings, __name__):
            return app(environ, start_response)

    return call
