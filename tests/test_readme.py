"""The README's Python runs as it stands, and its settings are those that the code reads."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("flask")
pytest.importorskip("whitenoise")
werkzeug_test = pytest.importorskip("werkzeug.test")

README = Path(__file__).parents[1] / "README.md"


def blocks(begin="", end=""):
    """Return the Python between two of the README's headings."""
    text = README.read_text("utf-8").partition(begin)[2] if begin else README.read_text("utf-8")
    text = text.partition(end)[0] if end else text
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


DJANGO = blocks("\n## Django,", "\n## Falcon,")
FALCON = blocks("\n## Falcon,", "\n## Signing")
OTHERS = [block for block in blocks() if block not in DJANGO + FALCON]


@pytest.fixture(autouse=True)
def _key_files(tmp_path, monkeypatch, pem, public_pem):
    (tmp_path / "cloudfront-private.pem").write_text(pem)
    (tmp_path / "cloudfront-public.pem").write_text(public_pem)
    (tmp_path / "bucket" / "ada").mkdir(parents=True)
    (tmp_path / "bucket" / "ada" / "a.txt").write_text("ada's")
    monkeypatch.chdir(tmp_path)


def test_the_python_of_the_readme_runs(monkeypatch, capsys):
    """All blocks in one namespace, as a reader would type them."""
    waitress = pytest.importorskip("waitress")
    served = []
    monkeypatch.setattr(waitress, "serve", lambda app, **where: served.append((app, where)))
    namespace = {"__name__": "readme"}
    assert len(OTHERS) == 7
    for block in OTHERS:
        exec(compile(block, "README.md", "exec"), namespace)
    *parts, printed = capsys.readouterr().out.splitlines()
    assert [namespace["edge"].check(part).allowed for part in parts] == [True, True]
    assert printed == ("403 AccessDenied: the signature was not made by this key over this policy")
    assert (namespace["yes"].expires_in, namespace["no"].status) == (10, 403)
    app = namespace["app"]
    app.secret_key = "readme"
    client = app.test_client()
    assert client.get("/content/ada/a.txt").status_code == 401
    with client.session_transaction() as session:
        session["user"] = "ada"
    assert client.get("/content/ben/a.txt").status_code == 403
    location = client.get("/content/ada/a.txt").location
    assert namespace["edge"].check(location).allowed
    ((bucket, where),) = served
    assert where == {"host": "127.0.0.1", "port": 8001}
    viewer = werkzeug_test.Client(bucket)
    assert viewer.get("/ada/a.txt").status_code == 403
    here = "http://127.0.0.1:8001/ada/"
    for name, answer in (("a.txt", (200, b"ada's")), ("b.txt", (404, b""))):
        target = namespace["signer"].sign_url(here + name, expires_in=60).partition("8001")[2]
        response = viewer.get(target, base_url="http://127.0.0.1:8001/")
        assert (response.status_code, response.data) == answer
        response.close()
    assert client.get("/books/history").status_code == 303
    assert client.get("/books/chemistry").status_code == 404


DJANGO_PRELUDE = """
SECRET_KEY = "readme"
ALLOWED_HOSTS = ["testserver"]
ROOT_URLCONF = "urls"
LOGIN_URL = "/login"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes"]
"""
DJANGO_VIEWER = """
import django
django.setup()
from django.contrib.auth.models import AnonymousUser, User
from django.core.management import call_command
from django.test import RequestFactory
from urls import urlpatterns
call_command("check", fail_level="WARNING")
for user, path in ((AnonymousUser(), "ada/a.txt"), (User(username="ada"), "ada/a.txt"),
                   (User(username="ada"), "ben/a.txt")):
    request = RequestFactory().get(f"/content/{path}")
    request.user = user
    view = urlpatterns[0].resolve(f"content/{path}")
    response = view.func(request, **view.kwargs)
    print(response.status_code, response.get("Location"))
"""


def test_the_django_of_the_readme_runs(tmp_path, trusted_keys):
    """Its two files, in a process of their own."""
    pytest.importorskip("django")
    settings, urls = DJANGO
    (tmp_path / "settings.py").write_text(DJANGO_PRELUDE + settings)
    (tmp_path / "urls.py").write_text(urls)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", DJANGO_VIEWER],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "settings"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    _, visitor, ada, other = done.stdout.splitlines()
    assert visitor == "302 /login?next=/content/ada/a.txt"
    assert ada.startswith("303 https://media.example.com/ada/a.txt?Expires=")
    assert trusted_keys.check(ada.removeprefix("303 ")).allowed
    assert other == "403 None"


def test_the_falcon_of_the_readme_runs(monkeypatch, trusted_keys):
    """Its application, with a middleware that knows the viewer."""
    testing = pytest.importorskip("falcon.testing")
    monkeypatch.setenv("CLOUDFRONT_DOMAIN", "https://media.example.com")
    monkeypatch.setenv("CLOUDFRONT_KEY_PAIR_ID", "K2JCJMDEHXQW5F")
    monkeypatch.setenv("CLOUDFRONT_PRIVATE_KEY_FILE", "cloudfront-private.pem")
    (block,) = FALCON
    namespace = {"__name__": "readme"}
    exec(compile(block, "README.md", "exec"), namespace)

    class Login:
        def process_request(self, req, resp):
            req.context.user = req.get_header("X-User")

    namespace["app"].add_middleware(Login())
    client = testing.TestClient(namespace["app"])
    assert client.simulate_get("/content/ada/a.txt").status_code == 401
    ada = {"X-User": "ada"}
    assert client.simulate_get("/content/ben/a.txt", headers=ada).status_code == 403
    location = client.simulate_get("/content/ada/a.txt", headers=ada).headers["location"]
    assert trusted_keys.check(location).allowed


def test_the_readme_links_every_example():
    """And each link leads somewhere."""
    linked = re.findall(r"\]\((examples/[^)]+)\)", README.read_text("utf-8"))
    assert sorted(linked) == sorted(
        path.relative_to(README.parent).as_posix()
        for path in (README.parent / "examples").glob("*/README.md")
    )


def test_the_settings_table_names_every_setting():
    """No setting is left out of the table, and none is made up."""
    from cfsign import configuration

    table = README.read_text("utf-8").partition("## Settings")[2].partition("\n## ")[0]
    documented = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
    assert documented == set(configuration._CHECKS) - {"domain"} | {"password"}
    variables = set(re.findall(r"`CLOUDFRONT_(\w+)`", table))
    assert variables - {"PRIVATE_KEY_FILE", "CONFIG"} == set(configuration._VARIABLES.values())
