"""The tests of the site, with a local CloudFront: `python -m pytest tests`."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from cfsign.testing import Edge, Reason

BUCKET = Path(__file__).parents[1] / "bucket"
PHOTO = "/photos/lakeside/1 dawn.svg"


@pytest.fixture
def edge(cloudfront_edge) -> Edge:
    """A local CloudFront in front of the bucket; its domain shares a parent with the site."""
    return cloudfront_edge(BUCKET, domain="https://media.studio.example")


@pytest.fixture
def site(edge, cloudfront_key_pair, tmp_path, monkeypatch) -> Flask:
    """The site, with an album that is shared with Ada."""
    (tmp_path / "private.pem").write_text(cloudfront_key_pair.private_key)
    monkeypatch.setenv("CLOUDFRONT_DOMAIN", edge.domain)
    monkeypatch.setenv("CLOUDFRONT_KEY_PAIR_ID", cloudfront_key_pair.key_pair_id)
    monkeypatch.setenv("CLOUDFRONT_PRIVATE_KEY_FILE", str(tmp_path / "private.pem"))
    monkeypatch.setenv("COOKIE_DOMAIN", "studio.example")
    monkeypatch.setenv("DATABASE", str(tmp_path / "studio.sqlite3"))
    monkeypatch.setenv("SECRET_KEY", "0123456789abcdef")
    from studio import create_app

    app = create_app()
    run = app.test_cli_runner().invoke
    for name in ("ada", "ben"):
        assert run(args=["add-client", name]).exit_code == 0
    assert run(args=["add-album", "lakeside", "1 dawn.svg", "--client", "ada"]).exit_code == 0
    return app


def test_c9_the_database_is_private(site):
    """It holds hashes of passwords."""
    assert Path(site.config["DATABASE"]).stat().st_mode & 0o777 == 0o600


def log_in(site: Flask, name: str) -> FlaskClient:
    """Return a test client with *name* logged in."""
    client = site.test_client()
    with client.session_transaction(base_url="https://studio.example") as session:
        session["client"] = name
    return client


def get(client: FlaskClient, path: str):
    return client.get(path, base_url="https://studio.example")


def test_client_gets_a_photo_from_cloudfront(site, edge):
    url = edge.assert_allows(get(log_in(site, "ada"), PHOTO))
    assert edge.get(url).content == (BUCKET / "lakeside" / "1 dawn.svg").read_bytes()


def test_link_expires_after_a_minute(site, edge, cloudfront_clock):
    url = edge.assert_allows(get(log_in(site, "ada"), PHOTO))
    cloudfront_clock.shift(61)
    edge.assert_denies(url, reason=Reason.EXPIRED)


def test_cookies_of_a_slideshow_open_only_its_folder(site, edge):
    response = get(log_in(site, "ada"), "/slideshow/lakeside/slideshow.html")
    edge.assert_allows(response)
    response.headers["Location"] = f"{edge.domain}/harbour/1%20night.svg"
    edge.assert_denies(response)


def test_other_client_is_refused(site):
    assert get(log_in(site, "ben"), PHOTO).status_code == 403
