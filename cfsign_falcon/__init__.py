"""
Authorize, sign, redirect: private files behind Amazon CloudFront, for Falcon under WSGI.

For ASGI, use the class of the same name in `cfsign_falcon.asgi`.
"""

from __future__ import annotations

from functools import partial
from typing import Any

try:
    import falcon
except ModuleNotFoundError as error:
    if error.name != "falcon":
        raise
    raise ModuleNotFoundError(
        "cfsign_falcon needs Falcon: pip install 'cloudfront-cfsign[falcon]'", name="falcon"
    ) from None

from cfsign.views import FolderCookies as FolderCookies
from cfsign.views import find_resource
from cfsign_falcon._folders import Renewal, read_headers
from cfsign_falcon._resource import Resource


class SignedRedirectResource(Resource):
    """
    Authorizes each request, and redirects it to a signed URL.

    Override `authorize`, and add the resource to a route such as `/content/{resource:path}`.
    """

    _is_async = False

    def on_get(self, req: falcon.Request, resp: falcon.Response, **params: Any) -> None:
        """Answer GET."""
        handler = self._handlers.fixed or self._handlers.choose(self.distribution_for, req)
        resource: Any = find_resource(partial(self.resource_for, req, **params))
        params.pop("resource", None)
        file_request = self._get_file_request(handler, req, resource, req.query_string)
        authorize = partial(self.authorize, req, resource, **params)
        self._send(resp, handler.handle(req, resource, file_request, authorize))

    def on_head(self, req: falcon.Request, resp: falcon.Response, **params: Any) -> None:
        """Answer HEAD as GET; Falcon sends no body."""
        self.on_get(req, resp, **params)


class RenewFolders(Renewal):
    """
    Middleware that renews the cookies of the folder that the user may open.

    `falcon.App(middleware=[RenewFolders(cookies, folder_for)])`
    """

    _is_async = False

    def process_response(
        self, req: falcon.Request, resp: falcon.Response, resource: object, req_succeeded: bool
    ) -> None:
        """Add the headers that renew or delete cookies."""
        headers = self._renewal.build_headers(req, req.cookies, read_headers(resp))
        self._add(req, resp, headers)
