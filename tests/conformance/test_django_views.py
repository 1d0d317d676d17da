"""Django only: mixins in front of the views, settings, options, the template tag."""

import gc
import html
import re
import weakref

import pytest
import time_machine
from asgiref.sync import async_to_sync

from tests.conformance.signature import count_signatures

GUARDED = "tests.conformance.drivers.django_guarded"


@pytest.fixture(scope="session")
def accounts(django):
    """A database file with a user who may have the files (ada) and one who may not (ben)."""
    from django.contrib.auth.models import Permission, User
    from django.core.management import call_command
    from django.db import connections

    call_command("migrate", verbosity=0)
    ada = User.objects.create_user("ada", password="a", is_staff=True)
    ada.user_permissions.add(Permission.objects.get(codename="view_group"))
    User.objects.create_user("ben", password="b")
    yield
    connections.close_all()


@pytest.fixture(params=["WSGI", "ASGI"])
def browser(request, accounts, settings):
    """A browser with cookies, under WSGI and ASGI."""
    from django.test import AsyncClient, Client

    with settings(ROOT_URLCONF=GUARDED):
        if request.param == "WSGI":
            yield Client()
        else:
            yield AsyncBrowser(AsyncClient())


class AsyncBrowser:
    """Django's async client, for tests that are not async."""

    def __init__(self, client):
        self._client = client

    def get(self, path):
        return async_to_sync(self._client.get)(path)

    def head(self, path):
        return async_to_sync(self._client.head)(path)

    def post(self, path):
        return async_to_sync(self._client.post)(path)

    def options(self, path):
        return async_to_sync(self._client.options)(path)

    def login(self, **credentials):
        return async_to_sync(self._client.alogin)(**credentials)


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("guard", ["login", "permission", "test"])
def test_djangos_mixins_in_front(browser, trusted_keys, guard, kind):
    """They redirect to the login page, refuse or allow, for sync and async views."""
    url = f"/{guard}/{kind}/b/a.txt"
    anonymous = browser.get(url)
    assert (anonymous.status_code, anonymous["Location"]) == (302, f"/login?next={url}")
    assert browser.login(username="ben", password="b")
    refused = browser.get(url)
    assert refused.status_code == (410 if guard == "login" else 403)
    if refused.status_code == 403:
        assert refused.content == b"the site's own page for 403"
    assert browser.login(username="ada", password="a")
    for response in (browser.get(url), browser.head(url)):
        assert response.status_code == 303
        assert trusted_keys.check(response["Location"]).allowed
        assert "/b/a.txt?Expires=" in response["Location"]
    assert browser.post(url).status_code == 405
    assert browser.options(url)["Allow"] == "GET, HEAD, OPTIONS"


def test_template_tag_signs(browser, trusted_keys):
    """`{% cloudfront_url path %}` returns a signed URL, which the template escapes."""
    text = browser.get("/page").content.decode()
    assert "&amp;Signature=" in text
    href = re.fullmatch("<a href='([^']*)'>", text)
    url = html.unescape(href[1])
    assert "/R&D,%20it's%20(1)&copy=2.jpg?Expires=" in url
    assert trusted_keys.check(url).allowed


@pytest.mark.parametrize("has_request", [True, False])
def test_thumbnails_of_a_page_share_one_signature(django, has_request, trusted_keys, monkeypatch):
    """With `folder`, also in included templates; the next page gets another signature."""
    from django.template import Context, engines
    from django.test import RequestFactory

    engine = engines["django"].engine
    line = "{% load cfsign %}{% cloudfront_url name folder='albums/7' %}\n"
    template = engine.from_string(
        "{% for name in names %}" + line + "{% endfor %}{% include part %}"
    )
    names = [f"albums/7/{i}.jpg" for i in range(200)]
    signed = []
    count_signatures(monkeypatch, signed)
    for now in (1_800_000_000, 1_800_000_009):
        values = {"names": names, "part": engine.from_string(line), "name": "albums/7/last.jpg"}
        if has_request:
            values["request"] = RequestFactory().get("/")
        with time_machine.travel(now, tick=False):
            urls = template.render(Context(values, autoescape=False)).split()
        assert len(set(urls)) == 201
        assert all(trusted_keys.check(url, at=now).allowed for url in urls)
    assert len(signed) == 2


