"""The snippets of the README and of docs/ run; links, commands and tables are correct."""

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("flask")

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [
    README,
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
    *DOCS,
    *sorted((ROOT / "examples").glob("*/README.md")),
]


def blocks(text, language):
    """Return the code blocks of *text* in *language*."""
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def section(heading):
    """Return the text of one section of the README."""
    return README.read_text("utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def run_blocks(code, name):
    """Run *code* blocks in one namespace and return it."""
    namespace = {"__name__": "snippet"}
    for block in code:
        exec(compile(block, name, "exec"), namespace)
    return namespace


@pytest.fixture(autouse=True)
def _files(tmp_path, monkeypatch, pem, other_pem, public_pem):
    """Write the files that the snippets name into the working directory."""
    (ring,) = blocks((ROOT / "docs" / "rotation.md").read_text("utf-8"), "json")
    (tmp_path / "ring.json").write_text(ring)
    (tmp_path / "cloudfront-2-private.pem").write_text(other_pem)
    (tmp_path / "cloudfront-private.pem").write_text(pem)
    (tmp_path / "cloudfront-public.pem").write_text(public_pem)
    monkeypatch.chdir(tmp_path)


def test_flask_snippet_authorizes_and_redirects(trusted_keys):
    (block,) = blocks(section("Flask"), "python")
    client = run_blocks([block], "README.md")["app"].test_client()
    assert client.get("/content/ada/a.txt").status_code == 401
    with client.session_transaction() as session:
        session["user"] = "ada"
    assert client.get("/content/ben/a.txt").status_code == 403
    location = client.get("/content/ada/a.txt").location
    assert trusted_keys.check(location).allowed


DJANGO_PRELUDE = """
SECRET_KEY = "readme"
ALLOWED_HOSTS = ["testserver"]
ROOT_URLCONF = "urls"
LOGIN_URL = "/login"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes"]
"""
DJANGO_CLIENT = """
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


def test_django_snippet_authorizes_and_redirects(tmp_path, trusted_keys):
    pytest.importorskip("django")
    settings, urls = blocks(section("Django"), "python")
    (tmp_path / "settings.py").write_text(DJANGO_PRELUDE + settings)
    (tmp_path / "urls.py").write_text(urls)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", DJANGO_CLIENT],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "settings"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    _, anonymous, ada, other = done.stdout.splitlines()
    assert anonymous == "302 /login?next=/content/ada/a.txt"
    assert ada.startswith("303 https://media.example.com/ada/a.txt?Expires=")
    assert trusted_keys.check(ada.removeprefix("303 ")).allowed
    assert other == "403 None"


@pytest.fixture
def _environ(monkeypatch):
    """Set the variables that `from_env` reads."""
    monkeypatch.setenv("CLOUDFRONT_DOMAIN", "https://media.example.com")
    monkeypatch.setenv("CLOUDFRONT_KEY_PAIR_ID", "K2JCJMDEHXQW5F")
    monkeypatch.setenv("CLOUDFRONT_PRIVATE_KEY_FILE", "cloudfront-private.pem")


@pytest.mark.usefixtures("_environ")
def test_falcon_snippet_authorizes_and_redirects(trusted_keys):
    testing = pytest.importorskip("falcon.testing")
    (block,) = blocks(section("Falcon"), "python")
    app = run_blocks([block], "README.md")["app"]

    class Login:
        def process_request(self, req, resp):
            req.context.user = req.get_header("X-User")

    app.add_middleware(Login())
    client = testing.TestClient(app)
    assert client.simulate_get("/content/ada/a.txt").status_code == 401
    ada = {"X-User": "ada"}
    assert client.simulate_get("/content/ben/a.txt", headers=ada).status_code == 403
    location = client.simulate_get("/content/ada/a.txt", headers=ada).headers["location"]
    assert trusted_keys.check(location).allowed


@pytest.mark.usefixtures("_environ")
def test_fastapi_snippet_authorizes_and_redirects(trusted_keys):
    fastapi = pytest.importorskip("fastapi")
    httpx = pytest.importorskip("httpx")
    pytest.importorskip("itsdangerous")
    (block,) = blocks(section("FastAPI and Starlette"), "python")
    app = run_blocks([block], "README.md")["app"]

    @app.get("/login/{user}")
    async def log_in(user: str, request: fastapi.Request):
        request.session["user"] = user

    async def send():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://site") as client:
            responses = [await client.get("/content/ada/a.txt")]
            await client.get("/login/ada")
            return [*responses, *[await client.get(f"/content/{u}/a.txt") for u in ("ben", "ada")]]

    anonymous, other, ada = asyncio.run(send())
    assert (anonymous.status_code, other.status_code, ada.status_code) == (403, 403, 303)
    assert trusted_keys.check(ada.headers["Location"]).allowed


def test_signing_snippet_makes_valid_urls_and_cookies(trusted_keys):
    (block,) = blocks(section("Signing alone"), "python")
    namespace = run_blocks([block], "README.md")
    assert trusted_keys.check(namespace["url"]).allowed
    video = "https://media.example.com/videos/42/1.ts"
    assert trusted_keys.check(video, cookies=namespace["cookies"]).allowed


def test_every_python_block_of_the_readme_is_tested():
    sections = ("Flask", "Django", "Falcon", "FastAPI and Starlette", "Signing alone")
    tested = [block for heading in sections for block in blocks(section(heading), "python")]
    assert blocks(README.read_text("utf-8"), "python") == tested


def test_decisions_in_the_readme_are_what_the_table_says():
    from cfsign import Allow, Deny, decide

    table = section("What `authorize` returns")
    allow, deny = re.findall(r"^\| `((?:Allow|Deny)\(.*?\))` \|", table, re.MULTILINE)
    names = {"Allow": Allow, "Deny": Deny}
    assert decide(eval(allow, names)) == Allow(expires_in=10, ip_address="192.0.2.7")
    assert decide(eval(deny, names)).status == 403


@pytest.fixture
def _aws(monkeypatch, tmp_path, pem):
    """Create the keys and secrets that the pages name, in moto's AWS."""
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


@pytest.fixture
def run_page(monkeypatch, _environ):
    """Return a function that runs the Python of a page, with the variables that it exports."""

    def run(name):
        text = (ROOT / "docs" / name).read_text("utf-8")
        for variable, value in re.findall(r"^export (\w+)=(\S+)$", text, re.MULTILINE):
            monkeypatch.setenv(variable, value)
        return run_blocks(blocks(text, "python"), name)

    return run


TESTED_ALONE = {
    "adapters.md",
    "bulk.md",
    "jobs.md",
    "keys.md",
    "login-and-logout.md",
    "testing.md",
}  # tests/bulk, tests/jobs and tests/conformance run the code of their pages


@pytest.mark.parametrize(
    "name",
    [
        path.name
        for path in DOCS
        if blocks(path.read_text("utf-8"), "python") and path.name not in TESTED_ALONE
    ],
)
def test_python_of_a_page_runs(run_page, name):
    run_page(name)


@pytest.mark.usefixtures("_aws")
def test_python_of_the_keys_page_runs(run_page):
    namespace = run_page("keys.md")
    assert namespace["url"].endswith("&Hash-Algorithm=SHA256")
    assert namespace["ring"].key_pair_id == namespace["signer"].key_pair_id
    assert namespace["HSMKey"].is_blocking


def test_python_of_the_testing_page_runs(request, run_page, tmp_path, monkeypatch):
    (tmp_path / "shop.py").write_text(blocks(section("Flask"), "python")[0])
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "shop", raising=False)
    namespace = run_page("testing.md")
    monkeypatch.delitem(sys.modules, "shop")
    edge = request.getfixturevalue("cloudfront_edge")
    namespace["test_a_file_is_available_for_a_minute"](edge, tmp_path)
    settings = edge(tmp_path).settings
    assert namespace["create_app"](settings).config["CLOUDFRONT_DOMAIN"]


