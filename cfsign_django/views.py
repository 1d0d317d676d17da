"""The views that authorize, sign and redirect."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views import View

from cfsign.views import (
    Deny,
    FileRequest,
    OptionAttributes,
    Refusal,
    ViewHandler,
    ViewHandlers,
    ViewOptions,
    build_resource_error,
    check_authorize,
    check_hooks,
    find_resource,
    find_resource_async,
)
from cfsign_django import conf
from cfsign_django.responses import convert, refuse

# At run time a mixin is not a View; it is used in front of one.
if TYPE_CHECKING:
    _View = View
else:
    _View = object

_OPTION_NAMES = frozenset(field.name for field in dataclasses.fields(ViewOptions))
# What decides whether a view is handled as the others of its class.
_KEY_NAMES = _OPTION_NAMES | {"distribution_for"}


class _AsViewCall:
    """One call of `as_view`. The views of one call share a handler; this is its cache key."""

    def __init__(self, initkwargs: Mapping[str, Any]) -> None:
        self._initkwargs = initkwargs

    def has_options_of(self, view: View) -> bool:
        """Return False if `setup` has changed an option of *view* for its request."""
        for name, value in vars(view).items():
            if name in _KEY_NAMES and value is not self._initkwargs.get(name, self):
                return False
        return True


def _head(view: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
    return view.get(request, *args, **kwargs)


async def _head_async(view: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
    return await view.get(request, *args, **kwargs)


# Without a `head`, Django sets a bound method as the `head` of each view. That is a reference
# cycle, which keeps the request in memory until the garbage collector runs.
_HEADS: dict[bool, Callable[..., Any]] = {False: _head, True: _head_async}


class SignedRedirectMixin(OptionAttributes, _View):
    """
    Authorizes each request, and redirects it to a signed URL.

    Override `authorize`, and add the view to a route such as `content/<path:resource>`. The other
    attributes are options (`cfsign.views.ViewOptions`); None stands for the site's setting.
    """

    #: Answers HEAD. Async if `get` is.
    head: Callable[..., Any]
    #: True if `get` is async, and awaits `authorize`.
    _is_async: ClassVar[bool]
    #: The call of `as_view` that made this view.
    _as_view_call: ClassVar[_AsViewCall | None] = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Add a `head` to the class, async if its `get` is."""
        super().__init_subclass__(**kwargs)
        cls._is_async = iscoroutinefunction(cls.get)
        if getattr(cls, "head", None) in (None, *_HEADS.values()):
            cls.head = _HEADS[cls._is_async]

    def resource_for(
        self, request: HttpRequest, resource: str | None = None, **url_args: Any
    ) -> Any:
        """
        Return the plain path of the file, before `authorize` is called.

        Override it where a database id names the file. Answer a missing id as `authorize` answers
        a forbidden one, or clients can find out which ids exist. It may be `async` in the async
        view.

        Args:
            request: Django's request.
            resource: The route's variable of this name. The default returns it.
            url_args: The other variables of the route.

        Returns:
            The path, which is validated like that of a route. Or a `Deny`, which is the answer.
        """
        if not isinstance(resource, str):
            raise build_resource_error(resource, url_args)
        return resource

    def authorize(self, request: HttpRequest, resource: str, **url_args: Any) -> Any:
        """
        Decide whether the client may have the file *resource*. Must be `async` in the async view.

        Args:
            request: Django's request.
            resource: The plain path of the file.
            url_args: The other variables of the route.

        Returns:
            An HTTP status (200 and 204 allow, 400 to 599 refuse), an `Allow`, a `Deny`, or a
            response, which is passed on.
        """
        raise NotImplementedError

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., Any]:
        """
        Return the view function.

        Raises:
            NotImplementedError: `authorize` is not overridden.
            TypeError: `authorize` is async and the view is not, or the reverse; or
                `resource_for` or `distribution_for` is async and the view is not.
            ConfigurationError: An option has a wrong value. Whether it also suits the site's
                distribution is checked later: by `manage.py check`, and at the first request.
        """
        check_authorize(
            cls,
            SignedRedirectMixin,
            "self, request, resource, **url_args",
            is_async=iscoroutinefunction(cls.authorize),
            can_await=cls._is_async,
            other="SignedRedirectView" if cls._is_async else "AsyncSignedRedirectView",
        )
        check_hooks(cls, can_await=cls._is_async)
        checked = ViewOptions.from_view(cls, initkwargs)
        initkwargs |= {
            name: getattr(checked, name)
            for name, value in initkwargs.items()
            if name in _OPTION_NAMES and value is not None
        }
        view: Callable[..., Any] = super().as_view(
            **initkwargs, _as_view_call=_AsViewCall(initkwargs)
        )
        return view

    def get(self, request: HttpRequest, *args: Any, **url_args: Any) -> HttpResponseBase:
        """Answer GET and HEAD."""
        handlers = self._get_handlers()
        handler = handlers.fixed or handlers.choose(self.distribution_for, request)
        resource: Any = find_resource(
            functools.partial(self.resource_for, request, *args, **url_args)
        )
        url_args.pop("resource", None)
        file_request = _get_file_request(handler, request, resource)
        authorize = functools.partial(self.authorize, request, resource, **url_args)
        response = handler.handle(request, resource, file_request, authorize)
        return refuse(request, response) if isinstance(response, Deny) else convert(response)

    def _get_handlers(self) -> ViewHandlers:
        """Return the handlers for this view; raises `ConfigurationError`."""
        call = self._as_view_call
        cache_key = call if call is not None and call.has_options_of(self) else self
        return conf.site_config().handlers(self, cache_key, can_await=self._is_async)