def test_template_tag_links_to_a_view(django, settings):
    """Such a link is not signed, so it works as long as the page is open."""
    from django.template import engines
    from django.urls import path

    class FileRoutes:
        urlpatterns = (path("files/<path:resource>", lambda request: None, name="content"),)

    text = "{% load cfsign %}{% cloudfront_url 'b/a b.txt' view='content' %}"
    with settings(ROOT_URLCONF=FileRoutes):
        assert engines["django"].from_string(text).render({}) == "/files/b/a%20b.txt"


def test_overridden_settings_take_effect(django, settings, site_settings):
    """`override_settings` works for the domain and the options, and ends."""
    from django.test import RequestFactory

    from cfsign_django.views import SignedRedirectView

    class View(SignedRedirectView):
        def authorize(self, request, resource):
            return 200

    view = View.as_view()

    def request():
        response = view(RequestFactory().get("/a.txt"), resource="a.txt")
        return response.status_code, response["Location"].partition("/a.txt?")[0]

    domain = site_settings["CLOUDFRONT_DOMAIN"]
    config = site_settings["CLOUDFRONT_CONFIG"]
    assert request() == (303, domain)
    with settings(CLOUDFRONT_DOMAIN="https://other.example.com"):
        assert request() == (303, "https://other.example.com")
        with settings(CLOUDFRONT_CONFIG=config | {"code": 307}):
            assert request() == (307, "https://other.example.com")
    assert request() == (303, domain)


def test_arguments_of_as_view_override_attributes(django):
    """As in any of Django's generic views."""
    from django.test import RequestFactory

    from cfsign import ConfigurationError
    from cfsign_django.views import SignedRedirectView

    class View(SignedRedirectView):
        code = 302

        def authorize(self, request, resource):
            return 200

    for options, code in (({}, 302), ({"code": 307}, 307)):
        response = View.as_view(**options)(RequestFactory().get("/a.txt"), resource="a.txt")
        assert response.status_code == code
    with pytest.raises(ConfigurationError):
        View.as_view(code=301)
    with pytest.raises(TypeError):
        View.as_view(forward_qeury=("a",))


@pytest.mark.parametrize("prefix", ["", "Async"])
def test_route_without_resource_is_an_error(django, prefix):
    """The first request raises it."""
    from django.test import RequestFactory

    from cfsign import ConfigurationError
    from cfsign_django import views

    def authorize(self, request, resource):
        raise AssertionError("called without a resource")

    async def authorize_async(self, request, resource):
        raise AssertionError("called without a resource")

    members = {"authorize": authorize_async if prefix else authorize}
    view = type("V", (getattr(views, f"{prefix}SignedRedirectView"),), members).as_view()
    call = async_to_sync(view) if prefix else view
    with pytest.raises(ConfigurationError, match=r"`resource` .its variables: filename"):
        call(RequestFactory().get("/a.txt"), filename="a.txt")


def test_misspelt_attribute_is_an_error(django):
    """`as_view` raises."""
    from cfsign import ConfigurationError
    from cfsign_django.views import SignedRedirectView

    def authorize(self, request, resource):
        return 200

    members = {"authorize": authorize, "forward_querry": ("v",)}
    with pytest.raises(
        ConfigurationError, match=r"V\.forward_querry is not an option; did you mean forward_query"
    ):
        type("V", (SignedRedirectView,), members).as_view()


def test_authorize_and_view_must_both_be_async_or_not(django):
    """The error names the class to use."""
    from cfsign_django.views import AsyncSignedRedirectView, SignedRedirectView

    async def authorize_async(self, request, resource):
        return 200

    def authorize(self, request, resource):
        return 200

    with pytest.raises(TypeError, match=r"V\.authorize is async.*from AsyncSignedRedirectView"):
        type("V", (SignedRedirectView,), {"authorize": authorize_async}).as_view()
    with pytest.raises(TypeError, match=r"V\.authorize is not async.*from SignedRedirectView"):
        type("V", (AsyncSignedRedirectView,), {"authorize": authorize}).as_view()


def test_headers_of_as_view_are_copied_and_warn_once(django):
    """`as_view` warns; the requests do not."""
    from django.test import RequestFactory

    from cfsign import CfsignWarning
    from cfsign_django.views import SignedRedirectView

    class View(SignedRedirectView):
        def authorize(self, request, resource):
            return 200

    headers = {"Cache-Control": "max-age=60"}
    with pytest.warns(CfsignWarning):
        view = View.as_view(headers=headers)
    headers["Cache-Control"] = "public"
    for _ in range(2):  # a warning would be an error
        response = view(RequestFactory().get("/a.txt"), resource="a.txt")
        assert response["Cache-Control"] == "max-age=60"


