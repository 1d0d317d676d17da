"""Run `examples/django_site` under Gunicorn with the commands of its README."""

from __future__ import annotations

import html
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

for _package in ("click", "django", "gunicorn", "httpx", "waitress", "whitenoise"):
    pytest.importorskip(_package)

PAPER = "/papers/finance/budget%202026.txt"
SALARIES = f"/papers/people/{quote('Gehälter.txt')}"


@pytest.fixture(scope="module")
def archive(run_example: Callable[[str], Any]) -> Iterator[Any]:
    with run_example("django_site") as example:
        yield example


def test_c9_the_database_is_private(archive: Any) -> None:
    """It holds hashes of passwords."""
    (database,) = archive.folder.glob("*.sqlite3")
    assert database.stat().st_mode & 0o777 == 0o600


@pytest.fixture
def browser(archive: Any) -> Iterator[Any]:
    with archive.open_browser() as browser:
        yield browser


@pytest.fixture
def log_in(
    archive: Any, browser: Any, fill_in: Callable[..., dict[str, str]]
) -> Callable[..., Any]:
    """A function that submits Django's login form, with its CSRF token and `next`."""

    def log_in(name: str, password: str = "", login: str = "/accounts/login/") -> Any:
        form = fill_in(
            browser.get(login), username=name, password=password or archive.read_password(name)
        )
        return browser.post(login, data=form)

    return log_in


@pytest.fixture
def ada(browser: Any, log_in: Callable[..., Any]) -> Any:
    assert log_in("ada").status_code == 302
    return browser


@pytest.fixture
def ben(browser: Any, log_in: Callable[..., Any]) -> Any:
    assert log_in("ben").status_code == 302
    return browser


def test_anonymous_user_reaches_the_file_after_login(
    archive: Any, browser: Any, log_in: Callable[..., Any]
) -> None:
    response = browser.get(PAPER)
    login = response.headers["Location"]
    assert (response.status_code, login) == (302, f"/accounts/login/?next={quote(PAPER)}")
    response = log_in("ada", login=login)
    assert (response.status_code, response.headers["Location"]) == (302, PAPER)
    response = browser.get(PAPER, follow_redirects=True)
    assert archive.is_on_edge(str(response.url))
    assert response.content == archive.read_file("finance/budget 2026.txt")


def test_redirect_is_not_cached(ada: Any) -> None:
    response = ada.get(PAPER)
    assert (response.status_code, response.headers["Cache-Control"]) == (303, "no-store")


@pytest.mark.parametrize("prefix", ["papers", "links"])
def test_paper_of_another_group_is_refused_with_the_error_page(ada: Any, prefix: str) -> None:
    response = ada.get(SALARIES.replace("papers", prefix))
    assert response.status_code == 403
    assert "This paper is for another group." in response.text
    assert "ada" in response.text  # the page shows who is logged in
    assert "Signature" not in response.text + str(response.headers)


def test_file_name_with_an_umlaut_is_served(archive: Any, ben: Any) -> None:
    response = ben.get(SALARIES, follow_redirects=True)
    assert response.content == archive.read_file("people/Gehälter.txt")


def test_wrong_password_is_refused(browser: Any, log_in: Callable[..., Any]) -> None:
    assert log_in("ada", password="guess").status_code == 200
    assert browser.get(PAPER).status_code == 302


def test_script_gets_the_url_as_json(archive: Any, ada: Any) -> None:
    response = ada.get(PAPER.replace("papers", "links"))
    assert response.headers["Content-Type"] == "application/json"
    url = response.json()["url"]
    assert archive.is_on_edge(url)
    # Like `fetch`: from another origin, without the site's cookies.
    with archive.open_browser() as script:
        file = script.get(url, headers={"Origin": archive.site})
    assert file.content == archive.read_file("finance/budget 2026.txt")
    assert file.headers["Access-Control-Allow-Origin"] == "*"


def test_anonymous_script_gets_403(browser: Any) -> None:
    assert browser.get(PAPER.replace("papers", "links")).status_code == 403


