"""Run `examples/flask_site` under Gunicorn with the commands of its README."""

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
def browser(studio: Any) -> Iterator[Any]:
    with studio.open_browser() as browser:
        yield browser


def log_in(studio: Any, browser: Any, name: str) -> Any:
    return browser.post("/login", data={"name": name, "password": studio.read_password(name)})


@pytest.fixture
def ada(studio: Any, browser: Any) -> Any:
    assert log_in(studio, browser, "ada").status_code == 303
    return browser


@pytest.fixture
def ben(studio: Any, browser: Any) -> Any:
    assert log_in(studio, browser, "ben").status_code == 303
    return browser


def test_anonymous_user_reaches_the_file_after_login(studio: Any, browser: Any) -> None:
    response = browser.get(PHOTO)
    assert (response.status_code, response.headers["Location"]) == (303, "/login")
    assert "Log in" in browser.get("/login").text
    response = log_in(studio, browser, "ada")
    assert (response.status_code, response.headers["Location"]) == (303, PHOTO)
    response = browser.get(PHOTO, follow_redirects=True)
    assert studio.is_on_edge(str(response.url))
    assert response.content == studio.read_file("lakeside/1 dawn.svg")


def test_redirect_is_signed_and_not_cached(studio: Any, ada: Any) -> None:
    response = ada.get(PHOTO)
    assert (response.status_code, response.headers["Cache-Control"]) == (303, "no-store")
    query = parse_qs(urlsplit(response.headers["Location"]).query)
    assert query.keys() == {"Expires", "Signature", "Key-Pair-Id"}
    assert query["Key-Pair-Id"] == ["KLOCAL"]


@pytest.mark.parametrize("path", [PHOTO, "/slideshow/lakeside/slideshow.html", "/albums/lakeside"])
def test_other_client_is_refused_with_the_error_page(studio: Any, ben: Any, path: str) -> None:
    response = ben.get(path)
    assert response.status_code == 403
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "This album is not shared with you." in response.text
    assert "Location" not in response.headers
    assert "Signature" not in response.text + str(response.headers)


def test_wrong_password_is_refused(browser: Any) -> None:
    for name in ("ada", "unknown"):
        response = browser.post("/login", data={"name": name, "password": "guess"})
        assert response.status_code == 403
        assert "The name or the password is wrong" in response.text
    assert browser.get(PHOTO).headers["Location"] == "/login"


def test_thumbnails_of_an_album_are_signed(studio: Any, ada: Any) -> None:
    page = ada.get("/albums/lakeside")
    assert page.headers["Cache-Control"] == "no-store"
    sources = [html.unescape(each) for each in re.findall(r'src="([^"]+)"', page.text)]
    pictures = [ada.get(source).content for source in sources]
    assert pictures == [
        studio.read_file(f"lakeside/thumbs/{name}.svg") for name in ("1 dawn", "2 noon")
    ]


def test_cookies_open_only_the_slideshow(studio: Any, ada: Any) -> None:
    page = ada.get("/slideshow/lakeside/slideshow.html", follow_redirects=True)
    # The URL is plain; the signature is in the cookies.
    assert str(page.url) == f"{studio.edge}/lakeside/slideshow.html"
    pictures = re.findall(r'src="([^"]+)"', page.text)
    assert len(pictures) == 2
    for picture in pictures:
        response = ada.get(str(page.url.join(picture)))
        name = picture.replace("%20", " ")
        assert response.content == studio.read_file(f"lakeside/{name}")
    assert ada.get(f"{studio.edge}/harbour/1%20night.svg").status_code == 403


def test_logout_ends_access(studio: Any, ada: Any) -> None:
    """To the photos, and to the slideshow that the browser has open."""
    picture = f"{studio.edge}/lakeside/1%20dawn.svg"
    ada.get("/slideshow/lakeside/slideshow.html")
    assert ada.get(picture).status_code == 200
    assert ada.post("/logout").status_code == 303
    assert ada.get(picture).status_code == 403
    assert ada.get(PHOTO).headers["Location"] == "/login"


def test_404_and_405_get_the_error_page(ada: Any) -> None:
    assert "There is nothing here." in ada.get("/nowhere").text
    response = ada.post(PHOTO)
    assert (response.status_code, "GET" in response.headers["Allow"]) == (405, True)
    assert "Error 405." in response.text


def test_unsigned_request_to_the_edge_is_refused(studio: Any, browser: Any) -> None:
    response = browser.get(f"{studio.edge}/lakeside/1%20dawn.svg")
    assert response.status_code == 403
    assert "<Code>MissingKey</Code>" in response.text


def test_missing_settings_are_reported_at_start_up(
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
    assert domain.startswith("cfsign.errors.ConfigurationError: CLOUDFRONT_DOMAIN: missing; ")
    assert "['key_pair_id']: missing" in key_pair_id
    assert "['private_key']: missing" in private_key
