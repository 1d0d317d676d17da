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


def diagnose(site, *arguments):
    """Return the exit code and the errors of `cfsign doctor`."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "cfsign", "doctor", "--json", *arguments],
        capture_output=True,
        text=True,
        cwd=site,
        env={k: v for k, v in os.environ.items() if not k.startswith(("CLOUDFRONT_", "DJANGO_"))}
        | {"PYTHONPATH": os.pathsep.join([os.getcwd(), os.environ.get("PYTHONPATH", "")])},
        timeout=60,
    )
    problems = json.loads(done.stdout)["problems"]
    errors = [(p["setting"], p["message"]) for p in problems if p["level"] == "error"]
    return done.returncode, errors


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
