"""`examples/falcon_site` under Uvicorn, as its README runs it."""

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
def visitor(school: Any) -> Iterator[Any]:
    with school.browser() as browser:
        yield browser


def log_in(school: Any, browser: Any, name: str, login: str = "/login") -> Any:
    return browser.post(login, data={"name": name, "password": school.password(name)})


@pytest.fixture
def ada(school: Any, visitor: Any) -> Any:
    assert log_in(school, visitor, "ada").status_code == 303
    return visitor


@pytest.fixture
def ben(school: Any, visitor: Any) -> Any:
    assert log_in(school, visitor, "ben").status_code == 303
    return visitor


@pytest.mark.parametrize("path", [HANDOUT, PLAYLIST])
def test_a_visitor_is_sent_to_log_in_and_then_to_what_they_came_for(
    school: Any, visitor: Any, path: str
) -> None:
    answer = visitor.get(path)
    login = answer.headers["Location"]
    assert (answer.status_code, login.partition("?")[0]) == (303, "/login")
    assert "Log in" in visitor.get(login).text
    answer = log_in(school, visitor, "ada", login)
    assert (answer.status_code, answer.headers["Location"]) == (303, path)
    answer = visitor.get(path, follow_redirects=True)
    assert school.on_edge(str(answer.url))
    assert answer.content == school.in_bucket(path.split("/", 2)[2])


@pytest.mark.parametrize("query", ["", "?next=https://evil.example/", "?next=//evil.example"])
def test_the_login_leads_to_no_other_site(school: Any, visitor: Any, query: str) -> None:
    assert log_in(school, visitor, "ada", f"/login{query}").headers["Location"] == "/"


def test_the_redirect_is_never_kept(ada: Any) -> None:
    answer = ada.get(HANDOUT)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (303, "no-store")


@pytest.mark.parametrize("path", [HANDOUT, PLAYLIST])
def test_another_course_is_refused_with_the_sites_own_page(ben: Any, path: str) -> None:
    answer = ben.get(path)
    assert answer.status_code == 403
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "You do not take this course." in answer.text
    assert "CloudFront" not in str(answer.headers)
    assert "Location" not in answer.headers


def test_cookies_open_the_recording_and_no_other(school: Any, ada: Any) -> None:
    playlist = ada.get(PLAYLIST, follow_redirects=True)
    # The URL is plain: what opens it is in the cookies.
    assert str(playlist.url) == f"{school.edge}/algebra/01/index.m3u8"
    segments = [line for line in playlist.text.splitlines() if not line.startswith("#")]
    assert segments == ["0.ts", "1.ts"]
    for segment in segments:
        answer = ada.get(str(playlist.url.join(segment)))
        assert answer.content == school.in_bucket(f"algebra/01/{segment}")
    assert ada.get(f"{school.edge}/algebra/handout.txt").status_code == 403
    assert ada.get(f"{school.edge}/history/01/index.m3u8").status_code == 403


def test_a_wrong_password_or_a_forged_cookie_opens_nothing(visitor: Any) -> None:
    for name in ("ada", "nobody"):
        answer = visitor.post("/login", data={"name": name, "password": "guess"})
        assert answer.status_code == 403
        assert "There is no such student" in answer.text
    answer = visitor.get(HANDOUT, headers={"Cookie": "student=ImFkYSI.aaaaaa.forged"})
    assert answer.headers["Location"].startswith("/login?")


def test_a_form_that_is_none_is_a_bad_request(visitor: Any) -> None:
    answer = visitor.post("/login", json=["ada"])
    assert answer.status_code == 400
    assert "write to the school" in answer.text


def test_the_page_lists_the_students_own_courses(ada: Any) -> None:
    page = ada.get("/")
    assert f'href="{HANDOUT}"' in page.text
    assert f'href="{PLAYLIST}"' in page.text
    assert "history" not in page.text
    assert page.headers["Cache-Control"] == "no-store"


def test_logging_out_ends_it(ada: Any) -> None:
    assert ada.post("/logout").status_code == 303
    assert ada.get(HANDOUT).headers["Location"].startswith("/login?")


def test_nobody_reaches_the_bucket_without_the_site(school: Any, visitor: Any) -> None:
    answer = visitor.get(f"{school.edge}/algebra/handout.txt")
    assert answer.status_code == 403
    assert "<Code>MissingKey</Code>" in answer.text