def test_signing_page_makes_valid_signatures(run_page, trusted_keys, capsys):
    namespace = run_page("signing.md")
    urls = [namespace["segment"], namespace["url"], *capsys.readouterr().out.split()]
    assert len(urls) == 4
    verdicts = [trusted_keys.check(url, ip_address="192.0.2.7") for url in urls]
    assert [verdict.allowed for verdict in verdicts] == [True] * 4
    assert len(namespace["headers"]) == 3


def test_stable_urls_page_keeps_its_url(run_page, clock):
    namespace = run_page("stable-urls.md")
    clock.shift(60)
    assert namespace["media"].sign_path("report.pdf") == namespace["location"]
    assert namespace["seconds"] > 60


def test_2012_page_redirects(run_page, trusted_keys):
    client = run_page("flask-2012.md")["app"].test_client()
    assert trusted_keys.check(client.get("/books/history").location).allowed
    assert client.get("/books/chemistry").status_code == 404


@pytest.fixture
def adapter_page(run_page):
    for package in ("bottle", "quart", "werkzeug"):
        pytest.importorskip(package)
    return run_page("adapters.md")


def test_adapter_page_has_twenty_lines_for_each_interface():
    page = (ROOT / "docs" / "adapters.md").read_text("utf-8")
    recipes = [block for block in blocks(page, "python") if "file_request" in block]
    assert [len(block.splitlines()) <= 20 for block in recipes] == [True, True]


