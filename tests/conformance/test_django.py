"""What Django alone has: mixins before the views, settings, checks, the template tag."""

import gc
import html
import sys
import warnings
import weakref

import pytest
from asgiref.sync import async_to_sync

from tests.conformance.site import driver, settings_from

GUARDED = "tests.conformance.drivers.django_guarded"


@pytest.fixture(scope="session")
def django(site_settings):
    """Django, set up with the suite's settings."""
    driver("django_sync")
    import django

    return django


@pytest.fixture(scope="session")
def accounts(django):
    """A database in a file with four viewers in it, none of them equal to another."""
    from django.contrib.auth.models import Permission, User
    from django.core.management import call_command
    from django.db import connections

    call_command("migrate", verbosity=0)
    ada = User.objects.create_user("ada", password="a", is_staff=True)
    ada.user_permissions.add(Permission.objects.get(codename="view_group"))
    User.objects.create_user("ben", password="b")
    yield
    connections.close_all()


@pytest.fixture
def settings(django):
    """Override settings for one test."""
    from django.test import override_settings

    return override_settings


@pytest.fixture(params=["WSGI", "ASGI"])
def browser(request, accounts, settings):
    """A browser with cookies, in front of a site under either kind of server."""
    from django.test import AsyncClient, Client

    with settings(ROOT_URLCONF=GUARDED):
        if request.param == "WSGI":
            yield Client()
        else:
            yield AsyncBrowser(AsyncClient())


class AsyncBrowser:
    """Django's async client, for tests that are not."""

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


@pytest.mark.parametrize("colour", ["sync", "async"])
@pytest.mark.parametrize("guard", ["login", "permission", "test"])
def test_djangos_own_mixins_in_front(browser, trusted_keys, guard, colour):
    """They send to the login page, refuse, and let through, whichever the view's colour."""
    url = f"/{guard}/{colour}/b/a.txt"
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


def test_the_template_tag_signs(browser, trusted_keys):
    """`{% cloudfront_url path %}`, escaped as a page needs it."""
    text = browser.get("/page").content.decode()
    assert "&amp;Signature=" in text
    url = html.unescape(text)
    assert "/a%20b.jpg?Expires=" in url
    assert trusted_keys.check(url).allowed


def test_overridden_settings_take_effect(django, settings, site_settings):
    """And are gone with the override: the domain, the life, the status, a view's own options."""
    from django.test import RequestFactory

    from cfsign_django.views import SignedRedirectView

    class View(SignedRedirectView):
        def authorize(self, request, resource):
            return 200

    view = View.as_view()

    def ask():
        response = view(RequestFactory().get("/a.txt"), resource="a.txt")
        return response.status_code, response["Location"].partition("/a.txt?")[0]

    domain = site_settings["CLOUDFRONT_DOMAIN"]
    config = site_settings["CLOUDFRONT_CONFIG"]
    assert ask() == (303, domain)
    with settings(CLOUDFRONT_DOMAIN="https://other.example.com"):
        assert ask() == (303, "https://other.example.com")
        with settings(CLOUDFRONT_CONFIG=config | {"code": 307}):
            assert ask() == (307, "https://other.example.com")
    assert ask() == (303, domain)


def test_options_given_to_as_view_win(django):
    """As with any of Django's generic views."""
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


@pytest.mark.parametrize("colour", ["", "Async"])
def test_a_route_whose_variable_has_another_name_says_so(django, colour):
    """At the first request."""
    from django.test import RequestFactory

    from cfsign import ConfigurationError
    from cfsign_django import views

    def authorize(self, request, resource):
        raise AssertionError("asked, and nobody knows about what")

    async def authorize_async(self, request, resource):
        raise AssertionError("asked, and nobody knows about what")

    members = {"authorize": authorize_async if colour else authorize}
    view = type("V", (getattr(views, f"{colour}SignedRedirectView"),), members).as_view()
    ask = async_to_sync(view) if colour else view
    with pytest.raises(ConfigurationError, match=r"`resource` .its variables: filename"):
        ask(RequestFactory().get("/a.txt"), filename="a.txt")


def test_a_misspelt_attribute_warns(django):
    """When the view is made."""
    from cfsign import CfsignWarning
    from cfsign_django.views import SignedRedirectView

    def authorize(self, request, resource):
        return 200

    members = {"authorize": authorize, "forward_querry": ("v",)}
    with pytest.warns(
        CfsignWarning, match="V.forward_querry is not an option; did you mean forward_query"
    ):
        type("V", (SignedRedirectView,), members).as_view()


