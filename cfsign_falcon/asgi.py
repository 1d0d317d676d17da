"""Authorize, sign, redirect: private files behind Amazon CloudFront, for Falcon under ASGI."""

from __future__ import annotations

from functools import partial
from typing import Any

import falcon.asgi

from cfsign.views import build_resource_error
from cfsign_falcon._resource import Resource


class SignedRedirectResource(Resource):
    """
    Authorizes each request, and redirects it to a signed URL.

    Override `authorize` with an `async` method, and add the resource to a route such as
    `/content/{resource:path}`.
    """

    _is_async = True

    async def on_get(
        self,
        req: falcon.asgi.Request,
        resp: falcon.asgi.Response,
        resource: str | None = None,
        **params: Any,
    ) -> None:
        """Answer GET."""
        if not isinstance(resource, str):
            raise build_resource_error(resource, params)
        handlers = self._handlers
        handler = handlers.fixed or await handlers.choose_async(self.distribution_for, req)
        # Not req.query_string: Falcon decodes it as UTF-8, and these are the client's bytes.
        query_string = req.scope["query_string"]
        file_request = self._get_file_request(handler, req, resource, query_string)
        authorize = partial(self.authorize, req, resource, **params)
        self._send(resp, await handler.handle_async(req, resource, file_request, authorize))

    async def on_head(
        self,
        req: falcon.asgi.Request,
        resp: falcon.asgi.Response,
        **params: Any,
    ) -> None:
        """Answer HEAD as GET; Falcon sends no body."""
        await self.on_get(req, resp, **params)
