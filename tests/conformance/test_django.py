"""Django only: mixins in front of the views, settings, checks, the template tag."""

import base64
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


@pytest.fixture
def settings(django):
    """Override settings for one test."""
    from django.test import override_settings

    return override_settings


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
    url = html.unescape(text)
    assert "/a%20b.jpg?Expires=" in url
    assert trusted_keys.check(url).allowed


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


def test_misspelt_attribute_warns(django):
    """`as_view` warns."""
    from cfsign import CfsignWarning
    from cfsign_django.views import SignedRedirectView

    def authorize(self, request, resource):
        return 200

    members = {"authorize": authorize, "forward_querry": ("v",)}
    with pytest.warns(
        CfsignWarning, match="V.forward_querry is not an option; did you mean forward_query"
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


KEYS = ("CLOUDFRONT_DOMAIN", "CLOUDFRONT_CONFIG")


@pytest.fixture
def check(django, settings, site_settings):
    """Return a function that runs the checks with other settings and returns their ids."""
    from django.core.checks import run_checks

    def run(domain="https://media.example.com", config=None, **others):
        config = site_settings["CLOUDFRONT_CONFIG"] | (config or {})
        config = {name: value for name, value in config.items() if value is not None}
        with settings(CLOUDFRONT_DOMAIN=domain, CLOUDFRONT_CONFIG=config, **others):
            messages = [m for m in run_checks() if (m.id or "").startswith("cfsign_django.")]
        assert all(message.hint for message in messages)
        return [message.id.removeprefix("cfsign_django.") for message in messages]

    return run


def test_right_settings_pass_the_checks(check):
    """There is no message."""
    assert check() == []
    assert check(config={"expires": 300, "expiry_step": 60, "code": 302}) == []


@pytest.mark.parametrize(
    ("number", "setting"),
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
def test_wrong_domain_is_found(check, number, setting):
    """A missing scheme, a path or no domain is an error; plain http is a warning."""
    assert check(setting) == [number]


@pytest.mark.parametrize(
    "setting",
    [
        "http://127.0.0.1",
        "http://127.0.0.1:8001",
        "http://127.0.0.2:8000",
        "http://localhost:8001",
        "http://app.localhost",
    ],
)
def test_plain_http_to_this_machine_is_allowed(check, setting):
    """It is the local edge, whose URLs do not leave the machine."""
    assert check(setting) == []


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
        ("E005", {"cache_redirect": True}),
        ("E005", {"domain": "https://media.example.com"}),
    ],
)
def test_each_wrong_setting_is_found(check, number, config):
    """Each has its id."""
    assert check(config=config) == [number]


