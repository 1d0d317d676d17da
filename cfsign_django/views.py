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

from cfsign import Asked, Delivery, Deny, Desk, ViewOptions
from cfsign_django import conf
from cfsign_django.responses import refuse, respond

# A mixin is no View, but goes in front of one.
if TYPE_CHECKING:
    _View = View
else:
    _View = object

_OPTIONS = Delivery.__dataclass_fields__


class _AsView:
    """A call of `as_view`: the views that are made for it have the options that it was given."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = given

    def has_made(self, view: View) -> bool:
        """Tell whether *view* has just these, and none that its `setup` has set for a request."""
        for name, value in vars(view).items():
            if name in _OPTIONS and value is not self._given.get(name, self):
                return False
        return True


def _head(view: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
    return view.get(request, *args, **kwargs)


async def _head_async(view: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
    return await view.get(request, *args, **kwargs)


# A view's `head` by whether its `get` is awaited. Without one, Django gives each view a `head` that
# holds the view, and with it the request, until the garbage is collected.
_HEADS: dict[bool, Callable[..., Any]] = {False: _head, True: _head_async}


class SignedRedirectMixin(ViewOptions, _View):
    """
    Sends those whom `authorize` allows to a signed URL of the resource that they asked for.

    Override `authorize`, and give the view a route such as `content/<path:resource>`. Every other
    attribute is an option, described in `cfsign.Delivery`: None takes the site's setting.
    """

    #: Whether `authorize` is awaited.
    _awaits: ClassVar[bool]
    #: Answers HEAD like GET, in the colour of `get`.
    head: Callable[..., Any]
    #: The call of `as_view` that this view, one a request, is made for.
    _as_view: ClassVar[_AsView | None] = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Look once which colour the view has, and give it a `head` of that colour."""
        super().__init_subclass__(**kwargs)
        cls._awaits = iscoroutinefunction(cls.get)
        if getattr(cls, "head", None) in (None, *_HEADS.values()):
            cls.head = _HEADS[cls._awaits]

    def authorize(self, request: HttpRequest, resource: str, **url_args: Any) -> Any:
        """
        Say whether the viewer may have *resource*, a plain path; `async` in the async view.

        Return an HTTP status (200 and 204 allow, 400 to 599 refuse), an `Allow`, a `Deny`, or a
        response, which is passed on as it is. *url_args* are the route's other variables.
        """
        raise Delivery.no_rule(type(self), "self, request, resource, **url_args")

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
        if cls.authorize is SignedRedirectMixin.authorize:
            raise Delivery.no_rule(cls, "self, request, resource, **url_args")
        if iscoroutinefunction(cls.authorize) is not cls._awaits:
            raise TypeError(f"{cls.__name__}.{_COLOUR[cls._awaits]}")
        given = Delivery.options_of(SimpleNamespace(**initkwargs))
        checked = Delivery.of_view(cls, given)
        initkwargs |= {name: getattr(checked, name) for name in given}
        view: Callable[..., Any] = super().as_view(**initkwargs, _as_view=_AsView(initkwargs))
        return view

    def get(
        self, request: HttpRequest, resource: str | None = None, **url_args: Any
    ) -> HttpResponseBase:
        """Answer GET, and HEAD like it."""
        asked = self._asked(request, resource, url_args)
        if isinstance(asked, Deny):
            return refuse(request, asked)
        result = self.authorize(request, resource, **url_args)  # type: ignore[arg-type]
        if isinstance(result, HttpResponseBase):
            return result
        answer = asked.answer(result)
        return refuse(request, answer) if isinstance(answer, Deny) else respond(answer)

    def _desk(self) -> Desk:
        """Return where the view's files are asked for; raises ConfigurationError."""
        call = self._as_view
        key = call if call is not None and call.has_made(self) else None
        return conf.site().desk(self, key, awaits=self._awaits)

    def _asked(
        self, request: HttpRequest, resource: str | None, url_args: dict[str, Any]
    ) -> Asked | Deny:
        if resource is None:
            raise Delivery.no_resource(url_args)
        # Under ASGI, META holds text that Django has read as UTF-8; the scope has the bytes.
        scope = getattr(request, "scope", None)
        query = request.META["QUERY_STRING"] if scope is None else scope["query_string"]
        return self._desk().asked(resource, query)


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
        asked = self._asked(request, resource, url_args)
        if isinstance(asked, Deny):
            return await _refuse(request, asked)
        result = await self.authorize(request, resource, **url_args)  # type: ignore[arg-type]
        if isinstance(result, HttpResponseBase):
            return result
        answer = await asked.answer_async(result)
        return await _refuse(request, answer) if isinstance(answer, Deny) else respond(answer)


#: In a thread, since the site's own error page may ask the database.
_refuse = sync_to_async(refuse)

# What is wrong with `authorize`, by whether the view awaits it.
_COLOUR = {
    False: "authorize is async, and nothing awaits it; derive the view from "
    "AsyncSignedRedirectView",
    True: "authorize is not async, and would be awaited; derive the view from SignedRedirectView, "
    "or make it async",
}
