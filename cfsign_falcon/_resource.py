"""The parts that the WSGI resource and the ASGI resource share."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping
from typing import Any, ClassVar, NoReturn, Self

import falcon

from cfsign import ConfigurationError, Distribution
from cfsign.config import Configuration, hide
from cfsign.views import (
    Deny,
    FileRequest,
    OptionAttributes,
    ViewHandler,
    ViewOptions,
    ViewResponse,
    build_missing_authorize_error,
    build_missing_resource_error,
)

# Falcon finds the site's error handler by the class of the error, so a refusal must raise the class
# of its status.
_ERRORS = {
    error().status_code: error
    for error in (
        falcon.HTTPBadRequest,
        falcon.HTTPUnauthorized,
        falcon.HTTPForbidden,
        falcon.HTTPNotFound,
        falcon.HTTPNotAcceptable,
        falcon.HTTPConflict,
        falcon.HTTPGone,
        falcon.HTTPLengthRequired,
        falcon.HTTPPreconditionFailed,
        falcon.HTTPContentTooLarge,
        falcon.HTTPUriTooLong,
        falcon.HTTPUnsupportedMediaType,
        falcon.HTTPUnprocessableEntity,
        falcon.HTTPLocked,
        falcon.HTTPFailedDependency,
        falcon.HTTPPreconditionRequired,
        falcon.HTTPTooManyRequests,
        falcon.HTTPRequestHeaderFieldsTooLarge,
        falcon.HTTPUnavailableForLegalReasons,
        falcon.HTTPInternalServerError,
        falcon.HTTPNotImplemented,
        falcon.HTTPBadGateway,
        falcon.HTTPServiceUnavailable,
        falcon.HTTPGatewayTimeout,
        falcon.HTTPVersionNotSupported,
        falcon.HTTPInsufficientStorage,
        falcon.HTTPLoopDetected,
        falcon.HTTPNetworkAuthenticationRequired,
    )
}


class Resource(OptionAttributes):
    """The base of the WSGI resource and the ASGI resource."""

    #: True if `authorize` is a coroutine function.
    _is_async: ClassVar[bool]

    def __init__(self, distribution: Distribution | None = None, **options: Any) -> None:
        """
        Check the options.

        Args:
            distribution: The distribution that serves the files. Required.
            options: Options of `cfsign.views.ViewOptions`, such as `forward_query` or `code`. They
                override the attributes of the class.

        Raises:
            NotImplementedError: `authorize` is not overridden.
            TypeError: `authorize` is async under WSGI, or is not async under ASGI.
            ConfigurationError: There is no distribution; or an option is unknown, has a wrong
                value, or cannot work with *distribution*.
        """
        self._check_authorize()
        name = type(self).__name__
        if distribution is None:
            raise ConfigurationError(
                f"{name} has no distribution",
                hint=f"use {name}(Distribution.from_env()) or {name}.from_env()",
            )
        if not isinstance(distribution, Distribution):
            raise ConfigurationError(
                f"the distribution of {name} must not be a {type(distribution).__name__}",
                hint="pass a Distribution(domain, signer)",
            )
        ViewOptions.check_names(options)
        checked = ViewOptions.from_view(type(self), options)
        self._handler = ViewHandler(distribution, checked, can_await=self._is_async)

    @classmethod
    def from_config(cls, mapping: Mapping[str, Any], **options: Any) -> Self:
        """
        Build from the settings `CLOUDFRONT_DOMAIN` and `CLOUDFRONT_CONFIG`.

        Raises:
            ConfigurationError: A setting or an option is wrong. Lists all problems.
        """
        hidden: Any = hide(mapping)
        del mapping
        return cls._from_configuration(Configuration.from_mapping(hidden), options)

    @classmethod
    def from_env(
        cls,
        environ: Mapping[str, str] = os.environ,
        prefix: str = "CLOUDFRONT_",
        **options: Any,
    ) -> Self:
        """
        Build from environment variables, as `Distribution.from_env` does.

        Raises:
            ConfigurationError: A variable or an option is wrong. Lists all problems.
        """
        hidden: Any = hide(environ)
        del environ
        return cls._from_configuration(Configuration.from_env(hidden, prefix), options)

    @classmethod
    def _from_configuration(cls, configuration: Configuration, options: dict[str, Any]) -> Self:
        attributes = ViewOptions.read_attributes(cls)
        distribution = Distribution.from_configuration(configuration)
        return cls(distribution, **{**configuration.view_options, **attributes, **options})

    def authorize(self, req: Any, resource: str, **params: Any) -> Any:
        """
        Decide whether the client may have the file *resource*. Must be `async` under ASGI.

        Args:
            req: Falcon's request.
            resource: The plain path of the file.
            params: The other fields of the route.

        Returns:
            An HTTP status (200 and 204 allow, 400 to 599 refuse), an `Allow` or a `Deny`.
        """
        raise NotImplementedError

    def _check_authorize(self) -> None:
        name = type(self).__name__
        if type(self).authorize is Resource.authorize:
            raise build_missing_authorize_error(type(self), "self, req, resource, **params")
        if inspect.iscoroutinefunction(self.authorize) is not self._is_async:
            raise TypeError(
                f"{name}.authorize is not async, but the resource is for ASGI; make authorize "
                "async, or for WSGI derive the resource from cfsign_falcon.SignedRedirectResource"
                if self._is_async
                else f"{name}.authorize is async, but the resource is for WSGI; make authorize a "
                "plain method, or for ASGI derive the resource from "
                "cfsign_falcon.asgi.SignedRedirectResource"
            )

    def _get_file_request(
        self,
        req: Any,
        resp: Any,
        resource: str | None,
        params: Mapping[str, Any],
        query: str | bytes,
    ) -> FileRequest:
        if resource is None:
            raise build_missing_resource_error(params)
        if self._handler.sets_cookies:
            self._handler.check_site(req.forwarded_scheme, req.forwarded_host)
        file_request = self._handler.file_request(resource, query)
        if isinstance(file_request, Deny):
            _refuse(resp, file_request)
        return file_request

    def _send(self, resp: Any, response: ViewResponse | Deny) -> None:
        if isinstance(response, Deny):
            _refuse(resp, response)
        resp.status = response.status
        for name, value in response.headers:
            # resp.location would encode the URL again, and set_header takes no Set-Cookie.
            resp.append_header(name, value)
        resp.data = response.body


def _refuse(resp: Any, deny: Deny) -> NoReturn:
    # On the response and not on the error, so that every error handler sends them.
    for name, value in deny.headers.items():
        if name.lower() == "set-cookie":  # set_header refuses it
            resp.append_header(name, value)
        else:
            resp.set_header(name, value)
    raise _ERRORS[deny.status]() if deny.status in _ERRORS else falcon.HTTPError(deny.status)
