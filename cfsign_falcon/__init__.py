"""
Authorize, sign, redirect: private files behind Amazon CloudFront, for Falcon under WSGI.

For ASGI there is a class of the same name in `cfsign_falcon.asgi`.
"""

from __future__ import annotations

from typing import Any

try:
    import falcon
except ModuleNotFoundError as error:
    if error.name != "falcon":
        raise
    raise ModuleNotFoundError(
        "cfsign_falcon needs Falcon: pip install 'cloudfront-cfsign[falcon]'", name="falcon"
    ) from None

from cfsign_falcon._resource import Resource


class SignedRedirectResource(Resource):
    """
    Sends those whom `authorize` allows to a signed URL of the resource that they asked for.

    Override `authorize`, and add it to a route such as `/content/{resource:path}`.
    """

    _is_async = False

    def on_get(
        self, req: falcon.Request, resp: falcon.Response, resource: str | None = None, **params: Any
    ) -> None:
        """Answer GET."""
        asked = self._asked(resp, resource, params, req.query_string)
        result = self.authorize(req, resource, **params)  # type: ignore[arg-type]  # it was asked
        self._respond(resp, asked.answer(result))

    def on_head(self, req: falcon.Request, resp: falcon.Response, **params: Any) -> None:
        """Answer HEAD like GET; Falcon sends no body."""
        self.on_get(req, resp, **params)
