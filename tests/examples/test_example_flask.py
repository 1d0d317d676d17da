"""`examples/flask_site` under Gunicorn, as its README runs it."""

from __future__ import annotations

import html
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

for _package in ("click", "flask", "gunicorn", "httpx", "waitress", "whitenoise"):
    pytest.importorskip(_package)

PHOTO = "/photos/lakeside/1%20dawn.svg"


@pytest.fixture(scope="module")
def studio(run_example: Callable[[str], Any]) -> Iterator[Any]:
    with run_example("flask_site") as example:
        yield example


@pytest.fixture
def visitor(studio: Any) -> Iterator[Any]:
    with studio.browser() as browser:
        yield browser


def log_in(studio: Any, browser: Any, name: str) -> Any:
    return browser.post("/login", data={"name": name, "password": studio.password(name)})


@pytest.fixture
def ada(studio: Any, visitor: Any) -> Any:
    assert log_in(studio, visitor, "ada").status_code == 303
    return visitor


@pytest.fixture
def ben(studio: Any, visitor: Any) -> Any:
    assert log_in(studio, visitor, "ben").status_code == 303
    return visitor


def test_a_visitor_is_sent_to_log_in_and_then_to_what_they_came_for(
    studio: Any, visitor: Any
) -> None:
    answer = visitor.get(PHOTO)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    assert "Log in" in visitor.get("/login").text
    answer = log_in(studio, visitor, "ada")
    assert (answer.status_code, answer.headers["Location"]) == (303, PHOTO)
    answer = visitor.get(PHOTO, follow_redirects=True)
    assert studio.on_edge(str(answer.url))
    assert answer.content == studio.in_bucket("lakeside/1 dawn.svg")


def test_the_redirect_is_signed_and_never_kept(studio: Any, ada: Any) -> None:
    answer = ada.get(PHOTO)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (303, "no-store")
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert query.keys() == {"Expires", "Signature", "Key-Pair-Id"}
    assert query["Key-Pair-Id"] == ["KLOCAL"]


@pytest.mark.parametrize("path", [PHOTO, "/slideshow/lakeside/slideshow.html", "/albums/lakeside"])
def test_another_client_is_refused_with_the_sites_own_page(
    studio: Any, ben: Any, path: str
) -> None:
    answer = ben.get(path)
    assert answer.status_code == 403
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "This album is not shared with you." in answer.text
    assert "Location" not in answer.headers
    assert "Signature" not in answer.text + str(answer.headers)


def test_a_wrong_password_opens_nothing(visitor: Any) -> None:
    for name in ("ada", "nobody"):
        answer = visitor.post("/login", data={"name": name, "password": "guess"})
        assert answer.status_code == 403
        assert "There is no such client" in answer.text
    assert visitor.get(PHOTO).headers["Location"] == "/login"


def test_an_albums_thumbnails_are_signed(studio: Any, ada: Any) -> None:
    page = ada.get("/albums/lakeside")
    assert page.headers["Cache-Control"] == "no-store"
    sources = [html.unescape(each) for each in re.findall(r'src="([^"]+)"', page.text)]
    pictures = [ada.get(source).content for source in sources]
    assert pictures == [
        studio.in_bucket(f"lakeside/thumbs/{name}.svg") for name in ("1 dawn", "2 noon")
    ]


def test_cookies_open_the_slideshow_with_its_pictures_and_no_other(studio: Any, ada: Any) -> None:
    page = ada.get("/slideshow/lakeside/slideshow.html", follow_redirects=True)
    # The URL is plain: what opens it is in the cookies.
    assert str(page.url) == f"{studio.edge}/lakeside/slideshow.html"
    pictures = re.findall(r'src="([^"]+)"', page.text)
    assert len(pictures) == 2
    for picture in pictures:
        answer = ada.get(str(page.url.join(picture)))
        name = picture.replace("%20", " ")
        assert answer.content == studio.in_bucket(f"lakeside/{name}")
    assert ada.get(f"{studio.edge}/harbour/1%20night.svg").status_code == 403


def test_logging_out_ends_it(ada: Any) -> None:
    assert ada.post("/logout").status_code == 303
    assert ada.get(PHOTO).headers["Location"] == "/login"


def test_what_is_not_there_and_what_is_not_answered_get_the_sites_own_page(ada: Any) -> None:
    assert "There is nothing here." in ada.get("/nowhere").text
    answer = ada.post(PHOTO)
    assert (answer.status_code, "GET" in answer.headers["Allow"]) == (405, True)
    assert "Error 405." in answer.text


def test_nobody_reaches_the_bucket_without_the_site(studio: Any, visitor: Any) -> None:
    answer = visitor.get(f"{studio.edge}/lakeside/1%20dawn.svg")
    assert answer.status_code == 403
    assert "<Code>MissingKey</Code>" in answer.text


def test_what_is_missing_ends_the_start_in_the_librarys_words(
    copy_example: Callable[[str], Path], example_environ: dict[str, str]
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import studio; studio.create_app()"],
        cwd=copy_example("flask_site"),
        env=example_environ | {"SECRET_KEY": "0123456789abcdef"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    domain, key_pair_id, private_key = done.stderr.splitlines()[-3:]
    assert domain.startswith("cfsign.errors.ConfigurationError: CLOUDFRONT_DOMAIN is missing; ")
    assert "['key_pair_id'] is missing" in key_pair_id
    assert "['private_key'] is missing" in private_key
