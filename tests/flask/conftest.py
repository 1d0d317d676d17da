"""A Flask site with each kind of view, and the keys that its edge trusts."""

import asyncio
import posixpath

import flask
import pytest

from cfsign import Distribution, Signer, TrustedKeyGroup
from cfsign.views import SiteConfig, ViewOptions
from cfsign_flask import CloudFront, SignedRedirectView, signed_redirect_blueprint
from cfsign_flask.responses import FRAMEWORK

DOMAIN = "http://d1097jtk.cloudfront.net"


class Rule:
    """An `authorize` that returns or raises `result`, and records its calls."""

    def __init__(self):
        self.result = 200
        self.calls = []

    def __call__(self, resource, **url_args):
        self.calls.append((resource, url_args))
        if isinstance(self.result, BaseException):
            raise self.result
        return self.result() if callable(self.result) else self.result


@pytest.fixture
def rule():
    return Rule()


@pytest.fixture
def settings(pem):
    return {
        "CLOUDFRONT_DOMAIN": DOMAIN,
        "CLOUDFRONT_CONFIG": {"priv_key_string": pem, "key_pair_id": "ABCDEF", "expires": 60},
    }


@pytest.fixture
def app(rule, settings):
    app = flask.Flask("site")
    app.config.update(settings, TESTING=False, PROPAGATE_EXCEPTIONS=False)
    app.config["CLOUDFRONT_DOMAIN"] = "http://media.example.com"  # cookies reach it
    CloudFront(app)

    class View(SignedRedirectView):
        forward_query = ("response-content-disposition",)

        def authorize(self, resource, **url_args):
            return rule(resource, **url_args)

    class AsyncView(SignedRedirectView):
        async def authorize(self, resource, **url_args):
            await asyncio.sleep(0)
            return rule(resource, **url_args)

    app.add_url_rule("/content/<path:resource>", view_func=View.as_view("content"))
    app.add_url_rule("/async/<path:resource>", view_func=AsyncView.as_view("async"))
    for delivery in ("json", "cookies"):
        app.register_blueprint(
            signed_redirect_blueprint(
                delivery,
                __name__,
                rule,
                url_prefix=f"/{delivery}",
                delivery=delivery,
                folder=posixpath.dirname if delivery == "cookies" else None,
            )
        )
    app.register_error_handler(403, lambda error: ("the site's own page", 403))
    return app


@pytest.fixture
def signed(app, recorder):
    """The messages that the site's key signs from now on."""
    distribution = Distribution(app.config["CLOUDFRONT_DOMAIN"], Signer("ABCDEF", recorder))
    app.extensions["cloudfront"] = SiteConfig(distribution, ViewOptions(), framework=FRAMEWORK)
    return recorder.signed


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def trusted_keys(public_pem):
    return TrustedKeyGroup({"ABCDEF": public_pem})
