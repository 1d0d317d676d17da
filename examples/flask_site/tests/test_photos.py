"""The studio's own tests, against a CloudFront on this machine: `python -m pytest tests`."""

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
    """CloudFront before the bucket, at a domain that it shares with the site."""
    return cloudfront_edge(BUCKET, domain="https://media.studio.example")


@pytest.fixture
def site(edge, cloudfront_key_pair, tmp_path, monkeypatch) -> Flask:
    """The site before it, with an album for Ada."""
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


def client_of(site: Flask, name: str) -> FlaskClient:
    """Return a browser in which *name* is logged in."""
    client = site.test_client()
    with client.session_transaction(base_url="https://studio.example") as session:
        session["client"] = name
    return client


def get(client: FlaskClient, path: str):
    return client.get(path, base_url="https://studio.example")


def test_a_client_is_sent_to_a_photo_that_cloudfront_serves(site, edge):
    url = edge.assert_allows(get(client_of(site, "ada"), PHOTO))
    assert edge.get(url).content == (BUCKET / "lakeside" / "1 dawn.svg").read_bytes()


def test_the_link_is_good_for_a_minute(site, edge, cloudfront_clock):
    url = edge.assert_allows(get(client_of(site, "ada"), PHOTO))
    cloudfront_clock.shift(61)
    edge.assert_denies(url, reason=Reason.EXPIRED)


def test_the_cookies_of_a_slideshow_open_its_folder_and_no_other(site, edge):
    answer = get(client_of(site, "ada"), "/slideshow/lakeside/slideshow.html")
    edge.assert_allows(answer)
    answer.headers["Location"] = f"{edge.domain}/harbour/1%20night.svg"
    edge.assert_denies(answer)


def test_another_client_is_refused_by_the_site(site):
    assert get(client_of(site, "ben"), PHOTO).status_code == 403
