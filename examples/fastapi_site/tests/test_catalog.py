"""The tests of the site, with a local CloudFront: `python -m pytest tests`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from cfsign import ConfigurationError
from cfsign.testing import Edge, Reason

BUCKET = Path(__file__).parents[1] / "bucket"
FILE, LINK = "/files/census/regions%202026.csv", "/links/census/regions%202026.csv"


@pytest.fixture
def edge(cloudfront_edge) -> Edge:
    """A local CloudFront in front of the bucket."""
    return cloudfront_edge(BUCKET)


@pytest.fixture
def site(edge, cloudfront_key_pair, tmp_path, monkeypatch) -> SimpleNamespace:
    """The site, and the tokens of Ada, who may have the census, and of Ben."""
    monkeypatch.setenv("CLIENTS_FILE", str(tmp_path / "clients.json"))
    monkeypatch.setenv("CLOUDFRONT_DOMAIN", edge.domain)
    monkeypatch.setenv("CLOUDFRONT_KEY_PAIR_ID", cloudfront_key_pair.key_pair_id)
    monkeypatch.setenv("CLOUDFRONT_PRIVATE_KEY", cloudfront_key_pair.private_key)
    from catalog.app import create_app
    from catalog.clients import Client, load_clients

    clients = load_clients()
    tokens = {"ada": clients.add(Client("ada", ["census"]))}
    tokens["ben"] = clients.add(Client("ben", ["climate"]))
    return SimpleNamespace(app=create_app(), tokens=tokens)


def get(site: SimpleNamespace, path: str, client: str = "") -> httpx.Response:
    """Request *path* with the token of *client*."""
    token = site.tokens.get(client, client)

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(site.app)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with httpx.AsyncClient(transport=transport, base_url="http://site") as http:
            return await http.get(path, headers=headers)

    return asyncio.run(send())


@pytest.mark.parametrize("path", [FILE, LINK])
def test_client_gets_a_file_from_cloudfront(site, edge, path):
    url = edge.assert_allows(get(site, path, "ada"))
    assert edge.get(url).content == (BUCKET / "census" / "regions 2026.csv").read_bytes()


def test_link_expires_after_a_minute(site, edge, cloudfront_clock):
    url = edge.assert_allows(get(site, LINK, "ada"))
    cloudfront_clock.shift(61)
    edge.assert_denies(url, reason=Reason.EXPIRED)


@pytest.mark.parametrize("path", [FILE, LINK])
def test_other_dataset_is_refused(site, path):
    response = get(site, path, "ben")
    assert (response.status_code, response.headers.get("Location")) == (403, None)


@pytest.mark.parametrize("token", ["", "forged"])
def test_unknown_client_is_asked_for_a_token(site, token):
    response = get(site, FILE, token)
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("path", ["/files/census", "/files/census/..%2Fclimate/stations.csv"])
def test_path_outside_of_the_dataset_is_refused(site, path):
    assert get(site, path, "ada").status_code in (403, 404)


def test_tokens_are_not_stored(site, tmp_path):
    text = (tmp_path / "clients.json").read_text()
    assert not any(token in text for token in site.tokens.values())


def test_missing_setting_ends_the_start(site, monkeypatch):
    monkeypatch.delenv("CLOUDFRONT_KEY_PAIR_ID")
    from catalog.app import create_app

    with pytest.raises(ConfigurationError, match="CLOUDFRONT_KEY_PAIR_ID"):
        create_app()


def test_openapi_shows_the_refusals(site):
    paths = get(site, "/openapi.json").json()["paths"]
    assert {"303", "403", "404"} <= paths["/files/{resource}"]["get"]["responses"].keys()
    assert {"200", "403", "404"} <= paths["/links/{resource}"]["get"]["responses"].keys()
