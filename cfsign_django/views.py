"""The views that authorize, sign and redirect."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views import View

from cfsign import Delivery, Deny
from cfsign_django import conf
from cfsign_django.responses import refuse, respond

# A mixin is no View, but goes in front of one.
if TYPE_CHECKING:
    _View = View
else:
    _View = object


class SignedRedirectMixin(_View):
    """
    Sends those whom `authorize` allows to a signed URL of the resource that they asked for.

    Override `authorize`, and give the view a route such as `content/<path:resource>`. Every other
    attribute is an option: None takes the site's setting.

    Attributes:
        delivery: "redirect", "json" or "cookies".
        forward_query: Names of query parameters copied from the request into the signed URL.
        code: The redirect's status: 302, 303 or 307.
        headers: Headers for the answer.
        allowed_statuses: What `authorize` may return for a yes.
        cookie_domain: The domain that the site and the distribution share, for cookies; "" where
            both are one host.
        cookie_samesite: "Strict", "Lax" or "None", for cookies.
    """

    delivery: ClassVar[str | None] = None
    forward_query: ClassVar[tuple[str, ...] | None] = None
    code: ClassVar[int | None] = None
    headers: ClassVar[Mapping[str, str] | None] = None
    allowed_statuses: ClassVar[tuple[int, ...] | None] = None
    cookie_domain: ClassVar[str | None] = None
    cookie_samesite: ClassVar[str | None] = None

    def authorize(self, request: HttpRequest, resource: str, **url_args: Any) -> Any:
        """
        Decide on one request.

        Args:
            request: The request.
            resource: The plain path that is asked for.
            url_args: The other variables of the route.

        Returns:
            An HTTP status (200 and 204 allow, 400 to 599 refuse), an `Allow`, a `Deny`, or a
            response, which is passed on as it is.
        """
        raise NotImplementedError(_OVERRIDE.format(type(self).__name__))

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., Any]:
        """
        Make the view function.

        Raises:
            NotImplementedError: `authorize` is not overridden.
            TypeError: `authorize` is async and the view is not, or the other way round.
            ConfigurationError: An option has a value that cannot work. One that cannot work with
                the site's distribution is an error of `manage.py check`, and at the first request.
        """
        name = cls.__name__
        if cls.authorize is SignedRedirectMixin.authorize:
            raise NotImplementedError(_OVERRIDE.format(name))
        if iscoroutinefunction(cls.authorize) is not iscoroutinefunction(cls.get):
            raise TypeError(f"{name}.{_COLOUR[iscoroutinefunction(cls.authorize)]}")
        given = Delivery.options_of(SimpleNamespace(**initkwargs))
        checked = Delivery.of_view(cls, given)
        initkwargs |= {name: getattr(checked, name) for name in given}
        view: Callable[..., Any] = super().as_view(**initkwargs)
        return view

    def get(
        self, request: HttpRequest, resource: str | None = None, **url_args: Any
    ) -> HttpResponseBase:
        """Answer GET, and HEAD like it."""
        if resource is None:
            raise Delivery.no_resource(url_args)
        delivery, distribution = self._delivery, conf.distribution()
        refusal = delivery.refusal(distribution, resource)
        if refusal is not None:
            return refuse(request, refusal)
        result = self.authorize(request, resource, **url_args)
        if isinstance(result, HttpResponseBase):
            return result
        answer = delivery.answer(distribution, resource, result, _query_string(request))
        return refuse(request, answer) if isinstance(answer, Deny) else respond(answer)

    @property
    def _delivery(self) -> Delivery:
        return conf.delivery(self)


class SignedRedirectView(SignedRedirectMixin, View):
    """The view for a plain `authorize`; mixins such as LoginRequiredMixin go in front of it."""


class AsyncSignedRedirectView(SignedRedirectMixin, View):
    """
    The view for an `async` `authorize`.

    Django's own mixins such as LoginRequiredMixin go in front of it too, although they are not
    async: where one of them decides on the request, it does so in a thread, as Django runs all
    that may ask the database.
    """

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., Any]:
        """Make the view function; see `SignedRedirectMixin.as_view`."""
        view = super().as_view(**initkwargs)
        if cls.dispatch is View.dispatch:
            return view

        @functools.wraps(view)
        async def decided_in_a_thread(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            # A mixin's dispatch gives a response when it refuses, and our coroutine when it does
            # not; Django would await both.
            response = await sync_to_async(lambda: view(request, *args, **kwargs))()
            return await response if inspect.isawaitable(response) else response

        return decided_in_a_thread

    async def get(  # type: ignore[override]  # the twin that awaits
        self, request: HttpRequest, resource: str | None = None, **url_args: Any
    ) -> HttpResponseBase:
        """Answer GET, and HEAD like it."""
        if resource is None:
            raise Delivery.no_resource(url_args)
        delivery, distribution = self._delivery, conf.distribution()
        refusal = delivery.refusal(distribution, resource)
        if refusal is not None:
            return await _refuse(request, refusal)
        result = await self.authorize(request, resource, **url_args)
        if isinstance(result, HttpResponseBase):
            return result
        query = _query_string(request)
        answer = await delivery.answer_async(distribution, resource, result, query)
        return await _refuse(request, answer) if isinstance(answer, Deny) else respond(answer)


def _query_string(request: HttpRequest) -> str | bytes:
    # Under ASGI, META holds text that Django has read as UTF-8; the scope has the bytes.
    scope = getattr(request, "scope", None)
    query: str | bytes = request.META["QUERY_STRING"] if scope is None else scope["query_string"]
    return query


#: In a thread, since the site's own error page may ask the database.
_refuse = sync_to_async(refuse)

_COLOUR = {
    True: "authorize is async, and nothing awaits it; derive the view from AsyncSignedRedirectView",
    False: "authorize is not async, and would be awaited; derive the view from SignedRedirectView, "
    "or make it async",
}

_OVERRIDE = (
    "{} does not say who may have the files; override authorize(self, request, resource, "
    "**url_args) and return 200, an error status, an Allow or a Deny"
)
