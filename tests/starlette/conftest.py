"""A distribution whose key records what it signs, and an HTTP client for an application."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from cfsign import Distribution, PrivateKey, Signer, load_private_key
from tests.conftest import KEY_PAIR_ID

for _package in ("starlette", "fastapi"):
    pytest.importorskip(_package)
httpx = pytest.importorskip("httpx")


class CountingKey:
    """A real key that counts its signatures."""

    def __init__(self, key: PrivateKey) -> None:
        self._key = key
        self.signatures = 0

    def sign(self, message: bytes, hash_algorithm: Any) -> bytes:
        self.signatures += 1
        return self._key.sign(message, hash_algorithm)

    def public_key_pem(self) -> str:
        return self._key.public_key_pem()


@pytest.fixture
def key(pem: str) -> CountingKey:
    return CountingKey(load_private_key(pem))


@pytest.fixture
def distribution(key: CountingKey) -> Distribution:
    return Distribution("https://media.example.com", Signer(KEY_PAIR_ID, key))


@pytest.fixture
def environ(pem: str) -> dict[str, str]:
    """The environment of a deployment."""
    return {
        "CLOUDFRONT_DOMAIN": "https://media.example.com",
        "CLOUDFRONT_KEY_PAIR_ID": KEY_PAIR_ID,
        "CLOUDFRONT_PRIVATE_KEY": pem,
    }


@pytest.fixture
def request_app() -> Callable[..., Any]:
    """Return a function that sends one request to an application, and raises its errors."""

    def request_app(
        app: Any, path: str, method: str = "GET", *, raises: bool = True, **arguments: Any
    ) -> Any:
        async def send() -> Any:
            transport = httpx.ASGITransport(app, raise_app_exceptions=raises, **arguments)
            base_url = "http://site.example.com"
            async with httpx.AsyncClient(transport=transport, base_url=base_url) as client:
                return await client.request(method, path, headers=headers)

        headers = arguments.pop("headers", {})
        return asyncio.run(send())

    return request_app