def test_an_authorize_of_the_other_colour_names_the_view_to_take(django):
    """Either way."""
    from cfsign_django.views import AsyncSignedRedirectView, SignedRedirectView

    async def late(self, request, resource):
        return 200

    def plain(self, request, resource):
        return 200

    with pytest.raises(TypeError, match=r"V\.authorize is async.*from AsyncSignedRedirectView"):
        type("V", (SignedRedirectView,), {"authorize": late}).as_view()
    with pytest.raises(TypeError, match=r"V\.authorize is not async.*from SignedRedirectView"):
        type("V", (AsyncSignedRedirectView,), {"authorize": plain}).as_view()


def test_headers_given_to_as_view_warn_once(django):
    """When the view is made; not at each request, nor does the dict matter any more then."""
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
    for _ in range(2):  # a warning would be an error here
        response = view(RequestFactory().get("/a.txt"), resource="a.txt")
        assert response["Cache-Control"] == "max-age=60"


def test_the_mixin_goes_in_front_of_a_view_of_the_sites_own(django):
    """And leaves it its other methods."""
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


KEYS = ("CLOUDFRONT_DOMAIN", "CLOUDFRONT_CONFIG")


@pytest.fixture
def check(django, settings, site_settings):
    """Run the checks with settings that differ; return the ids, each shown to have a hint."""
    from django.core.checks import run_checks

    def run(domain="https://media.example.com", config=None, **others):
        stated = site_settings["CLOUDFRONT_CONFIG"] | (config or {})
        stated = {name: value for name, value in stated.items() if value is not None}
        with settings(CLOUDFRONT_DOMAIN=domain, CLOUDFRONT_CONFIG=stated, **others):
            messages = [m for m in run_checks() if (m.id or "").startswith("cfsign_django.")]
        assert all(message.hint for message in messages)
        return [message.id.removeprefix("cfsign_django.") for message in messages]

    return run


def test_right_settings_pass_the_checks(check):
    """A site that has them right sees nothing."""
    assert check() == []
    assert check(config={"expires": 300, "expiry_step": 60, "code": 302}) == []


@pytest.mark.parametrize(
    ("number", "stated"),
    [
        ("E001", None),
        ("E001", "media.example.com"),
        ("E001", "https://media.example.com/files"),
        ("E001", "ftp://media.example.com"),
        ("E001", ""),
        ("W001", "http://media.example.com"),
        ("W001", "http://127.0.0.1.example.com"),
        ("W001", "http://10.0.0.1:8001"),
        ("W001", "http://localhost.example.com"),
    ],
)
def test_each_check_of_the_domain_fires(check, number, stated):
    """No scheme, a path, none at all; and plain http is a warning."""
    assert check(stated) == [number]


@pytest.mark.parametrize(
    "stated",
    ["http://127.0.0.1", "http://127.0.0.1:8001", "http://127.1.2.3:8001", "http://localhost:8001"],
)
def test_plain_http_to_this_machine_is_no_warning(check, stated):
    """It is the local edge's, and nobody listens on the way."""
    assert check(stated) == []


@pytest.mark.parametrize(
    ("number", "config"),
    [
        ("E002", {"key_pair_id": None}),
        ("E002", {"key_pair_id": ""}),
        ("E002", {"key_pair_id": "c9b5ffb7-1c9d-4d1b-8a62-2f9d4a1b7d11"}),
        ("E003", {"private_key": None}),
        ("E003", {"private_key": "/nowhere/private_key.pem"}),
        ("E003", {"private_key": "/"}),
        ("E003", {"private_key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"}),
        ("E003", {"private_key": None, "priv_key_string": "/nowhere/private_key.pem"}),
        ("E004", {"expires": 0}),
        ("E004", {"expires": -60}),
        ("E004", {"expires": "60"}),
        ("E004", {"expiry_step": 0}),
        ("E004", {"expiry_step": 60, "expiry_jitter": 61}),
        ("E005", {"cache_bytes": -1}),
        ("E005", {"expire": 60}),
        ("E005", {"code": 301}),
        ("E005", {"domain": "https://media.example.com"}),
    ],
)
def test_each_check_of_the_other_settings_fires(check, number, config):
    """Each mistake under its own id."""
    assert check(config=config) == [number]


