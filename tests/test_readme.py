"""The Python of README and docs runs as it stands; the settings told are those that are read."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("flask")

README = Path(__file__).parents[1] / "README.md"
DOCS = sorted((README.parent / "docs").glob("*.md"))


def blocks(begin="", end=""):
    """Return the Python between two of the README's headings."""
    text = README.read_text("utf-8").partition(begin)[2] if begin else README.read_text("utf-8")
    return python_in(text.partition(end)[0] if end else text)


def python_in(text):
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


FLASK = blocks("\n## Flask,", "\n## Django,")
DJANGO = blocks("\n## Django,", "\n## Falcon,")
FALCON = blocks("\n## Falcon,", "\n## Signing")
OTHERS = [block for block in blocks() if block not in DJANGO + FALCON]


@pytest.fixture(autouse=True)
def _key_files(tmp_path, monkeypatch, pem, other_pem, public_pem):
    ring = re.search(r"```json\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    (tmp_path / "ring.json").write_text(ring[1])
    (tmp_path / "cloudfront-2-private.pem").write_text(other_pem)
    (tmp_path / "cloudfront-private.pem").write_text(pem)
    (tmp_path / "cloudfront-public.pem").write_text(public_pem)
    monkeypatch.chdir(tmp_path)


def test_the_python_of_the_readme_runs(capsys):
    """All blocks in one namespace, as a reader would type them."""
    namespace = {"__name__": "readme"}
    assert len(OTHERS) == 7
    for block in OTHERS:
        exec(compile(block, "README.md", "exec"), namespace)
    *parts, printed = capsys.readouterr().out.splitlines()
    assert [namespace["edge"].check(part).allowed for part in parts] == [True, True]
    assert printed == ("403 AccessDenied: the signature was not made by this key for this policy")
    assert (namespace["yes"].expires_in, namespace["no"].status) == (10, 403)
    app = namespace["app"]
    client = app.test_client()
    assert client.get("/content/ada/a.txt").status_code == 401
    with client.session_transaction() as session:
        session["user"] = "ada"
    assert client.get("/content/ben/a.txt").status_code == 403
    location = client.get("/content/ada/a.txt").location
    assert namespace["edge"].check(location).allowed
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


@pytest.fixture
def _aws(monkeypatch, tmp_path, pem):
    """What the documents ask of AWS, as moto plays it."""
    boto3, moto = pytest.importorskip("boto3"), pytest.importorskip("moto")
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
        monkeypatch.setenv(f"AWS_{name}", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    ring = {"keys": [{"key_pair_id": "K2JCJMDEHXQW5F", "private_key": pem}]}
    secrets = {"key": pem, "json": json.dumps({"private_key": pem}), "ring": json.dumps(ring)}
    with moto.mock_aws():
        kms = boto3.client("kms")
        made = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
        kms.create_alias(AliasName="alias/cloudfront-signing", TargetKeyId=made["KeyId"])
        for name, text in secrets.items():
            boto3.client("secretsmanager").create_secret(
                Name=f"cloudfront/{name}", SecretString=text
            )
        parameter = {"Name": "/cloudfront/key", "Value": pem, "Type": "SecureString"}
        boto3.client("ssm").put_parameter(**parameter)
        yield


@pytest.mark.parametrize(
    "path",
    [path for path in DOCS if python_in(path.read_text("utf-8")) and path.name != "bulk.md"],
    ids=lambda path: path.name,
)
@pytest.mark.usefixtures("_aws")
def test_the_python_of_the_docs_runs(request, path, tmp_path, monkeypatch):
    """The blocks of each document in one namespace; tests/bulk runs those of bulk.md."""
    namespace = {"__name__": "read"}  # not "docs", which is a folder here
    if path.name == "testing.md":  # it tests the README's own site
        (tmp_path / "shop.py").write_text(FLASK[0])
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "shop", raising=False)
    for block in python_in(path.read_text("utf-8")):
        exec(compile(block, path.name, "exec"), namespace)
    if path.name == "keys.md":
        assert namespace["url"].endswith("&Hash-Algorithm=SHA256")
        assert namespace["ring"].key_pair_id == namespace["signer"].key_pair_id
        assert namespace["HSMKey"].is_blocking
    if path.name == "testing.md":
        edge = request.getfixturevalue("cloudfront_edge")
        monkeypatch.delitem(sys.modules, "shop")  # it is of this test alone
        namespace["test_a_file_is_good_for_a_minute"](edge, tmp_path)
        settings = edge(tmp_path).settings
        assert namespace["create_app"](settings).config["CLOUDFRONT_DOMAIN"]


@pytest.mark.parametrize("path", [README, *DOCS], ids=lambda path: path.name)
def test_the_links_lead_somewhere(path):
    """To a file that is there, and to a heading in it."""
    for target, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]+))?\)", path.read_text("utf-8")):
        found = path.parent / target if target else path
        assert found.exists(), target
        if not anchor:
            continue
        headings = re.findall(r"^#+ (.*)$", found.read_text("utf-8"), re.MULTILINE)
        anchors = {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}
        assert anchor in anchors


def test_the_readme_links_every_example():
    """And each link leads somewhere."""
    linked = re.findall(r"\]\((examples/[^)]+)\)", README.read_text("utf-8"))
    assert sorted(linked) == sorted(
        path.relative_to(README.parent).as_posix()
        for path in (README.parent / "examples").glob("*/README.md")
    )


def test_the_settings_table_names_every_setting():
    """No setting is left out of the table, and none is made up."""
    from cfsign.config import fields

    table = README.read_text("utf-8").partition("## Settings")[2].partition("\n## ")[0]
    documented = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
    assert documented == set(fields.CHECKS) - {"domain"} | {"password", "refresh_every"}
    variables = set(re.findall(r"`CLOUDFRONT_(\w+)`", table))
    assert variables - {"PRIVATE_KEY_FILE", "CONFIG"} == set(fields.VARIABLES.values())
