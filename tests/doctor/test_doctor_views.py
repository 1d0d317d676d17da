"""`cfsign doctor --flask` and `--django`: views whose options cannot work with the settings."""

import json
import os
import subprocess
import sys

import pytest

pytest.importorskip("click")

DOMAIN = "https://media.example.com"

FLASK = """
import flask
from cfsign_flask import CloudFront, SignedRedirectView

app = flask.Flask("site", root_path=".")
app.config.from_pyfile("site_settings.py")
{before}

class Video(SignedRedirectView):
    delivery = "cookies"

    def authorize(self, resource):
        return 200

app.add_url_rule(
    "/v/<path:resource>", view_func=Video.as_view("video", cookie_domain={cookie_domain!r})
)
app.add_url_rule("/p", "p", lambda: "a page")
"""

DJANGO = """
from django.http import HttpResponse
from django.urls import include, path
from cfsign_django.views import AsyncSignedRedirectView, SignedRedirectView

class Video(SignedRedirectView):
    delivery = "cookies"

    def authorize(self, request, resource):
        return 200

class Film(AsyncSignedRedirectView):
    delivery = "cookies"
    cookie_domain = {cookie_domain!r}

    async def authorize(self, request, resource):
        return 200

print("a site that prints")
nested = [path("<path:resource>", Video.as_view(cookie_domain={cookie_domain!r}))]
urlpatterns = [
    path("p", lambda request: HttpResponse()),
    path("v/", include(nested)),
    path("f/<path:resource>", Film.as_view()),
]
"""


@pytest.fixture
def site(tmp_path, pem):
    """A folder with a settings module for both frameworks."""
    key_file = tmp_path / "key.pem"
    key_file.write_text(pem)
    key_file.chmod(0o600)
    config = {"key_pair_id": "K2JCJMDEHXQW5F", "private_key": str(key_file), "expires_in": 60}
    (tmp_path / "site_settings.py").write_text(
        f"CLOUDFRONT_DOMAIN = {DOMAIN!r}\nCLOUDFRONT_CONFIG = {config!r}\n"
        "ROOT_URLCONF = 'site_urls'\nSECRET_KEY = 'x'\nINSTALLED_APPS = ['cfsign_django']\n"
    )
    return tmp_path