@pytest.mark.parametrize("delivery", ["redirect", "cookies"])
def test_redirect_has_a_url(django, settings, site_settings, delivery):
    """`assertRedirects` and `Client.get(follow=True)` use it."""
    from django.http import HttpResponse
    from django.test import Client, SimpleTestCase
    from django.urls import path

    from cfsign_django.views import SignedRedirectView

    class View(SignedRedirectView):
        def authorize(self, request, resource):
            return 200

    class Routes:
        urlpatterns = (
            path("content/<path:resource>", View.as_view(delivery=delivery, folder="a")),
            path("a/b.txt", lambda request: HttpResponse("the edge")),
        )

    with settings(**site_settings, ROOT_URLCONF=Routes, ALLOWED_HOSTS=["*"]):
        response = Client().get("/content/a/b.txt")
        assert response.url == response["Location"]
        SimpleTestCase().assertRedirects(
            response, response["Location"], status_code=303, fetch_redirect_response=False
        )
        followed = Client().get("/content/a/b.txt", follow=True)
        assert followed.content == b"the edge"
        assert [status for _, status in followed.redirect_chain] == [303]


def test_host_that_is_not_allowed_is_not_checked_for_cookies(
    django, settings, site_settings, caplog
):
    """The check must not turn the request into a 400."""
    from django.test import RequestFactory

    from cfsign_django.views import SignedRedirectView

    class View(SignedRedirectView):
        delivery = "cookies"
        folder = "a"
        cookie_domain = ""

        def authorize(self, request, resource):
            return 200

    with settings(**site_settings, ALLOWED_HOSTS=["www.example.com"]):
        view = View.as_view()
        for host in ("evil.example", "www.example.com"):
            request = RequestFactory().get("/a/b.txt", headers={"Host": host})
            assert view(request, resource="a/b.txt").status_code == 303
    assert "evil.example" not in caplog.text
    assert "www.example.com" in caplog.text


def test_response_without_a_redirect_has_no_url(django, settings, site_settings):
    """A JSON response, for example."""
    from django.test import RequestFactory

    from cfsign_django.views import SignedRedirectView

    class View(SignedRedirectView):
        delivery = "json"

        def authorize(self, request, resource):
            return 200

    with settings(**site_settings):
        response = View.as_view()(RequestFactory().get("/a.txt"), resource="a.txt")
    assert not hasattr(response, "url")


def test_mixin_works_in_front_of_a_view(django):
    """The view keeps its other methods."""
    from django.http import HttpResponse
    from django.test import RequestFactory
    from django.views import View

    from cfsign_django.views import SignedRedirectMixin

    class Files(SignedRedirectMixin, View):
        def authorize(self, request, resource):
            return 200

        def post(self, request, resource):
            return HttpResponse("uploaded", status=201)

    view = Files.as_view()
    assert view(RequestFactory().get("/a.txt"), resource="a.txt").status_code == 303
    assert view(RequestFactory().post("/a.txt"), resource="a.txt").status_code == 201


@pytest.mark.parametrize("prefix", ["", "Async"])
def test_option_set_in_setup_is_for_one_request(django, settings, site_settings, prefix):
    """Django makes a view for each request, and its `setup` may set options."""
    from django.test import RequestFactory

    from cfsign_django import views

    class View(getattr(views, f"{prefix}SignedRedirectView")):
        def setup(self, request, *args, **kwargs):
            super().setup(request, *args, **kwargs)
            if "for" in request.GET:
                self.headers = {"X-For": request.GET["for"]}

        def authorize(self, request, resource):
            return 200

        if prefix:
            plain = authorize

            async def authorize(self, request, resource):
                return self.plain(request, resource)

    with settings(**site_settings):
        view = View.as_view(code=302)
        call = async_to_sync(view) if prefix else view

        def request(query):
            return call(RequestFactory().get(f"/a.txt{query}"), resource="a.txt")

        headers = [request(query).get("X-For") for query in ("?for=ada", "", "?for=ben", "")]
        assert headers == ["ada", None, "ben", None]
        assert request("?for=ada").status_code == 302


