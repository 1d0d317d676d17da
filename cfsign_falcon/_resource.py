"""All of a resource that is not the await."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping
from typing import Any, ClassVar, NoReturn, Self

import falcon

from cfsign import (
    Answer,
    Asked,
    Configuration,
    ConfigurationError,
    Delivery,
    Deny,
    Desk,
    Distribution,
    ViewOptions,
)

# Falcon finds a site's own error handler by the class of the error, so each status that has a
# class of its own is refused with that.
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


class Resource(ViewOptions):
    """What the WSGI and the ASGI resource have in common."""

    #: Whether `authorize` is awaited.
    _is_async: ClassVar[bool]

    def __init__(self, distribution: Distribution | None = None, **options: Any) -> None:
        """
        Take whose files these are, and how they are delivered.

        Args:
            distribution: The distribution, which must be given.
            options: What `cfsign.Delivery` takes, such as `forward_query` or `code`; those not
                given are looked for in attributes of the class.

        Raises:
            NotImplementedError: `authorize` is not overridden.
            TypeError: `authorize` is async under WSGI, or is not under ASGI.
            ConfigurationError: There is no distribution; or an option is unknown, or has a value
                that cannot work, or not with *distribution*.
        """
        self._check_authorize()
        name = type(self).__name__
        if distribution is None:
            raise ConfigurationError(
                f"{name} has no distribution; write {name}(Distribution.from_env()), "
                f"or {name}.from_env()"
            )
        if not isinstance(distribution, Distribution):
            raise ConfigurationError(
                f"{name}: a Distribution(domain, signer) goes here, "
                f"not {type(distribution).__name__}"
            )
        delivery = Delivery.of_view(type(self), options)
        self._desk = Desk(distribution, delivery.check(distribution, awaits=self._is_async))

    @classmethod
    def from_config(cls, mapping: Mapping[str, Any], **options: Any) -> Self:
        """Make one from `CLOUDFRONT_DOMAIN` and `CLOUDFRONT_CONFIG`; raises ConfigurationError."""
        return cls._from_configuration(Configuration.from_mapping(mapping), options)

    @classmethod
    def from_env(
        cls,
        environ: Mapping[str, str] = os.environ,
        prefix: str = "CLOUDFRONT_",
        **options: Any,
    ) -> Self:
        """Make one from the environment, as `Distribution.from_env`; raises ConfigurationError."""
        return cls._from_configuration(Configuration.from_env(environ, prefix), options)

    @classmethod
    def _from_configuration(cls, configuration: Configuration, options: dict[str, Any]) -> Self:
        stated = Delivery.options_of(Delivery.from_configuration(configuration))
        own = Delivery.options_of(cls)
        return cls(Distribution.from_configuration(configuration), **stated | own | options)

    def authorize(self, req: Any, resource: str, **params: Any) -> Any:
        """
        Say whether the viewer may have *resource*, a plain path; `async` under ASGI.

        Return an HTTP status (200 and 204 allow, 400 to 599 refuse), an `Allow` or a `Deny`.
        *params* are the other fields of the route.
        """
        raise NotImplementedError

    def _check_authorize(self) -> None:
        name = type(self).__name__
        if type(self).authorize is Resource.authorize:
            raise Delivery.no_rule(type(self), "self, req, resource, **params")
        if inspect.iscoroutinefunction(self.authorize) is not self._is_async:
            raise TypeError(
                f"{name}.authorize must be {'an async' if self._is_async else 'a plain'} method "
                f"under {'ASGI' if self._is_async else 'WSGI'}; the resource of the other kind is "
                f"cfsign_falcon{'' if self._is_async else '.asgi'}.SignedRedirectResource"
            )

    def _asked(
        self, resp: Any, resource: str | None, params: Mapping[str, Any], query: str | bytes
    ) -> Asked:
        if resource is None:
            raise Delivery.no_resource(params)
        asked = self._desk.asked(resource, query)
        if isinstance(asked, Deny):
            _refuse(resp, asked)
        return asked

    def _respond(self, resp: Any, answer: Answer | Deny) -> None:
        if isinstance(answer, Deny):
            _refuse(resp, answer)
        resp.status = answer.status
        for name, value in answer.headers:
            # To the byte, where resp.location would encode again; Set-Cookie comes several times.
            resp.append_header(name, value)
        resp.data = answer.body


def _refuse(resp: Any, deny: Deny) -> NoReturn:
    # On the response, where they stay whichever error handler the site has.
    for name, value in deny.headers.items():
        if name.lower() == "set-cookie":  # which set_header does not take
            resp.append_header(name, value)
        else:
            resp.set_header(name, value)
    raise _ERRORS[deny.status]() if deny.status in _ERRORS else falcon.HTTPError(deny.status)