@pytest.mark.parametrize(
    ("where", "members", "options"),
    [
        ("https://d1.cloudfront.net", {"delivery": "cookies", "cookie_domain": "example.com"}, {}),
        ("https://d1.cloudfront.net", {}, {"delivery": "cookies", "cookie_domain": "example.com"}),
        (
            "https://media.example.com",
            {"delivery": "cookies", "cookie_domain": "example.com"},
            {"cookie_domain": "example.org"},
        ),
    ],
)
def test_a_view_whose_cookies_reach_no_distribution(check, settings, where, members, options):
    """Found among the routes, below an include and a decorator too; and at the first request."""
    from django.contrib.auth.decorators import login_required
    from django.core.checks import run_checks
    from django.test import RequestFactory
    from django.urls import include, path

    from cfsign import ConfigurationError
    from cfsign_django.views import SignedRedirectView

    def authorize(self, request, resource):
        raise AssertionError("asked before the view was found to be wrong")

    view = type("Films", (SignedRedirectView,), {"authorize": authorize, **members})
    wrong = view.as_view(**options)
    right = view.as_view(delivery="json")
    routes = [
        path("", include([path("f/<path:resource>", login_required(wrong))])),
        path("g/<path:resource>", right),
        path("h/", lambda request: None),
    ]
    urls = type("urls", (), {"urlpatterns": routes})
    assert check(where, ROOT_URLCONF=urls) == ["E006"]
    with settings(CLOUDFRONT_DOMAIN=where, ROOT_URLCONF=urls):
        (message,) = [m for m in run_checks() if m.id == "cfsign_django.E006"]
        assert "Films: " in message.msg
        with pytest.raises(ConfigurationError):
            wrong(RequestFactory().get("/a.txt"), resource="a.txt")


def test_a_key_that_a_plain_view_does_not_await(check, site_environ):
    """An error of the view's; none of an asynchronous one's."""
    from django.urls import path

    from cfsign_django.views import AsyncSignedRedirectView, SignedRedirectView

    async def awaited(self, request, resource):
        return 200

    plain = type("Plain", (SignedRedirectView,), {"authorize": lambda *args: 200})
    asynchronous = type("Async", (AsyncSignedRedirectView,), {"authorize": awaited})
    config = settings_from({**site_environ, "SITE_KEY_KIND": "awaited"})["CLOUDFRONT_CONFIG"]
    for view, ids in ((plain, ["E006"]), (asynchronous, [])):
        routes = [path("f/<path:resource>", view.as_view())]
        urls = type("urls", (), {"urlpatterns": routes})
        assert check(config=config, ROOT_URLCONF=urls) == ids


def test_options_of_as_view_mend_those_of_the_class(check):
    """What is checked is what the view has in the end."""
    from django.urls import path

    from cfsign_django.views import SignedRedirectView

    def authorize(self, request, resource):
        return 200

    members = {"authorize": authorize, "delivery": "cookies", "cookie_domain": "example.org"}
    view = type("Films", (SignedRedirectView,), members)
    routes = [path("<path:resource>", view.as_view(cookie_domain="example.com"))]
    assert check(ROOT_URLCONF=type("urls", (), {"urlpatterns": routes})) == []


def test_all_mistakes_are_reported_at_once(check):
    """A deployment fails once and not five times."""
    wrong = {"key_pair_id": "", "private_key": None, "expires": 0, "colour": "red"}
    assert sorted(check("", wrong)) == ["E001", "E002", "E003", "E004", "E005"]


def test_no_settings_at_all(django, settings):
    """Neither of the two is there."""
    from django.core.checks import run_checks

    with settings(**dict.fromkeys(KEYS)):
        ids = {message.id for message in run_checks()}
    assert {"cfsign_django.E001", "cfsign_django.E002", "cfsign_django.E003"} <= ids


def test_settings_that_are_no_dict(django, settings):
    """Whatever they are, it is said and not raised."""
    from django.core.checks import run_checks

    for config in (["key_pair_id"], "private_key.pem", 7):
        with settings(CLOUDFRONT_DOMAIN="https://media.example.com", CLOUDFRONT_CONFIG=config):
            ids = {message.id for message in run_checks()}
        assert "cfsign_django.E005" in ids


def test_the_slow_backend_is_a_warning(check, monkeypatch):
    """19 ms a URL is no mistake, and nobody should learn of it from a graph."""
    monkeypatch.setattr("cfsign.config.checks.choose_backend", lambda: "rsa")
    assert check() == ["W002"]