def test_distribution_for_set_in_setup_is_for_one_request(django, settings, site_settings):
    from django.test import RequestFactory

    from cfsign_django.views import SignedRedirectView

    class View(SignedRedirectView):
        def setup(self, request, *args, **kwargs):
            super().setup(request, *args, **kwargs)
            if "tenant" in request.GET:
                self.distribution_for = lambda request: request.GET["tenant"]

        def authorize(self, request, resource):
            return 200

    entry = {"domain": site_settings["CLOUDFRONT_DOMAIN"], **site_settings["CLOUDFRONT_CONFIG"]}
    videos = {**entry, "domain": "https://videos.example.com"}
    site = dict.fromkeys(site_settings) | {
        "CLOUDFRONT_DISTRIBUTIONS": {"default": entry, "videos": videos}
    }
    with settings(**site):
        view = View.as_view()
        for query, domain in (("", entry), ("?tenant=videos", videos), ("", entry)):
            response = view(RequestFactory().get(f"/a.txt{query}"), resource="a.txt")
            assert response["Location"].startswith(domain["domain"] + "/")


@pytest.mark.parametrize("queries", [("?plain", "", "?plain"), ("", "?plain", "")])
def test_option_reset_in_setup_is_for_one_request(django, settings, site_settings, queries):
    """`setup` may set an option to None, the site's setting."""
    from django.test import RequestFactory

    from cfsign_django.views import SignedRedirectView

    class View(SignedRedirectView):
        delivery = "json"

        def setup(self, request, *args, **kwargs):
            super().setup(request, *args, **kwargs)
            if "plain" in request.GET:
                self.delivery = None

        def authorize(self, request, resource):
            return 200

    with settings(**site_settings):
        view = View.as_view()
        for query in queries:
            response = view(RequestFactory().get(f"/a.txt{query}"), resource="a.txt")
            assert response.status_code == (303 if query else 200)


@pytest.mark.parametrize("base", ["SignedRedirectView", "AsyncSignedRedirectView"])
@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("method", ["get", "head"])
def test_overridden_get_may_be_async_or_not(
    django, settings, site_settings, base, is_async, method
):
    """`head` is async if `get` is. Otherwise Django would refuse the view."""
    from django.http import HttpResponse
    from django.test import RequestFactory

    from cfsign_django import views

    class Plain(getattr(views, base)):
        def authorize(self, request, resource):
            return 200

        def get(self, request, resource):
            return HttpResponse(status=self.authorize(request, resource))

    class Async(getattr(views, base)):
        async def authorize(self, request, resource):
            return 200

        async def get(self, request, resource):
            return HttpResponse(status=await self.authorize(request, resource))

    with settings(**site_settings):
        view = (Async if is_async else Plain).as_view()
        call = async_to_sync(view) if is_async else view
        assert (
            call(getattr(RequestFactory(), method)("/a.txt"), resource="a.txt").status_code == 200
        )


def test_view_made_for_each_request_is_freed(django, settings, site_settings):
    """`View.as_view(delivery="json")(request)` in a function leaves no handler behind."""
    from django.test import RequestFactory

    from cfsign.views import ViewHandler
    from cfsign_django.views import SignedRedirectView

    class View(SignedRedirectView):
        def authorize(self, request, resource):
            return 200

    with settings(**site_settings):
        for _ in range(3):
            view = View.as_view(code=307, headers={"X-Once": "1"})
            assert view(RequestFactory().get("/a.txt"), resource="a.txt").status_code == 307
        del view
        gc.collect()
        handlers = [each for each in gc.get_objects() if type(each) is ViewHandler]
        assert not [each for each in handlers if "X-Once" in each.options.headers]


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize("prefix", ["", "Async"])
def test_request_is_freed_when_it_is_answered(django, settings, site_settings, prefix, method):
    """No reference cycle keeps it, as Django's default `head` would."""
    from django.test import RequestFactory

    from cfsign_django import views

    class View(getattr(views, f"{prefix}SignedRedirectView")):
        def authorize(self, request, resource):
            return 200

        if prefix:

            async def authorize(self, request, resource):
                return 200

    with settings(**site_settings):
        view = View.as_view()
        call = async_to_sync(view) if prefix else view
        request = getattr(RequestFactory(), method)("/a.txt")
        reference = weakref.ref(request)
        gc.collect()
        gc.disable()
        try:
            assert call(request, resource="a.txt").status_code == 303
            del request
            assert reference() is None
        finally:
            gc.enable()
