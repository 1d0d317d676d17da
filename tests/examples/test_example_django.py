"""`examples/django_site` under Gunicorn, as its README runs it, and its settings for production."""

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


@pytest.fixture
def visitor(archive: Any) -> Iterator[Any]:
    with archive.browser() as browser:
        yield browser


@pytest.fixture
def log_in(
    archive: Any, visitor: Any, fill_in: Callable[..., dict[str, str]]
) -> Callable[..., Any]:
    """Fills in Django's own login form, with its CSRF token and where to go next."""

    def log_in(name: str, password: str = "", login: str = "/accounts/login/") -> Any:
        form = fill_in(
            visitor.get(login), username=name, password=password or archive.password(name)
        )
        return visitor.post(login, data=form)

    return log_in


@pytest.fixture
def ada(visitor: Any, log_in: Callable[..., Any]) -> Any:
    assert log_in("ada").status_code == 302
    return visitor


@pytest.fixture
def ben(visitor: Any, log_in: Callable[..., Any]) -> Any:
    assert log_in("ben").status_code == 302
    return visitor


def test_a_visitor_is_sent_to_log_in_and_then_to_what_they_came_for(
    archive: Any, visitor: Any, log_in: Callable[..., Any]
) -> None:
    answer = visitor.get(PAPER)
    login = answer.headers["Location"]
    assert (answer.status_code, login) == (302, f"/accounts/login/?next={quote(PAPER)}")
    answer = log_in("ada", login=login)
    assert (answer.status_code, answer.headers["Location"]) == (302, PAPER)
    answer = visitor.get(PAPER, follow_redirects=True)
    assert archive.on_edge(str(answer.url))
    assert answer.content == archive.in_bucket("finance/budget 2026.txt")


def test_the_redirect_is_never_kept(ada: Any) -> None:
    answer = ada.get(PAPER)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (303, "no-store")


@pytest.mark.parametrize("prefix", ["papers", "links"])
def test_another_groups_paper_is_refused_with_the_sites_own_page(ada: Any, prefix: str) -> None:
    answer = ada.get(SALARIES.replace("papers", prefix))
    assert answer.status_code == 403
    assert "This paper is for another group." in answer.text
    assert "ada" in answer.text  # the page knows who asks
    assert "Signature" not in answer.text + str(answer.headers)


def test_a_name_with_an_umlaut_arrives(archive: Any, ben: Any) -> None:
    answer = ben.get(SALARIES, follow_redirects=True)
    assert answer.content == archive.in_bucket("people/Gehälter.txt")


def test_a_wrong_password_opens_nothing(visitor: Any, log_in: Callable[..., Any]) -> None:
    assert log_in("ada", password="guess").status_code == 200
    assert visitor.get(PAPER).status_code == 302


def test_a_script_gets_the_url_as_json(archive: Any, ada: Any) -> None:
    answer = ada.get(PAPER.replace("papers", "links"))
    assert answer.headers["Content-Type"] == "application/json"
    url = answer.json()["url"]
    assert archive.on_edge(url)
    # From another origin, and without the site's cookies, as `fetch` does.
    with archive.browser() as script:
        file = script.get(url, headers={"Origin": archive.site})
    assert file.content == archive.in_bucket("finance/budget 2026.txt")
    assert file.headers["Access-Control-Allow-Origin"] == "*"


def test_a_script_that_is_not_logged_in_gets_no_login_page(visitor: Any) -> None:
    assert visitor.get(PAPER.replace("papers", "links")).status_code == 403


def test_the_list_shows_what_the_member_may_read_with_signed_thumbnails(
    archive: Any, ada: Any
) -> None:
    page = ada.get("/")
    assert "no-store" in page.headers["Cache-Control"]
    assert "Budget for 2026" in page.text
    assert "Salaries" not in page.text
    sources = [html.unescape(each) for each in re.findall(r'src="([^"]+)"', page.text)]
    pictures = [ada.get(source).content for source in sources]
    assert pictures == [archive.in_bucket("thumbnails/finance/budget 2026.txt.svg")]
    # The links of the page are those that work.
    assert f'href="{PAPER}"' in page.text
    assert f'data-link="{PAPER.replace("papers", "links")}"' in page.text


def test_what_is_not_there_gets_the_sites_own_page(ada: Any) -> None:
    answer = ada.get("/papers/thumbnails/finance/budget%202026.txt.svg")
    assert answer.status_code == 404
    assert "The archive has no paper of this name." in answer.text


def test_logging_out_ends_it(ada: Any, fill_in: Callable[..., dict[str, str]]) -> None:
    form = fill_in(ada.get("/"))
    assert ada.post("/accounts/logout/", data=form).status_code == 302
    assert ada.get(PAPER).headers["Location"].startswith("/accounts/login/")


def test_nobody_reaches_the_bucket_without_the_site(archive: Any, visitor: Any) -> None:
    answer = visitor.get(f"{archive.edge}/finance/budget%202026.txt")
    assert answer.status_code == 403
    assert "<Code>MissingKey</Code>" in answer.text


@pytest.fixture
def manage(
    copy_example: Callable[[str], Path], example_environ: dict[str, str], pem: str
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`python -W error manage.py` with production's environment."""
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


def test_the_check_before_a_deployment_finds_nothing(
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
def test_the_check_finds_what_is_wrong(
    manage: Callable[..., subprocess.CompletedProcess[str]], changed: dict[str, str], found: str
) -> None:
    done = manage("check", "--deploy", "--fail-level", "WARNING", **changed)
    assert done.returncode == 1
    assert found in done.stderr


def test_the_check_tells_all_that_is_missing_at_once(
    manage: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    unset = ("SECRET_KEY", "CLOUDFRONT_DOMAIN", "CLOUDFRONT_KEY_PAIR_ID")
    done = manage("check", "--deploy", **dict.fromkeys((*unset, "CLOUDFRONT_PRIVATE_KEY_FILE")))
    assert done.returncode == 1
    found = re.findall(r"cfsign_django\.E\d+|security\.W009", done.stderr)
    assert sorted(found) == [*(f"cfsign_django.E00{n}" for n in (1, 2, 3)), "security.W009"]
    assert "CLOUDFRONT_DOMAIN is missing" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_migration_is_that_of_the_models(
    manage: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = manage("makemigrations", "--check", "--dry-run")
    assert (done.returncode, done.stdout) == (0, "No changes detected\n")