@pytest.mark.parametrize("root", ["STATIC_ROOT", "MEDIA_ROOT", "STATICFILES_DIRS"])
def test_a_key_in_a_public_folder_is_a_warning(check, pem, tmp_path, root, monkeypatch):
    """Whoever asks the site for /static/keys/private_key.pem would get it."""
    (tmp_path / "static" / "keys").mkdir(parents=True)
    key = tmp_path / "static" / "keys" / "private_key.pem"
    key.write_text(pem)
    folder = str(tmp_path / "static")
    monkeypatch.setenv("HOME", folder)
    roundabout = str(tmp_path / "x" / ".." / "static/keys/private_key.pem")
    for private_key in (str(key), key, roundabout, "~/keys/private_key.pem"):
        (tmp_path / "x").mkdir(exist_ok=True)
        value = [("prefix", folder)] if root == "STATICFILES_DIRS" else folder
        assert check(config={"private_key": private_key}, **{root: value}) == ["W003"]
    beside = tmp_path / "static-private"
    beside.mkdir()
    (beside / "key.pem").write_text(pem)
    value = [folder] if root == "STATICFILES_DIRS" else folder
    assert check(config={"private_key": str(beside / "key.pem")}, **{root: value}) == []
    assert check(config={"private_key": pem}, **{root: value}) == []


class Name:
    """A path of a class of the site's own."""

    def __init__(self, path):
        self._path = path

    def __fspath__(self):
        return str(self._path)


def test_a_key_behind_a_link_is_a_warning_too(check, pem, tmp_path):
    """File servers follow a link in their folder; or the folder is itself reached by one."""
    private, media = tmp_path / "private", tmp_path / "media"
    private.mkdir()
    media.mkdir()
    (private / "key.pem").write_text(pem)
    (media / "key.pem").symlink_to(private / "key.pem")
    (tmp_path / "public").symlink_to(media)
    for root in (media, tmp_path / "public"):
        for key in (media / "key.pem", tmp_path / "public" / "key.pem", Name(media / "key.pem")):
            assert check(config={"private_key": key}, MEDIA_ROOT=str(root)) == ["W003"]
        assert check(config={"private_key": private / "key.pem"}, MEDIA_ROOT=str(root)) == []
    (tmp_path / "link.pem").symlink_to(private / "key.pem")
    assert check(config={"private_key": tmp_path / "link.pem"}, MEDIA_ROOT=str(private)) == ["W003"]


def test_a_key_in_an_apps_static_folder_is_a_warning(check, django, pem, tmp_path, monkeypatch):
    """Where `collectstatic` would find it."""
    from django.apps import apps

    (tmp_path / "static").mkdir()
    key = tmp_path / "static" / "private_key.pem"
    key.write_text(pem)
    assert check(config={"private_key": key}) == []
    monkeypatch.setattr(apps.get_app_config("cfsign"), "path", str(tmp_path))
    assert check(config={"private_key": key}) == ["W003"]


def test_what_cfsign_warns_of_is_a_warning_of_the_checks(check, django, settings, site_settings):
    """And not an exception out of them, where warnings are errors; as `python -W error` has it."""
    from django.core.checks import run_checks

    shared = {"headers": {"Cache-Control": "public"}}
    assert check(config=shared) == ["W004"]
    assert sorted(check("", shared)) == ["E001", "W004"]
    config = site_settings["CLOUDFRONT_CONFIG"] | shared
    with settings(CLOUDFRONT_CONFIG=config):
        (message,) = [m for m in run_checks() if m.id == "cfsign_django.W004"]
    assert "use private or no-store" in message.msg


def test_what_others_warn_of_stays_theirs(check, monkeypatch):
    """A library that loads the key may have something to say too."""

    def backend():
        warnings.warn("an old OpenSSL", UserWarning, stacklevel=1)
        return "cryptography"

    monkeypatch.setattr("cfsign.config.checks.choose_backend", backend)
    with pytest.warns(UserWarning, match="an old OpenSSL"):
        assert check() == []


def test_a_check_can_be_silenced(django, settings, site_settings):
    """By its id, as any of Django's."""
    from django.core.checks import run_checks

    stated = site_settings | {"CLOUDFRONT_DOMAIN": "http://media.example.com"}
    for silenced in ([], ["cfsign_django.W001"]):
        with settings(**stated, SILENCED_SYSTEM_CHECKS=silenced):
            (warning,) = (m for m in run_checks() if m.id == "cfsign_django.W001")
            assert warning.is_silenced() is bool(silenced)