@pytest.mark.parametrize("interface", ["WSGI", "ASGI"])
@pytest.mark.parametrize(
    ("method", "path", "status", "name"),
    [
        ("GET", "/content/public/a%20b%2A.txt", 303, "public/a%20b%2A.txt"),
        ("HEAD", "/content/public/%C3%BC%E2%82%AC.txt", 303, "public/%C3%BC%E2%82%AC.txt"),
        ("GET", "/content/public/content/a.txt", 303, "public/content/a.txt"),
        ("GET", "/content/private/a.txt", 403, ""),
        ("GET", "/content/public/..%2Fa.txt", 404, ""),
        ("GET", "/content/public//a.txt", 404, ""),
        ("GET", "/content//public/a.txt", 404, ""),
        ("GET", "/content/", 404, ""),
        ("POST", "/content/public/a.txt", 405, ""),
        ("GET", "/page", 200, ""),
    ],
)
def test_adapter_page_in_bottle_and_quart(
    adapter_page, trusted_keys, interface, method, path, status, name
):
    """Nothing is signed without permission, and the site's own pages are still served."""
    if interface == "WSGI":
        from werkzeug.test import Client

        adapter_page["pages"].route("/page")(lambda: "page")
        user = {"REMOTE_USER": "ada"} if status != 403 else {}
        site = Client(adapter_page["wsgi_site"])
        found = site.open(path, method=method, environ_overrides=user)
        status = 401 if status == 403 else status
    else:
        adapter_page["quart_pages"].add_url_rule("/page", view_func=lambda: "page")
        httpx = pytest.importorskip("httpx")

        async def send():
            transport = httpx.ASGITransport(adapter_page["asgi_site"])
            async with httpx.AsyncClient(transport=transport, base_url="http://site") as client:
                return await client.request(method, path)

        found = asyncio.run(send())
    assert found.status_code == status
    assert found.headers.get("Allow") == ("GET, HEAD" if status == 405 else None)
    location = found.headers.get("Location", "")
    expected = f"https://media.example.com/{name}" if name else ""
    assert location.partition("?")[0] == expected
    if name:
        assert trusted_keys.check(location).allowed
        assert found.headers["Cache-Control"] == "no-store"


def test_rotation_page_signs_with_the_active_key(run_page, clock):
    assert run_page("rotation.md")["ring"].key_pair_id == "K2JCJMDEHXQW5F"


def test_edge_page_has_a_valid_configuration(tmp_path):
    from cfsign.edge.server.settings import Settings, read_config

    (toml,) = blocks((ROOT / "docs" / "edge.md").read_text("utf-8"), "toml")
    (tmp_path / "edge.toml").write_text(toml)
    settings = Settings.load(*read_config(tmp_path / "edge.toml"))
    assert [behavior.pattern for behavior in settings.behaviors] == ["/public/*", "/team/*"]
    assert [behavior.trusted_keys is None for behavior in settings.behaviors] == [True, False]


def anchors(path):
    """Return the anchors that GitHub makes of the headings of *path*."""
    text = re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_are_not_broken(path):
    text = path.read_text("utf-8")
    links = re.findall(r"\]\(([^)#:]*)(?:#([^)]+))?\)", text)
    images = [(target, "") for target in re.findall(r'src(?:set)?="([^"]+)"', text)]
    for target, anchor in links + images:
        linked = path.parent / target if target else path
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), f"{target}#{anchor}"


def test_readme_links_every_example_and_every_page():
    text = README.read_text("utf-8")
    linked = set(re.findall(r"\]\(((?:examples|docs)/[^)#]+)", text))
    examples = (ROOT / "examples").glob("*/README.md")
    assert linked == {path.relative_to(ROOT).as_posix() for path in (*DOCS, *examples)}


def command_lines():
    """Return the cfsign commands of the console blocks."""
    lines = [
        line
        for path in PAGES
        for block in blocks(path.read_text("utf-8"), "console")
        for line in re.findall(r"^(?:\$ |.* (?:&&|\|) )?(cfsign .*)$", block, re.MULTILINE)
    ]
    return list(dict.fromkeys(lines))


@pytest.mark.parametrize("line", command_lines(), ids=lambda line: line[:60])
def test_commands_of_the_documents_exist(line):
    click = pytest.importorskip("click")
    from cfsign.cli.commands import cfsign

    command, context = cfsign, click.Context(cfsign)
    words = line.split()[1:]
    while isinstance(command, click.Group):
        command = command.get_command(context, words.pop(0))
        assert command is not None
    known = {name for parameter in command.params for name in parameter.opts}
    assert set(re.findall(r"(?<= )--[\w-]+", line)) <= known


def test_settings_page_lists_every_setting():
    from cfsign.config import fields

    table = (ROOT / "docs" / "settings.md").read_text("utf-8").partition("## All settings")[2]
    documented = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
    assert documented == set(fields.FIELDS) - {"domain"}
    rows = table.partition("\n\n## ")[0]
    variables = set(re.findall(r"`CLOUDFRONT_(\w+)`", rows))
    known = {field.variable for field in fields.FIELDS.values() if field.variable}
    assert variables - {"PRIVATE_KEY_FILE", "CONFIG"} == known


def test_views_page_lists_every_option():
    from cfsign.views import ViewOptions

    table = (ROOT / "docs" / "views.md").read_text("utf-8").partition("\n## Options\n")[2]
    documented = re.findall(r"^\| `(\w+)` \|", table.partition("\n## ")[0], re.MULTILINE)
    assert set(documented) == set(ViewOptions.__dataclass_fields__)


def test_contributing_lists_every_folder():
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    folders = {
        f"{path.parent.relative_to(ROOT).as_posix()}/"
        for pattern in ("cfsign/*/__init__.py", "cfsign_*/__init__.py")
        for path in ROOT.glob(pattern)
    }
    listed = set(re.findall(r"`([\w/]+/)`", text))
    assert folders | {"tests/", "benchmarks/", "examples/", "docs/"} <= listed
