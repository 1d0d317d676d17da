"""A site with decisions of each kind, for the table of docs/events.md."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import Any

import flask
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cfsign import BaseSigner, KeyUnavailableError, load_private_key
from cfsign.views import Observer
from cfsign_flask import CloudFront, signed_redirect_blueprint

# The second request for a file gets a cached signature. "None" is a mistake of the site.
PATHS = (
    *("/content/ada/a.pdf", "/content/ada/a.pdf", "/content/ada/b.pdf", "/json/ada/c.pdf"),
    *("/content/bob/a.pdf", "/content/ada%01/a.pdf", "/content/None/a.pdf"),
)


class UnavailableKey:
    """A key in a service that does not answer."""

    def __init__(self, pem: str) -> None:
        self._key = load_private_key(pem)

    def sign(self, message: bytes, hash_algorithm: str) -> bytes:
        raise KeyUnavailableError("the key service does not answer", code="Timeout")

    def public_key_pem(self) -> str:
        return self._key.public_key_pem()


def make_decisions(observers: Iterable[Observer]) -> BaseSigner:
    """
    Send a request for each path, and one to a site whose key is unavailable.

    Returns:
        The site's key ring. Its first key is replaced in a minute.
    """
    later = int(time.time()) + 60
    first = _make_key("K1ADA2BOB3EVE4")
    ring = {"keys": [first, _make_key("K5DAN6EVA7FAY8") | {"active_from": later}]}
    app = _make_site({"key_ring": lambda: json.dumps(ring)}, observers)
    for path in PATHS:
        app.test_client().get(path)
    _make_site(
        first | {"private_key": UnavailableKey(first["private_key"])}, observers
    ).test_client().get("/content/ada/a.pdf")
    signer: BaseSigner = app.extensions["cloudfront"].distribution.signer
    return signer


def _make_key(key_pair_id: str) -> dict[str, Any]:
    key = generate_private_key(SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return {"key_pair_id": key_pair_id, "private_key": pem, "hash_algorithm": "SHA256"}


def _make_site(config: dict[str, Any], observers: Iterable[Observer]) -> flask.Flask:
    app = flask.Flask("site")
    app.logger.disabled = True
    app.config["CLOUDFRONT_DOMAIN"] = "https://media.example.com"
    app.config["CLOUDFRONT_CONFIG"] = config | {"expiry_step": 300, "observers": [*observers]}
    CloudFront(app)
    for delivery, prefix in {"redirect": "/content", "json": "/json"}.items():
        app.register_blueprint(
            signed_redirect_blueprint(
                delivery, __name__, _authorize, url_prefix=prefix, delivery=delivery
            )
        )
    return app


def _authorize(resource: str) -> Any:
    if resource.startswith("None/"):
        return None
    return 200 if resource.startswith("ada/") else 403