def _get_file_request(
    handler: ViewHandler, request: HttpRequest, resource: str | Refusal
) -> FileRequest | Refusal:
    # Under ASGI, META holds text that Django decoded as UTF-8; the scope has the bytes.
    scope = getattr(request, "scope", None)
    query_string = request.META["QUERY_STRING"] if scope is None else scope["query_string"]
    if handler.sets_cookies:
        # A host that is not in ALLOWED_HOSTS is not the site's.
        with contextlib.suppress(DisallowedHost):
            handler.check_site(request.scheme or "", request.get_host())
    return handler.validate(resource, query_string)


class SignedRedirectView(SignedRedirectMixin, View):
    """
    The view for a plain `authorize`.

    Mixins such as LoginRequiredMixin go in front of it.
    """


class AsyncSignedRedirectView(SignedRedirectMixin, View):
    """
    The view for an `async` `authorize`.

    Django's mixins such as LoginRequiredMixin go in front of it, too. They are not async and may
    query the database, so they run in a thread.
    """

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., Any]:
        """Return the view function; see `SignedRedirectMixin.as_view`."""
        view = super().as_view(**initkwargs)
        if cls.dispatch is View.dispatch:
            return view

        @functools.wraps(view)
        async def dispatch_in_thread(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            # A mixin's dispatch returns a response if it refuses, and our coroutine if not.
            response = await sync_to_async(lambda: view(request, *args, **kwargs))()
            return await response if inspect.isawaitable(response) else response

        return dispatch_in_thread

    async def get(  # type: ignore[override]  # async
        self, request: HttpRequest, *args: Any, **url_args: Any
    ) -> HttpResponseBase:
        """Answer GET and HEAD."""
        handlers = self._get_handlers()
        handler = handlers.fixed or await handlers.choose_async(self.distribution_for, request)
        resource: Any = await find_resource_async(
            functools.partial(self.resource_for, request, *args, **url_args)
        )
        url_args.pop("resource", None)
        file_request = _get_file_request(handler, request, resource)
        authorize = functools.partial(self.authorize, request, resource, **url_args)
        response = await handler.handle_async(request, resource, file_request, authorize)
        if isinstance(response, Deny):
            return await _refuse_async(request, response)
        return convert(response)


# In a thread, because the site's error page may query the database.
_refuse_async = sync_to_async(refuse)
