"""The Falcon site under ASGI."""

from __future__ import annotations

import falcon.asgi

from cfsign_falcon.asgi import SignedRedirectResource
from tests.jobs.sites import falcon_wsgi, make_async

IS_ASGI = True


def make_async_page(page):
    """Return the class of a page with an async `on_get`."""

    async def on_get(self, req, resp):
        page.on_get(self, req, resp)

    return type(page.__name__, (page,), {"on_get": on_get})


def create_app(settings):
    return falcon_wsgi.create_app(
        settings,
        falcon.asgi.App(),
        lambda view: make_async(view, SignedRedirectResource),
        make_async_page,
    )