@pytest.mark.parametrize(
    ("setting", "members", "options"),
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
def test_cookies_that_cannot_reach_the_distribution_are_found(
    check, settings, setting, members, options
):
    """The check also finds views below an include and a decorator; the first request raises."""
    from django.contrib.auth.decorators import login_required
    from django.core.checks import run_checks
    from django.test import RequestFactory
    from django.urls import include, path

    from cfsign import ConfigurationError
    from cfsign_django.views import SignedRedirectView

    def authorize(self, request, resource):
        raise AssertionError("called before the options were checked")

    view = type("Films", (SignedRedirectView,), {"authorize": authorize, **members})
    wrong = view.as_view(**options)
    right = view.as_view(delivery="json")
    routes = [
        path("", include([path("f/<path:resource>", login_required(wrong))])),
        path("g/<path:resource>", right),
        path("h/", lambda request: None),
    ]
    urls = type("urls", (), {"urlpatterns": routes})
    assert check(setting, ROOT_URLCONF=urls) == ["E006"]
    with settings(CLOUDFRONT_DOMAIN=setting, ROOT_URLCONF=urls):
        (message,) = [m for m in run_checks() if m.id == "cfsign_django.E006"]
        assert "Films: " in message.msg
        with pytest.raises(ConfigurationError):
            wrong(RequestFactory().get("/a.txt"), resource="a.txt")


def test_asynchronous_key_in_a_sync_view_is_found(check, site_environ):
    """In an async view it is allowed."""
    from django.urls import path

    from cfsign_django.views import AsyncSignedRedirectView, SignedRedirectView

    async def authorize(self, request, resource):
        return 200

    plain = type("Plain", (SignedRedirectView,), {"authorize": lambda *args: 200})
    asynchronous = type("Async", (AsyncSignedRedirectView,), {"authorize": authorize})
    config = settings_from({**site_environ, "SITE_KEY_KIND": "async"})["CLOUDFRONT_CONFIG"]
    for view, ids in ((plain, ["E006"]), (asynchronous, [])):
        routes = [path("f/<path:resource>", view.as_view())]
        urls = type("urls", (), {"urlpatterns": routes})
        assert check(config=config, ROOT_URLCONF=urls) == ids


def test_checks_see_the_arguments_of_as_view(check):
    """The argument corrects the wrong attribute of the class."""
    from django.urls import path

    from cfsign_django.views import SignedRedirectView

    def authorize(self, request, resource):
        return 200

    members = {"authorize": authorize, "delivery": "cookies", "cookie_domain": "example.org"}
    view = type("Films", (SignedRedirectView,), members)
    routes = [path("<path:resource>", view.as_view(cookie_domain="example.com"))]
    assert check(ROOT_URLCONF=type("urls", (), {"urlpatterns": routes})) == []


def test_all_mistakes_are_reported_at_once(check):
    """One run of the checks lists them."""
    wrong = {"key_pair_id": "", "private_key": None, "expires": 0, "colour": "red"}
    assert sorted(check("", wrong)) == ["E001", "E002", "E003", "E004", "E005"]


def test_missing_settings_are_found(django, settings):
    """Each required one has its message."""
    from django.core.checks import run_checks

    with settings(**dict.fromkeys(KEYS)):
        ids = {message.id for message in run_checks()}
    assert {"cfsign_django.E001", "cfsign_django.E002", "cfsign_django.E003"} <= ids


def test_settings_that_are_not_a_dict_are_found(django, settings):
    """The checks report them and do not raise."""
    from django.core.checks import run_checks

    for config in (["key_pair_id"], "private_key.pem", 7):
        with settings(CLOUDFRONT_DOMAIN="https://media.example.com", CLOUDFRONT_CONFIG=config):
            ids = {message.id for message in run_checks()}
        assert "cfsign_django.E005" in ids


def test_slow_backend_is_a_warning(check, monkeypatch):
    """A signature by `rsa` takes milliseconds."""
    monkeypatch.setattr("cfsign.config.checks.choose_backend", lambda: "rsa")
    assert check() == ["W002"]


@pytest.mark.parametrize("root", ["STATIC_ROOT", "MEDIA_ROOT", "STATICFILES_DIRS"])
def test_key_in_a_public_folder_is_a_warning(check, pem, tmp_path, root, monkeypatch):
    """The site would serve the key."""
    (tmp_path / "static" / "keys").mkdir(parents=True)
    key = tmp_path / "static" / "keys" / "private_key.pem"
    key.write_text(pem)
    folder = str(tmp_path / "static")
    monkeypatch.setenv("HOME", folder)
    indirect = str(tmp_path / "x" / ".." / "static/keys/private_key.pem")
    for private_key in (str(key), key, indirect, "~/keys/private_key.pem"):
        (tmp_path / "x").mkdir(exist_ok=True)
        value = [("prefix", folder)] if root == "STATICFILES_DIRS" else folder
        assert check(config={"private_key": private_key}, **{root: value}) == ["W003"]
    private = tmp_path / "static-private"
    private.mkdir()
    (private / "key.pem").write_text(pem)
    value = [folder] if root == "STATICFILES_DIRS" else folder
    assert check(config={"private_key": str(private / "key.pem")}, **{root: value}) == []
    for text in (pem, base64.b64encode(pem.encode()).decode()):
        assert check(config={"private_key": text}, **{root: value}) == []


class CustomPath:
    """A path of a class of the site."""

    def __init__(self, path):
        self._path = path

    def __fspath__(self):
        return str(self._path)


def test_key_behind_a_link_is_a_warning(check, pem, tmp_path):
    """The key or the folder may be a symbolic link, which file servers follow."""
    private, media = tmp_path / "private", tmp_path / "media"
    private.mkdir()
    media.mkdir()
    (private / "key.pem").write_text(pem)
    (media / "key.pem").symlink_to(private / "key.pem")
    (tmp_path / "public").symlink_to(media)
    for root in (media, tmp_path / "public"):
        for key in (
            media / "key.pem",
            tmp_path / "public" / "key.pem",
            CustomPath(media / "key.pem"),
        ):
            assert check(config={"private_key": key}, MEDIA_ROOT=str(root)) == ["W003"]
        assert check(config={"private_key": private / "key.pem"}, MEDIA_ROOT=str(root)) == []
    (tmp_path / "link.pem").symlink_to(private / "key.pem")
    assert check(config={"private_key": tmp_path / "link.pem"}, MEDIA_ROOT=str(private)) == ["W003"]


def test_key_in_an_apps_static_folder_is_a_warning(check, django, pem, tmp_path, monkeypatch):
    """`collectstatic` would publish it."""
    from django.apps import apps

    (tmp_path / "static").mkdir()
    key = tmp_path / "static" / "private_key.pem"
    key.write_text(pem)
    assert check(config={"private_key": key}) == []
    monkeypatch.setattr(apps.get_app_config("cfsign"), "path", str(tmp_path))
    assert check(config={"private_key": key}) == ["W003"]


def test_warnings_of_cfsign_are_messages_of_the_checks(check, django, settings, site_settings):
    """They are not raised, even where warnings are errors (`python -W error`)."""
    from django.core.checks import run_checks

    shared = {"headers": {"Cache-Control": "public"}}
    assert check(config=shared) == ["W004"]
    assert sorted(check("", shared)) == ["E001", "W004"]
    config = site_settings["CLOUDFRONT_CONFIG"] | shared
    with settings(CLOUDFRONT_CONFIG=config):
        (message,) = [m for m in run_checks() if m.id == "cfsign_django.W004"]
    assert "use private or no-store" in message.msg


def test_warnings_of_other_libraries_are_passed_on(check, monkeypatch):
    """Such as those of a library that loads the key."""

    def backend():
        warnings.warn("an old OpenSSL", UserWarning, stacklevel=1)
        return "cryptography"

    monkeypatch.setattr("cfsign.config.checks.choose_backend", backend)
    with pytest.warns(UserWarning, match="an old OpenSSL"):
        assert check() == []


def test_check_can_be_silenced(django, settings, site_settings):
    """`SILENCED_SYSTEM_CHECKS` takes its id."""
    from django.core.checks import run_checks

    site = site_settings | {"CLOUDFRONT_DOMAIN": "http://media.example.com"}
    for silenced in ([], ["cfsign_django.W001"]):
        with settings(**site, SILENCED_SYSTEM_CHECKS=silenced):
            (warning,) = (m for m in run_checks() if m.id == "cfsign_django.W001")
            assert warning.is_silenced() is bool(silenced)


def test_deployment_checks_pass(servers, site_environ):
    """`python -W error manage.py check --deploy` finds nothing."""
    environ = {
        **site_environ,
        "SITE_DOMAIN": "https://media.example.com",
        "DJANGO_SETTINGS_MODULE": "tests.conformance.drivers.django_deployed",
    }
    line = ["-W", "error", "-m", "django", "check", "--deploy", "--fail-level", "WARNING"]
    process, log = servers.spawn("django_sync", [sys.executable, *line], environ)
    assert process.wait(60) == 0, log.read_text()
    assert "no issues (0 silenced)" in log.read_text()


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
