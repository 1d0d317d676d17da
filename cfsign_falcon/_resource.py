"""The parts that the WSGI resource and the ASGI resource share."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar, NoReturn

import falcon

from cfsign import Distribution
from cfsign.config import hide
from cfsign.views import (
    Deny,
    FileRequest,
    Framework,
    FromSettings,
    OptionAttributes,
    Refusal,
    SiteConfig,
    ViewHandler,
    ViewOptions,
    ViewResponse,
    build_handlers,
    build_resource_error,
    check_authorize,
    check_hooks,
)

# The class to derive from otherwise, by whether the resource is async.
_OTHER_CLASSES = {
    True: "cfsign_falcon.SignedRedirectResource",
    False: "cfsign_falcon.asgi.SignedRedirectResource",
}

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


def _get_status(error: Exception) -> int | None:
    return error.status_code if isinstance(error, falcon.HTTPError | falcon.HTTPStatus) else None


_FRAMEWORK = Framework(get_status=_get_status)


class Resource(FromSettings, OptionAttributes):
    """The base of the WSGI resource and the ASGI resource."""

    #: True if `authorize` is a coroutine function.
    _is_async: ClassVar[bool]

    def __init__(
        self, distribution: Distribution | SiteConfig | None = None, **options: Any
    ) -> None:
        """
        Check the options.

        Args:
            distribution: The distribution that serves the files; or several, as a `SiteConfig`.
                Required, unless it is an attribute of the class or the class overrides
                `distribution_for`.
            options: Options of `cfsign.views.ViewOptions`, such as `forward_query` or `code`. They
                override the attributes of the class.

        Raises:
            NotImplementedError: `authorize` is not overridden.
            TypeError: `authorize` is async under WSGI, or is not async under ASGI; or
                `resource_for` or `distribution_for` is async under WSGI.
            ConfigurationError: There is no distribution; or an option is unknown, has a wrong
                value, or cannot work with *distribution*.
        """
        hidden = hide(distribution)
        del distribution
        check_authorize(
            type(self),
            Resource,
            "self, req, resource, **params",
            is_async=inspect.iscoroutinefunction(self.authorize),
            can_await=self._is_async,
            other=_OTHER_CLASSES[self._is_async],
        )
        check_hooks(type(self), can_await=self._is_async)
        ViewOptions.check_names(options)
        self._handlers = build_handlers(
            self, hidden, options, framework=_FRAMEWORK, can_await=self._is_async
        )
        self.distribution = self._handlers.distribution

    def resource_for(self, req: Any, resource: str | None = None, **params: Any) -> Any:
        """
        Return the plain path of the file, before `authorize` is called.

        Override it where a database id names the file. Answer a missing id as `authorize` answers
        a forbidden one, or clients can find out which ids exist. It may be `async` under ASGI.

        Args:
            req: Falcon's request.
            resource: The route's field of this name. The default returns it.
            params: The other fields of the route.

        Returns:
            The path, which is validated like that of a route. Or a `Deny`, which is the answer.
        """
        if not isinstance(resource, str):
            raise build_resource_error(resource, params)
        return resource

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

    def _get_file_request(
        self, handler: ViewHandler, req: Any, resource: str | Refusal, query: str | bytes
    ) -> FileRequest | Refusal:
        if handler.sets_cookies:
            handler.check_site(req.forwarded_scheme, req.forwarded_host)
        return handler.validate(resource, query)

    def _send(self, resp: Any, response: ViewResponse | Deny) -> None:
        if isinstance(response, Deny):
            _refuse(resp, response)
        resp.status = response.status
        for name, value in response.headers:
            # resp.location would encode the URL again, and set_header takes no Set-Cookie.
            resp.append_header(name, value)
        # The server would send an empty part by a separate system call.
        resp.data = response.body or None


def _refuse(resp: Any, deny: Deny) -> NoReturn:
    # The headers are set on the response, not on the error, so that every error handler sends them.
    for name, value in deny.headers.items():
        if name.lower() == "set-cookie":  # set_header refuses it
            resp.append_header(name, value)
        else:
            resp.set_header(name, value)
    raise _ERRORS[deny.status]() if deny.status in _ERRORS else falcon.HTTPError(deny.status)
