"""Authorize, sign, redirect: private files behind Amazon CloudFront, for Falcon under ASGI."""

from __future__ import annotations

from functools import partial
from typing import Any

import falcon.asgi

from cfsign.views import FolderCookies as FolderCookies
from cfsign.views import find_resource_async
from cfsign_falcon._folders import Renewal, read_headers
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
        **params: Any,
    ) -> None:
        """Answer GET."""
        handlers = self._handlers
        handler = handlers.fixed or await handlers.choose_async(self.distribution_for, req)
        resource: Any = await find_resource_async(partial(self.resource_for, req, **params))
        params.pop("resource", None)
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


class RenewFolders(Renewal):
    """
    Middleware that renews the cookies of the folder that the user may open.

    `falcon.asgi.App(middleware=[RenewFolders(cookies, folder_for)])`
    """

    _is_async = True

    async def process_response(
        self,
        req: falcon.asgi.Request,
        resp: falcon.asgi.Response,
        resource: object,
        req_succeeded: bool,
    ) -> None:
        """Add the headers that renew or delete cookies."""
        headers = await self._renewal.build_headers_async(req, req.cookies, read_headers(resp))
        self._add(req, resp, headers)