def run(site, *arguments, environ=None):
    """Return the exit code and the JSON object of `cfsign doctor`."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "cfsign", "doctor", "--json", *arguments],
        capture_output=True,
        text=True,
        cwd=site,
        env={k: v for k, v in os.environ.items() if not k.startswith(("CLOUDFRONT_", "DJANGO_"))}
        | {"PYTHONPATH": os.pathsep.join([os.getcwd(), os.environ.get("PYTHONPATH", "")])}
        | (environ or {}),
        timeout=60,
    )
    return done.returncode, json.loads(done.stdout)


def diagnose(site, *arguments, environ=None):
    """Return the exit code and the errors of `cfsign doctor`."""
    code, report = run(site, *arguments, environ=environ)
    problems = report["problems"]
    return code, [(p["setting"], p["message"]) for p in problems if p["level"] == "error"]


MESSAGE = (
    "example.org is not a parent of media.example.com, so browsers do not send the cookies there"
)


@pytest.mark.parametrize("before", ["", "CloudFront(app)"], ids=["later", "at-start-up"])
@pytest.mark.parametrize("target", ["site_app", "site_app:app", "site_app.py"])
def test_conflicting_view_of_a_flask_site_is_an_error(site, before, target):
    """With or without the extension, which itself refuses the view at start-up."""
    pytest.importorskip("flask")
    text = FLASK.format(before=before, cookie_domain="example.org")
    (site / "site_app.py").write_text(text)
    code, errors = diagnose(site, "--flask", target)
    assert (code, errors) == (1, [("Video", MESSAGE)])


def test_async_observer_of_a_flask_site_is_an_error(site):
    """Also if the site has not called the extension."""
    pytest.importorskip("flask")
    (site / "site_app.py").write_text(FLASK.format(before="", cookie_domain="example.com"))
    with (site / "site_settings.py").open("a") as file:
        file.write(
            "async def observe(event, request): ...\nCLOUDFRONT_CONFIG['observers'] = [observe]\n"
        )
    code, errors = diagnose(site, "--flask", "site_app")
    assert (code, errors) == (
        1,
        [("observers", "this view cannot await the async observer observe")],
    )


def test_flask_site_without_conflicts(site):
    """A domain that is given with an option counts instead of the setting."""
    pytest.importorskip("flask")
    text = FLASK.format(before="", cookie_domain="example.com")
    (site / "site_app.py").write_text(text)
    assert diagnose(site, "--flask", "site_app") == (0, [])
    code, errors = diagnose(site, "--flask", "site_app", "--domain", "https://media.example.net")
    assert [setting for setting, _ in errors] == ["Video"]
    assert code == 1


def test_conflicting_views_of_a_django_site_are_errors(site):
    """Each view of the routes, also of included ones."""
    pytest.importorskip("django")
    (site / "site_urls.py").write_text(DJANGO.format(cookie_domain="example.org"))
    code, errors = diagnose(site, "--django", "site_settings")
    assert (code, errors) == (1, [("Video", MESSAGE), ("Film", MESSAGE)])


def test_django_site_without_conflicts(site):
    """There is no error."""
    pytest.importorskip("django")
    (site / "site_urls.py").write_text(DJANGO.format(cookie_domain="example.com"))
    assert diagnose(site, "--django", "site_settings") == (0, [])


def test_django_routes_that_cannot_be_loaded_are_an_error(site):
    """The other problems are reported too."""
    pytest.importorskip("django")
    (site / "site_urls.py").write_text("import no_such_module")
    code, ((setting, message),) = diagnose(site, "--django", "site_settings")
    assert (code, setting) == (1, "")
    assert message.startswith("site_settings cannot be loaded (ModuleNotFoundError: No module")


def test_options_of_the_settings_that_conflict_are_an_error(site):
    """Without a view."""
    with (site / "site_settings.py").open("a") as file:
        file.write("CLOUDFRONT_CONFIG['cache_redirect'] = True\n")
    code, ((_, message),) = diagnose(site, "--flask", "site_settings")
    assert code == 1
    assert message.startswith("cache_redirect needs an expiry_step")


FRAMEWORKS = pytest.mark.parametrize("framework", ["flask", "django"])


@FRAMEWORKS
def test_site_without_settings_is_diagnosed_with_the_environment(site, framework):
    """As the site itself uses it; the report says so."""
    pytest.importorskip(framework)
    (site / "site_urls.py").write_text("urlpatterns = []\n")
    (site / "site_settings.py").write_text("ROOT_URLCONF = 'site_urls'\nSECRET_KEY = 'x'\n")
    environ = {
        "CLOUDFRONT_DOMAIN": DOMAIN,
        "CLOUDFRONT_KEY_PAIR_ID": "K2JCJMDEHXQW5F",
        "CLOUDFRONT_PRIVATE_KEY_FILE": str(site / "key.pem"),
    }
    target = (f"--{framework}", "site_settings")
    code, report = run(site, *target, environ=environ)
    assert (code, report["counts"]["error"]) == (0, 0)
    assert report["source"] == "site_settings, which are those of the environment"
    assert "CLOUDFRONT_PRIVATE_KEY_FILE" in {each["setting"] for each in report["problems"]}
    code, errors = diagnose(site, *target, "--key-pair-id", "K 1", environ=environ)
    assert [setting for setting, _ in errors] == ["--key-pair-id"]
    del environ["CLOUDFRONT_KEY_PAIR_ID"]
    assert [name for name, _ in diagnose(site, *target, environ=environ)[1]] == [
        "CLOUDFRONT_KEY_PAIR_ID"
    ]
    _, errors = diagnose(site, *target)
    assert [name for name, _ in errors[:2]] == ["CLOUDFRONT_CONFIG", "CLOUDFRONT_DOMAIN"]


SEVERAL = """
entry = CLOUDFRONT_CONFIG
CLOUDFRONT_DISTRIBUTIONS = {{
    "default": {{**entry, "domain": CLOUDFRONT_DOMAIN}},
    "videos": {{**entry, "domain": "https://videos.example.com", **{videos!r}}},
}}
del CLOUDFRONT_DOMAIN, CLOUDFRONT_CONFIG
"""


@FRAMEWORKS
def test_every_alias_is_diagnosed(site, framework):
    """Each has its own verification; an option replaces a setting of the default."""
    pytest.importorskip(framework)
    (site / "site_urls.py").write_text("urlpatterns = []\n")
    settings = (site / "site_settings.py").read_text()
    target = (f"--{framework}", "site_settings")
    (site / "site_settings.py").write_text(settings + SEVERAL.format(videos={}))
    code, report = run(site, *target)
    assert code == 0
    names = [problem["setting"] for problem in report["problems"]]
    assert {'verification of "default"', 'verification of "videos"'} <= set(names)
    (site / "site_settings.py").write_text(settings + SEVERAL.format(videos={"expires_in": -5}))
    code, errors = diagnose(site, *target, "--key-pair-id", "K 1")
    assert code == 1
    assert {setting for setting, _ in errors} == {
        "--key-pair-id",
        'CLOUDFRONT_DISTRIBUTIONS["videos"]["expires_in"]',
    }


def test_options_need_a_default(site):
    settings = (site / "site_settings.py").read_text()
    only = SEVERAL.format(videos={}) + "del CLOUDFRONT_DISTRIBUTIONS['default']\n"
    (site / "site_settings.py").write_text(settings + only)
    assert diagnose(site, "--flask", "site_settings") == (0, [])
    code, ((_, message),) = diagnose(site, "--flask", "site_settings", "--key-pair-id", "K1")
    assert code == 1
    assert message.startswith("the site has no distribution 'default'")


def test_public_key_of_one_of_the_distributions(site, public_pem, other_pem, openssl):
    """Without an id, it may belong to any of them."""
    (site / "other.pem").write_text(other_pem)
    (site / "other.pem").chmod(0o600)
    settings = (site / "site_settings.py").read_text()
    videos = {"private_key": str(site / "other.pem"), "key_pair_id": "K1TTTTTTTTTTTT"}
    (site / "site_settings.py").write_text(settings + SEVERAL.format(videos=videos))
    (site / "public.pem").write_bytes(openssl("pkey", "-pubout", given=other_pem))
    public = ("--flask", "site_settings", "--public-key")
    for prefix in ("", "K1TTTTTTTTTTTT="):
        code, report = run(site, *public, f"{prefix}public.pem")
        assert code == 0
        (message,) = [p["message"] for p in report["problems"] if p["setting"] == "--public-key"]
        assert message == (
            'this is the public half of CLOUDFRONT_DISTRIBUTIONS["videos"]["private_key"]'
        )
