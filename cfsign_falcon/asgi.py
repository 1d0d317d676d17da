"""Authorize, sign, redirect: private files behind Amazon CloudFront, for Falcon under ASGI."""

from __future__ import annotations

from typing import Any

import falcon.asgi

from cfsign_falcon._resource import Resource


class SignedRedirectResource(Resource):
    """
    Sends those whom `authorize` allows to a signed URL of the resource that they asked for.

    Override `authorize` with an `async` method, and add it to a route such as
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
        # req.query_string is text that Falcon has read as UTF-8; these are the viewer's bytes.
        asked = self._asked(resp, resource, params, req.scope["query_string"])
        result = await self.authorize(req, resource, **params)  # type: ignore[arg-type]  # as above
        self._respond(resp, await asked.answer_async(result))

    async def on_head(
        self,
        req: falcon.asgi.Request,
        resp: falcon.asgi.Response,
        **params: Any,
    ) -> None:
        """Answer HEAD like GET; Falcon sends no body."""
        await self.on_get(req, resp, **params)
