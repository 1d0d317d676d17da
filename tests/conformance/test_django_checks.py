"""Django's system checks of the settings and the views."""

import base64
import sys
import warnings

import pytest

from tests.conformance.keys import KINDS
from tests.conformance.site import settings_from

KEYS = ("CLOUDFRONT_DOMAIN", "CLOUDFRONT_CONFIG", "CLOUDFRONT_DISTRIBUTIONS")


@pytest.fixture
def check(django, settings, site_settings):
    """Return a function that runs the checks with other settings and returns their ids."""
    from django.core.checks import run_checks

    def run(domain="https://media.example.com", config=None, **others):
        config = site_settings["CLOUDFRONT_CONFIG"] | (config or {})
        config = {name: value for name, value in config.items() if value is not None}
        # The site has a view for it. A key that is not loaded here has no warnings.
        videos = {
            "domain": "https://videos.example.com",
            "key_pair_id": "K2JCJMDEHXQW5F",
            "private_key": KINDS["blocking"](site_settings["CLOUDFRONT_CONFIG"]["private_key"]),
        }
        others = {"CLOUDFRONT_DISTRIBUTIONS": {"videos": videos}, **others}
        with settings(CLOUDFRONT_DOMAIN=domain, CLOUDFRONT_CONFIG=config, **others):
            messages = [m for m in run_checks() if (m.id or "").startswith("cfsign_django.")]
        assert all(message.hint for message in messages)
        return [message.id.removeprefix("cfsign_django.") for message in messages]

    return run


def test_right_settings_pass_the_checks(check):
    """There is no message."""
    assert check() == []
    assert check(config={"expires": 300, "expiry_step": 60, "code": 302}) == []


class NoRoutes:
    """A site without views."""

    urlpatterns = ()


@pytest.fixture
def check_site(django, settings, site_settings):
    """Return a function that runs the checks with settings alone, and returns (id, text)."""
    from django.core.checks import run_checks

    def run(**given):
        with settings(**dict.fromkeys(KEYS) | {"ROOT_URLCONF": NoRoutes} | given):
            messages = [m for m in run_checks() if (m.id or "").startswith("cfsign_django.")]
        return [(m.id.removeprefix("cfsign_django."), m.msg.partition(":")[0]) for m in messages]

    return run


def test_every_alias_is_checked(check_site, site_settings):
    """The name of the setting has the alias."""
    entry = site_settings["CLOUDFRONT_CONFIG"] | {"domain": "https://media.example.com"}
    entries = {"default": entry, "videos": entry}
    assert check_site(CLOUDFRONT_DISTRIBUTIONS=entries) == []
    entries["videos"] = entry | {"domain": "http://v.example.com", "key_pair_id": "K 1"}
    entries["images"] = entry | {"expires_in": 0}
    entries["a/b"] = entry
    label = 'CLOUDFRONT_DISTRIBUTIONS["{}"]["{}"]'.format
    assert check_site(CLOUDFRONT_DISTRIBUTIONS=entries) == [
        ("E005", "CLOUDFRONT_DISTRIBUTIONS"),
        ("E002", label("videos", "key_pair_id")),
        ("W001", label("videos", "domain")),
        ("E004", label("images", "expires_in")),
    ]


def test_site_without_settings_is_checked_with_the_environment(
    check_site, site_settings, monkeypatch
):
    """As the site uses it."""
    monkeypatch.setenv("CLOUDFRONT_DOMAIN", "https://media.example.com")
    monkeypatch.setenv(
        "CLOUDFRONT_PRIVATE_KEY_FILE", site_settings["CLOUDFRONT_CONFIG"]["private_key"]
    )
    assert check_site() == [("E002", "CLOUDFRONT_KEY_PAIR_ID")]
    monkeypatch.setenv("CLOUDFRONT_KEY_PAIR_ID", "K1")
    assert check_site() == []


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


def test_route_without_resource_is_found(check):
    """Below an include, too; not if the file is chosen in another way."""
    from django.contrib.auth.mixins import LoginRequiredMixin
    from django.urls import include, path, re_path

    from cfsign_django.views import AsyncSignedRedirectView, SignedRedirectView

    async def authorize(self, request, resource):
        return 200

    view = type("V", (LoginRequiredMixin, SignedRedirectView), {"authorize": lambda *args: 200})
    asynchronous = type("Async", (AsyncSignedRedirectView,), {"authorize": authorize})
    own_get = type("OwnGet", (view,), {"get": lambda self, request, n: None})
    for wrong in (
        path("f/<path:filename>", view.as_view()),
        path("f/<path:filename>", asynchronous.as_view()),
        path("f/<int:n>/", include([path("", view.as_view())])),
        re_path("^f/(?P<name>.*)$", view.as_view()),
    ):
        urls = type("urls", (), {"urlpatterns": [wrong]})
        assert check(ROOT_URLCONF=urls) == ["E006"]
    right = [
        path("a/<path:resource>", view.as_view()),
        path("b", view.as_view(), {"resource": "a.txt"}),
        path("c/<path:resource>/", include([path("", asynchronous.as_view())])),
        path("d/", include([path("", view.as_view())]), {"resource": "a.txt"}),
        re_path("^e/(.*)$", view.as_view()),
        path("f/<int:n>", own_get.as_view()),
    ]
    assert check(ROOT_URLCONF=type("urls", (), {"urlpatterns": right})) == []


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