def test_list_shows_readable_papers_with_signed_thumbnails(archive: Any, ada: Any) -> None:
    page = ada.get("/")
    assert "no-store" in page.headers["Cache-Control"]
    assert "Budget for 2026" in page.text
    assert "Salaries" not in page.text
    sources = [html.unescape(each) for each in re.findall(r'src="([^"]+)"', page.text)]
    pictures = [ada.get(source).content for source in sources]
    assert pictures == [archive.read_file("thumbnails/finance/budget 2026.txt.svg")]
    # The links that other tests follow.
    assert f'href="{PAPER}"' in page.text
    assert f'data-link="{PAPER.replace("papers", "links")}"' in page.text


def test_missing_paper_gets_the_error_page(ada: Any) -> None:
    response = ada.get("/papers/thumbnails/finance/budget%202026.txt.svg")
    assert response.status_code == 404
    assert "The archive has no paper of this name." in response.text


def test_logout_ends_access(ada: Any, fill_in: Callable[..., dict[str, str]]) -> None:
    form = fill_in(ada.get("/"))
    assert ada.post("/accounts/logout/", data=form).status_code == 302
    assert ada.get(PAPER).headers["Location"].startswith("/accounts/login/")


def test_unsigned_request_to_the_edge_is_refused(archive: Any, browser: Any) -> None:
    response = browser.get(f"{archive.edge}/finance/budget%202026.txt")
    assert response.status_code == 403
    assert "<Code>MissingKey</Code>" in response.text


@pytest.fixture
def manage(
    copy_example: Callable[[str], Path], example_environ: dict[str, str], pem: str
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """A function that runs `python -W error manage.py` with the production environment."""
    folder = copy_example("django_site")
    (folder / "private.pem").write_text(pem)
    environ = {
        **example_environ,
        "ALLOWED_HOSTS": "www.example.com",
        "CLOUDFRONT_DOMAIN": "https://media.example.com",
        "CLOUDFRONT_KEY_PAIR_ID": "K2JCJMDEHXQW5F",
        "CLOUDFRONT_PRIVATE_KEY_FILE": "private.pem",
        "SECRET_KEY": "0123456789abcdef" * 4,
    }

    def manage(*arguments: str, **changed: str | None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-W", "error", "manage.py", *arguments],
            cwd=folder,
            env={name: value for name, value in (environ | changed).items() if value is not None},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return manage


def test_deployment_check_reports_nothing(
    manage: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = manage("check", "--deploy", "--fail-level", "WARNING")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "System check identified no issues (0 silenced).\n"


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"CLOUDFRONT_DOMAIN": "http://media.example.com"}, "cfsign_django.W001"),
        ({"CLOUDFRONT_DOMAIN": "https://media.example.com/x"}, "cfsign_django.E001"),
        ({"CLOUDFRONT_KEY_PAIR_ID": ""}, "cfsign_django.E002"),
        ({"CLOUDFRONT_PRIVATE_KEY_FILE": "missing.pem"}, "cfsign_django.E003"),
        ({"LOCAL_HTTP": "1"}, "security.W012"),
    ],
)
def test_deployment_check_reports_a_wrong_setting(
    manage: Callable[..., subprocess.CompletedProcess[str]], changed: dict[str, str], found: str
) -> None:
    done = manage("check", "--deploy", "--fail-level", "WARNING", **changed)
    assert done.returncode == 1
    assert found in done.stderr


def test_deployment_check_reports_all_missing_settings(
    manage: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    unset = ("SECRET_KEY", "CLOUDFRONT_DOMAIN", "CLOUDFRONT_KEY_PAIR_ID")
    done = manage("check", "--deploy", **dict.fromkeys((*unset, "CLOUDFRONT_PRIVATE_KEY_FILE")))
    assert done.returncode == 1
    found = re.findall(r"cfsign_django\.E\d+|security\.W009", done.stderr)
    assert sorted(found) == [*(f"cfsign_django.E00{n}" for n in (1, 2, 3)), "security.W009"]
    assert "CLOUDFRONT_DOMAIN: missing" in done.stderr
    assert "Traceback" not in done.stderr


def test_migrations_match_the_models(
    manage: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = manage("makemigrations", "--check", "--dry-run")
    assert (done.returncode, done.stdout) == (0, "No changes detected\n")
