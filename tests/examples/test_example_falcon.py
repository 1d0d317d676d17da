"""Run `examples/falcon_site` under Uvicorn with the commands of its README."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

for _package in ("click", "falcon", "httpx", "itsdangerous", "uvicorn", "waitress", "whitenoise"):
    pytest.importorskip(_package)

HANDOUT = "/handouts/algebra/handout.txt"
PLAYLIST = "/recordings/algebra/01/index.m3u8"


@pytest.fixture(scope="module")
def school(run_example: Callable[[str], Any]) -> Iterator[Any]:
    with run_example("falcon_site") as example:
        yield example


@pytest.fixture
def browser(school: Any) -> Iterator[Any]:
    with school.open_browser() as browser:
        yield browser


def log_in(school: Any, browser: Any, name: str, login: str = "/login") -> Any:
    return browser.post(login, data={"name": name, "password": school.read_password(name)})


@pytest.fixture
def ada(school: Any, browser: Any) -> Any:
    assert log_in(school, browser, "ada").status_code == 303
    return browser


@pytest.fixture
def ben(school: Any, browser: Any) -> Any:
    assert log_in(school, browser, "ben").status_code == 303
    return browser


@pytest.mark.parametrize("path", [HANDOUT, PLAYLIST])
def test_anonymous_user_reaches_the_file_after_login(school: Any, browser: Any, path: str) -> None:
    response = browser.get(path)
    login = response.headers["Location"]
    assert (response.status_code, login.partition("?")[0]) == (303, "/login")
    assert "Log in" in browser.get(login).text
    response = log_in(school, browser, "ada", login)
    assert (response.status_code, response.headers["Location"]) == (303, path)
    response = browser.get(path, follow_redirects=True)
    assert school.is_on_edge(str(response.url))
    assert response.content == school.read_file(path.split("/", 2)[2])


@pytest.mark.parametrize("query", ["", "?next=https://evil.example/", "?next=//evil.example"])
def test_login_does_not_redirect_to_another_site(school: Any, browser: Any, query: str) -> None:
    assert log_in(school, browser, "ada", f"/login{query}").headers["Location"] == "/"


def test_redirect_is_not_cached(ada: Any) -> None:
    response = ada.get(HANDOUT)
    assert (response.status_code, response.headers["Cache-Control"]) == (303, "no-store")


@pytest.mark.parametrize("path", [HANDOUT, PLAYLIST])
def test_other_course_is_refused_with_the_error_page(ben: Any, path: str) -> None:
    response = ben.get(path)
    assert response.status_code == 403
    assert response.headers["Content-Type"].startswith("text/html")
    assert "You do not take this course." in response.text
    assert "CloudFront" not in str(response.headers)
    assert "Location" not in response.headers


def test_cookies_open_only_the_recording(school: Any, ada: Any) -> None:
    playlist = ada.get(PLAYLIST, follow_redirects=True)
    # The URL is plain; the signature is in the cookies.
    assert str(playlist.url) == f"{school.edge}/algebra/01/index.m3u8"
    segments = [line for line in playlist.text.splitlines() if not line.startswith("#")]
    assert segments == ["0.ts", "1.ts"]
    for segment in segments:
        response = ada.get(str(playlist.url.join(segment)))
        assert response.content == school.read_file(f"algebra/01/{segment}")
    assert ada.get(f"{school.edge}/algebra/handout.txt").status_code == 403
    assert ada.get(f"{school.edge}/history/01/index.m3u8").status_code == 403


def test_wrong_password_and_forged_cookie_are_refused(browser: Any) -> None:
    for name in ("ada", "unknown"):
        response = browser.post("/login", data={"name": name, "password": "guess"})
        assert response.status_code == 403
        assert "The name or the password is wrong" in response.text
    response = browser.get(HANDOUT, headers={"Cookie": "student=ImFkYSI.aaaaaa.forged"})
    assert response.headers["Location"].startswith("/login?")


def test_json_instead_of_a_form_is_a_bad_request(browser: Any) -> None:
    response = browser.post("/login", json=["ada"])
    assert response.status_code == 400
    assert "write to the school" in response.text


def test_home_page_lists_only_own_courses(ada: Any) -> None:
    page = ada.get("/")
    assert f'href="{HANDOUT}"' in page.text
    assert f'href="{PLAYLIST}"' in page.text
    assert "history" not in page.text
    assert page.headers["Cache-Control"] == "no-store"


def test_logout_ends_access(school: Any, ada: Any) -> None:
    """To the handouts, and to the recording that the browser has open."""
    segment = f"{school.edge}/algebra/01/0.ts"
    ada.get(PLAYLIST)
    assert ada.get(segment).status_code == 200
    assert ada.post("/logout").status_code == 303
    assert ada.get(segment).status_code == 403
    assert ada.get(HANDOUT).headers["Location"].startswith("/login?")


def test_unsigned_request_to_the_edge_is_refused(school: Any, browser: Any) -> None:
    response = browser.get(f"{school.edge}/algebra/handout.txt")
    assert response.status_code == 403
    assert "<Code>MissingKey</Code>" in response.text