def test_a_deployment_with_right_settings_is_clean(servers, site_environ):
    """`python -W error manage.py check --deploy` has nothing to say."""
    environ = {
        **site_environ,
        "SITE_DOMAIN": "https://media.example.com",
        "DJANGO_SETTINGS_MODULE": "tests.conformance.drivers.django_deployed",
    }
    line = ["-W", "error", "-m", "django", "check", "--deploy", "--fail-level", "WARNING"]
    process, log = servers.spawn("django_sync", [sys.executable, *line], environ)
    assert process.wait(60) == 0, log.read_text()
    assert "no issues (0 silenced)" in log.read_text()


@pytest.mark.parametrize("colour", ["", "Async"])
def test_what_a_view_sets_for_one_request_is_that_requests_alone(
    django, settings, site_settings, colour
):
    """Django makes a view a request, so its `setup` may set options: no other viewer gets them."""
    from django.test import RequestFactory

    from cfsign_django import views

    class View(getattr(views, f"{colour}SignedRedirectView")):
        def setup(self, request, *args, **kwargs):
            super().setup(request, *args, **kwargs)
            if "for" in request.GET:
                self.headers = {"X-For": request.GET["for"]}

        def authorize(self, request, resource):
            return 200

        if colour:
            plain = authorize

            async def authorize(self, request, resource):
                return self.plain(request, resource)

    with settings(**site_settings):
        view = View.as_view(code=302)
        ask = async_to_sync(view) if colour else view

        def answered(query):
            return ask(RequestFactory().get(f"/a.txt{query}"), resource="a.txt")

        found = [answered(query).get("X-For") for query in ("?for=ada", "", "?for=ben", "")]
        assert found == ["ada", None, "ben", None]
        assert answered("?for=ada").status_code == 302


@pytest.mark.parametrize("queries", [("?plain", "", "?plain"), ("", "?plain", "")])
def test_an_option_that_a_view_takes_back_for_one_request_is_that_requests_alone(
    django, settings, site_settings, queries
):
    """None is set like any other value, and is not the same as none."""
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
            answer = view(RequestFactory().get(f"/a.txt{query}"), resource="a.txt")
            assert answer.status_code == (303 if query else 200)


@pytest.mark.parametrize("base", ["SignedRedirectView", "AsyncSignedRedirectView"])
@pytest.mark.parametrize("awaits", [False, True])
@pytest.mark.parametrize("method", ["get", "head"])
def test_a_get_of_ones_own_may_have_either_colour(
    django, settings, site_settings, base, awaits, method
):
    """`head` has that of `get`, or Django would refuse the view."""
    from django.http import HttpResponse
    from django.test import RequestFactory

    from cfsign_django import views

    class Plain(getattr(views, base)):
        def authorize(self, request, resource):
            return 200

        def get(self, request, resource):
            return HttpResponse(status=self.authorize(request, resource))

    class Awaited(getattr(views, base)):
        async def authorize(self, request, resource):
            return 200

        async def get(self, request, resource):
            return HttpResponse(status=await self.authorize(request, resource))

    with settings(**site_settings):
        view = (Awaited if awaits else Plain).as_view()
        ask = async_to_sync(view) if awaits else view
        assert ask(getattr(RequestFactory(), method)("/a.txt"), resource="a.txt").status_code == 200


def test_a_view_that_is_made_for_each_request_is_not_kept(django, settings, site_settings):
    """As in `View.as_view(delivery="json")(request)` inside a function of the site's own."""
    from django.test import RequestFactory

    from cfsign_django import conf
    from cfsign_django.views import SignedRedirectView

    class View(SignedRedirectView):
        def authorize(self, request, resource):
            return 200

    with settings(**site_settings):
        before = len(conf.site_config()._handlers)
        for _ in range(3):
            response = View.as_view(code=302)(RequestFactory().get("/a.txt"), resource="a.txt")
            assert response.status_code == 302
        gc.collect()
        assert len(conf.site_config()._handlers) == before


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize("colour", ["", "Async"])
def test_a_request_is_freed_when_it_is_answered(django, settings, site_settings, colour, method):
    """Not when garbage is next collected, as with the `head` that Django gives a view."""
    from django.test import RequestFactory

    from cfsign_django import views

    class View(getattr(views, f"{colour}SignedRedirectView")):
        def authorize(self, request, resource):
            return 200

        if colour:

            async def authorize(self, request, resource):
                return 200

    with settings(**site_settings):
        view = View.as_view()
        ask = async_to_sync(view) if colour else view
        request = getattr(RequestFactory(), method)("/a.txt")
        ended = weakref.ref(request)
        gc.collect()
        gc.disable()
        try:
            assert ask(request, resource="a.txt").status_code == 303
            del request
            assert ended() is None
        finally:
            gc.enable()
