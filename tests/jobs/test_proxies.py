"""The address of the client behind one proxy, as docs/views.md describes for each framework."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

from cfsign.testing import Edge
from cfsign.testing.transports import ASGITransport, WSGITransport

CLIENT = "203.0.113.7"
FORGED = "198.51.100.9"
PROXY = "192.0.2.1"


def sign_for(adapter: str, edge: Edge, forwarded: str, proxy: str | None) -> str:
    """Return the URL that the site signs for the address of the client."""
    module = importlib.import_module(f"tests.jobs.sites.{adapter}")
    app: Any = module.create_app(edge.settings)
    if proxy and module.IS_ASGI:
        app = ProxyHeadersMiddleware(app, trusted_hosts=proxy)
    elif proxy:
        app = ProxyFix(app, x_for=1, x_proto=1, x_host=1)
    transport = (ASGITransport if module.IS_ASGI else WSGITransport)(app, PROXY)
    with httpx.Client(base_url="https://www.example.com", transport=transport) as client:
        reply = client.get("/personal/report.pdf", headers={"X-Forwarded-For": forwarded})
    return str(reply.headers["Location"])


def test_last_address_counts(
    adapter: str, cloudfront_edge: Callable[..., Edge], tmp_path: Path
) -> None:
    """The client can send the header, too, and so name somebody else first."""
    edge = cloudfront_edge(tmp_path)
    url = sign_for(adapter, edge, f"{FORGED}, {CLIENT}", PROXY)
    edge.assert_allows(url, ip_address=CLIENT)
    edge.assert_denies(url, ip_address=FORGED)
    edge.assert_denies(url, ip_address=PROXY)


def test_header_is_ignored_without_the_setting(
    adapter: str, cloudfront_edge: Callable[..., Edge], tmp_path: Path
) -> None:
    edge = cloudfront_edge(tmp_path)
    url = sign_for(adapter, edge, FORGED, None)
    edge.assert_allows(url, ip_address=PROXY)
    edge.assert_denies(url, ip_address=FORGED)
