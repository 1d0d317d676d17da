"""The function that a FastAPI route calls with its decision."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from cfsign import Distribution
from cfsign.config import hide
from cfsign.views import (
    Deny,
    FromSettings,
    OptionAttributes,
    SiteConfig,
    ViewOptions,
    build_handlers,
    build_resource_error,
)
from cfsign_starlette.responses import FRAMEWORK, respond

# There is no `authorize`: the route passes the decision.
_FRAMEWORK = replace(FRAMEWORK, source="the result passed to signed_redirect is")


class SignedRedirect(FromSettings, OptionAttributes):
    """
    Redirects allowed requests to a signed URL: `await media(request, resource, result)`.

    Use it under the name `signed_redirect`.
    """

    def __init__(
        self,
        distribution: Distribution | SiteConfig | None = None,
        *,
        distribution_for: Callable[[Request], Any] | None = None,
        **options: Any,
    ) -> None:
        """
        Check the options.

        Args:
            distribution: The distribution that serves the files; or several, as a `SiteConfig`.
                Required, unless *distribution_for* is given.
            distribution_for: For a site with several tenants, a function that returns the
                distribution for a request. It may be async; see
                `SignedRedirectEndpoint.distribution_for`.
            options: Options of `cfsign.views.ViewOptions`, such as `forward_query` or `code`.

        Raises:
            ConfigurationError: There is no distribution; or an option is unknown, has a wrong
                value, or cannot work with *distribution*.
        """
        hidden = hide(distribution)
        del distribution
        ViewOptions.check_names(options)
        if distribution_for is not None:
            self.distribution_for = distribution_for  # type: ignore[method-assign,assignment]
        self._handlers = build_handlers(
            self, hidden, options, framework=_FRAMEWORK, name="signed_redirect"
        )
        self.distribution = self._handlers.distribution

    async def __call__(self, request: Request, resource: str | Deny, result: object) -> Response:
        """
        Return the response for the file *resource*.

        The path is validated first: if it is not a valid file name, the response is a 404, even if
        *result* allows the request.

        Args:
            request: The request of the route.
            resource: The plain path of the file, from a route such as `/content/{resource:path}`
                or from a database; or a `Deny` if there is no such file.
            result: The decision: an HTTP status (200 and 204 allow, 400 to 599 refuse), an `Allow`,
                a `Deny`, or a response, which is passed on.

        Raises:
            HTTPException: The request is refused.
            DecisionError: The result is anything else. Nothing is signed.
            TypeError: The first argument is not a `Request`.
            ConfigurationError: The resource is not text.
        """
        hidden = hide(result)
        del result
        if not isinstance(request, Request):
            raise TypeError(f"request must be a Request, got {type(request).__name__}")
        if not isinstance(resource, str | Deny):
            raise build_resource_error(resource, request.path_params)

        async def return_result() -> object:
            return hidden

        handlers = self._handlers
        handler = handlers.fixed or await handlers.choose_async(self.distribution_for, request)
        return await respond(handler, request, resource, return_result)

    @property
    def responses(self) -> dict[int | str, dict[str, Any]]:
        """The responses for OpenAPI: the argument `responses` of a FastAPI route."""
        options = self._handlers.options
        if options.delivery == "json":
            status, success = HTTPStatus.OK, _JSON
        elif options.code == 204:
            status, success = HTTPStatus.NO_CONTENT, _COOKIES
        else:
            status, success = HTTPStatus(options.code), _REDIRECT
        return {
            status.value: deepcopy(success),  # the site may change it
            403: {"description": "The client may not have the file."},
            404: {"description": "There is no such file."},
        }


_REDIRECT = {
    "description": "A redirect to the file at CloudFront, valid for a short time.",
    "headers": {"Location": {"schema": {"type": "string", "format": "uri"}}},
}
_COOKIES: dict[str, Any] = {
    "description": "Cookies that open the folder of the file at CloudFront."
}
_JSON = {
    "description": "The URL of the file at CloudFront, valid for a short time.",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["url", "expires_at"],
                "properties": {
                    "url": {"type": "string", "format": "uri"},
                    "expires_at": {"type": "integer", "description": "Unix time, in seconds"},
                },
            }
        }
    },
}

#: The name to call it by: `media = signed_redirect(distribution, delivery="json")`.
signed_redirect = SignedRedirect
