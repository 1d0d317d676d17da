"""The endpoint that authorizes, signs and redirects."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar, Self, cast

from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import Response

from cfsign import Distribution
from cfsign.config import hide
from cfsign.views import (
    OptionAttributes,
    SiteConfig,
    ViewHandlers,
    ViewOptions,
    build_handlers,
    build_resource_error,
    check_authorize,
    check_distribution,
    find_resource_async,
    is_alias,
    read_config,
    read_env,
)
from cfsign_starlette.responses import FRAMEWORK, respond


class SignedRedirectEndpoint(OptionAttributes, HTTPEndpoint):
    """
    Authorizes each request, and redirects it to a signed URL.

    Override `authorize`, set `distribution`, and add the class to a route such as
    `/content/{resource:path}`. The other attributes are options (`cfsign.views.ViewOptions`). They
    are checked when the class is made, and read once.

    Raises:
        TypeError: `authorize` is not async.
        ConfigurationError: The distribution is not a `Distribution`; or an option has a wrong
            value, or cannot work with the distribution.
    """

    #: The distribution that serves the files. `as_endpoint`, `from_config` and `from_env` set it.
    #: With `from_config`, it may be an alias.
    distribution: Any = None

    _site_config: ClassVar[SiteConfig | None] = None
    _built: ClassVar[tuple[object, ViewHandlers]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Check the class, unless it leaves `authorize` or `distribution` to a subclass."""
        super().__init_subclass__(**kwargs)
        if cls.authorize is not SignedRedirectEndpoint.authorize:
            cls._check_authorize()
            # An alias has no meaning before `from_config` reads the settings.
            if cls._site_config is not None or isinstance(cls.distribution, Distribution):
                cls._get_handlers()
            elif cls.distribution is not None and not is_alias(cls.distribution):
                check_distribution(cls.__name__, cls.distribution)

    @classmethod
    def as_endpoint(
        cls, distribution: Distribution | SiteConfig | None = None, **options: Any
    ) -> type[Self]:
        """
        Return the class for a route, with these options.

        Args:
            distribution: The distribution that serves the files; or several, as a `SiteConfig`. The
                default is the attribute of the class. It is not required if the class overrides
                `distribution_for`.
            options: Options of `cfsign.views.ViewOptions`, such as `forward_query` or `code`. They
                override the attributes of the class.

        Raises:
            NotImplementedError: `authorize` is not overridden.
            TypeError: `authorize` is not async.
            ConfigurationError: There is no distribution; or an option is unknown, has a wrong
                value, or cannot work with the distribution.
        """
        hidden = hide(distribution)
        del distribution
        ViewOptions.check_names(options)
        cls._check_authorize()
        members = {"__module__": cls.__module__, **options}
        if isinstance(hidden.reveal(), SiteConfig):
            members["_site_config"] = hidden.reveal().select(None)
            selected = hidden.reveal().selected
            if selected is not None:
                members["distribution"] = selected
        elif hidden.reveal() is not None:
            members["distribution"] = check_distribution(cls.__name__, hidden)
        endpoint = cast(type[Self], type(cls.__name__, (cls,), members))
        endpoint._get_handlers()
        return endpoint

    @classmethod
    def from_config(cls, mapping: Mapping[str, Any], **options: Any) -> type[Self]:
        """
        Return the class for a route, with the settings.

        They are `CLOUDFRONT_DOMAIN` and `CLOUDFRONT_CONFIG`, or `CLOUDFRONT_DISTRIBUTIONS`.

        Raises:
            ConfigurationError: A setting or an option is wrong. Lists all problems.
        """
        hidden: Any = hide(mapping)
        del mapping
        return cls.as_endpoint(**read_config(hidden, options))

    @classmethod
    def from_env(
        cls,
        environ: Mapping[str, str] = os.environ,
        prefix: str = "CLOUDFRONT_",
        **options: Any,
    ) -> type[Self]:
        """
        Return the class for a route, with settings from the environment.

        Raises:
            ConfigurationError: A variable or an option is wrong. Lists all problems.
        """
        hidden: Any = hide(environ)
        del environ
        return cls.as_endpoint(**read_env(hidden, prefix, options))

    def resource_for(
        self, request: Request, resource: str | None = None, **path_params: Any
    ) -> Any:
        """
        Return the plain path of the file, before `authorize` is called.

        Override it where a database id names the file. Answer a missing id as `authorize` answers
        a forbidden one, or clients can find out which ids exist. It may be `async`.

        Args:
            request: Starlette's request.
            resource: The route's variable of this name. The default returns it.
            path_params: The other variables of the route.

        Returns:
            The path, which is validated like that of a route. Or a `Deny`, which is the answer.
        """
        if not isinstance(resource, str):
            raise build_resource_error(resource, path_params)
        return resource

    async def authorize(self, request: Request, resource: str, **path_params: Any) -> Any:
        """
        Decide whether the client may have the file *resource*.

        Args:
            request: Starlette's request.
            resource: The plain path of the file.
            path_params: The other variables of the route.

        Returns:
            An HTTP status (200 and 204 allow, 400 to 599 refuse), an `Allow`, a `Deny`, or a
            response, which is passed on.
        """
        raise NotImplementedError

    async def get(self, request: Request) -> Response:
        """Answer GET."""
        handlers = self._get_handlers()
        handler = handlers.fixed or await handlers.choose_async(self.distribution_for, request)
        path_params = dict(request.path_params)
        resource: Any = await find_resource_async(
            partial(self.resource_for, request, **path_params)
        )
        path_params.pop("resource", None)
        authorize = partial(self.authorize, request, resource, **path_params)
        return await respond(handler, request, resource, authorize)

    async def head(self, request: Request) -> Response:
        """Answer HEAD as GET. Without this method, Starlette before 1.9 omits HEAD in `Allow`."""
        return await self.get(request)

    @classmethod
    def _check_authorize(cls) -> None:
        check_authorize(
            cls,
            SignedRedirectEndpoint,
            "self, request, resource, **path_params",
            is_async=inspect.iscoroutinefunction(cls.authorize),
            can_await=True,
        )

    @classmethod
    def _get_handlers(cls) -> ViewHandlers:
        """Return the handlers of this class; a subclass has other options, and its own handlers."""
        built = vars(cls).get("_built")
        if built is None or built[0] is not cls.distribution:
            cls._check_authorize()
            source = cls._site_config or cls.distribution
            built = (cls.distribution, build_handlers(cls, source, {}, framework=FRAMEWORK))
            cls._built = built
        handlers: ViewHandlers = built[1]
        return handlers
