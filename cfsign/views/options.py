"""The options of a view, checked when the view is made."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Literal, Self, get_args

from cfsign.config.fields import (
    ALLOWED_STATUSES,
    check_allowed_statuses,
    check_bool,
    check_code,
    check_cookie_expires_in,
    check_headers,
    check_observers,
)
from cfsign.config.headers import has_cache_control
from cfsign.errors import ConfigurationError, Problem, ResourceError
from cfsign.limits import PARAMETERS
from cfsign.signing.cookie_rules import check_cookie_options
from cfsign.signing.distribution import Distribution
from cfsign.signing.folder import encode_folder
from cfsign.utils.description import describe_name, describe_value
from cfsign.utils.secret import hide_init_arguments
from cfsign.views.distributions import check_choice
from cfsign.views.option_attributes import find_misspelt, find_similar
from cfsign.views.target import FolderOption

Delivery = Literal["redirect", "json", "cookies"]


@hide_init_arguments
@dataclass(frozen=True, slots=True, kw_only=True)
class ViewOptions:
    """
    The options of a view. Compared by value; not hashable.

    Attributes:
        distribution: The alias of one of the site's distributions, or a `Distribution`. None: the
            alias "default".
        delivery: "redirect" answers with a redirect to the signed URL. "json" answers with the
            signed URL in a JSON document. "cookies" sets signed cookies for a folder, which the
            option `folder` or `Allow(folder=...)` must name, and redirects to the unsigned URL.
            Cookies set for the same folder earlier are replaced. Do not use cookies for a folder
            inside another one: browsers send both sets to the inner folder (RFC 6265, section
            5.4), and CloudFront refuses them.
        folder: Sign for everything below this folder: a plain path such as "videos/42", or a
            function that returns one for the path of the file, such as `posixpath.dirname`. "/" is
            the whole distribution. A file outside is a 404. `authorize` must hold for the whole
            folder: the client can open every file in it.
        code: The status of the redirect: 302, 303 or 307. With cookies also 204: no redirect, for
            scripts.
        headers: Headers of the response. `Cache-Control: no-store` is added unless they have a
            `Cache-Control`.
        forward_query: Names of query parameters that are copied from the request into the signed
            URL. A request that has one of them twice is answered with 404.
        allowed_statuses: The statuses of `authorize` that allow the request, from 200 to 299.
        cookie_domain: For cookies, the domain that the site and the distribution share; "" if they
            have the same host. None sets the cookies for the site's host, and logs a warning once.
        cookie_path: For cookies, the encoded path to which browsers send them. None: that of the
            folder. "/": one set for the whole site, so opening a folder closes the one before.
        cookie_samesite: For cookies, "Strict", "Lax", "None", or None to send no `SameSite`.
        cookie_partitioned: For cookies, True if another site's iframe needs them; with
            `cookie_samesite = "None"`.
        cookie_persistent: For cookies, True: browsers delete them when they expire. False: when
            they are closed.
        cookie_expires_in: For cookies, how long they work: a timedelta or whole seconds. None: the
            `expires_in` of the distribution, which for URLs is short.
        allow_root: If True, the root of the distribution is signed, too: `resource` is "". By
            default it is a 404: a rule that lists what is forbidden would allow it.
        cache_redirect: If True, the client's browser may cache the response while the signed URL
            stays the same (`Distribution.redirect_max_age`). `authorize` is not called for a
            cached response: if you revoke access in the meantime, the browser notices only when
            its copy expires, or when its cookies or its `Authorization` header change. A response
            to an `Allow` with conditions is never cached.
        observers: Called as `observer(event, request)` with the `AccessEvent` of each request,
            after signing and before the response leaves.

    Raises:
        ConfigurationError: An option has a wrong value, or two options exclude each other.
    """

    distribution: str | Distribution | None = None
    delivery: Delivery = "redirect"
    folder: FolderOption | None = None
    code: int = 303
    headers: Mapping[str, str] = field(default_factory=dict)
    forward_query: tuple[str, ...] = ()
    allowed_statuses: Collection[int] = ALLOWED_STATUSES
    cookie_domain: str | None = None
    cookie_path: str | None = None
    cookie_samesite: str | None = None
    cookie_partitioned: bool = False
    cookie_persistent: bool = True
    cookie_expires_in: int | timedelta | None = None
    allow_root: bool = False
    cache_redirect: bool = False
    observers: tuple[Callable[..., object], ...] = ()

    # The generated __hash__ would fail on the mapping.
    __hash__ = None  # type: ignore[assignment]  # as Python itself does

    def __post_init__(self) -> None:
        """Check and normalize every option."""
        if self.distribution is not None:
            check_choice(self.distribution)
        if self.delivery not in get_args(Delivery):
            allowed = ", ".join(map(repr, get_args(Delivery)))
            got = describe_value(self.delivery)
            raise ConfigurationError(f"delivery must be one of {allowed}, got {got}")
        for name, value in (
            ("code", check_code(self.code)),
            ("headers", check_headers(self.headers)),
            ("forward_query", _check_forward_query(self.forward_query)),
            ("allowed_statuses", check_allowed_statuses(self.allowed_statuses)),
            ("observers", check_observers(self.observers)),
        ):
            object.__setattr__(self, name, value)
        for name in ("cookie_partitioned", "cookie_persistent", "allow_root", "cache_redirect"):
            check_bool(getattr(self, name), name)
        _check_folder(self.folder)
        if self.code == 204 and self.delivery != "cookies":
            raise ConfigurationError(
                'code 204 sends no URL, so it needs delivery "cookies"', hint="use 303"
            )
        check_cookie_options(
            self.cookie_domain, self.cookie_samesite, self.cookie_partitioned, self.cookie_path
        )
        if self.cookie_expires_in is not None:
            seconds = check_cookie_expires_in(self.cookie_expires_in)
            object.__setattr__(self, "cookie_expires_in", seconds)
        if self.cache_redirect:
            _check_cacheable(self.delivery, self.headers)

    def __reduce__(self) -> tuple[Callable[[], ViewOptions], tuple[()]]:
        """Pickle by value, because `MappingProxyType` cannot be pickled."""
        options = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return functools.partial(type(self), **options | {"headers": dict(self.headers)}), ()

    @classmethod
    def from_view(cls, view: type, arguments: Mapping[str, Any] = MappingProxyType({})) -> Self:
        """
        Return the options of the class *view*, overridden by *arguments*.

        Args:
            view: The class. Its attributes that are None are not set.
            arguments: Options given to the view, by name. Other names are ignored.

        Raises:
            ConfigurationError: An option has a wrong value, or an attribute looks like a misspelt
                option.
        """
        problems = [
            Problem("", f"{view.__name__}.{name} is not an option", f"did you mean {option}?")
            for name, option in find_misspelt(view, cls)
        ]
        if problems:
            raise ConfigurationError(problems)
        given = {name: arguments[name] for name in cls.__dataclass_fields__ if name in arguments}
        options = cls.read_attributes(view) | given
        return cls(**{name: value for name, value in options.items() if value is not None})

    @classmethod
    def read_attributes(cls, view: object) -> dict[str, Any]:
        """Return the attributes of *view* that are options and not None."""
        options = {name: getattr(view, name, None) for name in cls.__dataclass_fields__}
        if inspect.ismethod(options["folder"]):
            # A function that is an attribute of the class, not a method.
            options["folder"] = options["folder"].__func__
        return {name: value for name, value in options.items() if value is not None}

    @classmethod
    def has_own(cls, view: object) -> bool:
        """Return True if *view* has options or a `distribution_for` that its class has not."""
        own = vars(view)
        return "distribution_for" in own or not cls.__dataclass_fields__.keys().isdisjoint(own)

    @classmethod
    def check_names(cls, names: Iterable[str]) -> None:
        """Raise `ConfigurationError` if any of *names* is not an option."""
        problems = []
        for name in names:
            if name not in cls.__dataclass_fields__:
                near = find_similar(name, cls.__dataclass_fields__, 0.6)
                hint = f"did you mean {near!r}?" if near else ""
                problems.append(Problem("", f"the option {describe_name(name)} is unknown", hint))
        if problems:
            raise ConfigurationError(problems)

    def replace(self, **options: Any) -> Self:
        """Return a copy with other values for *options*; raises `ConfigurationError`."""
        return dataclasses.replace(self, **options)


def _check_cacheable(delivery: Delivery, headers: Mapping[str, str]) -> None:
    problems = []
    if delivery == "cookies":
        problems.append(
            Problem("", 'cache_redirect cannot be combined with delivery="cookies"', "remove one")
        )
    if has_cache_control(headers):
        problems.append(
            Problem(
                "", "cache_redirect cannot be combined with Cache-Control headers", "remove one"
            )
        )
    if problems:
        raise ConfigurationError(problems)


def _check_folder(folder: object) -> None:
    if callable(folder):
        try:
            inspect.signature(folder).bind("a")
        except (TypeError, ValueError):
            raise ConfigurationError(
                "folder must be a function that takes the path of the file alone",
                hint="make it a staticmethod without self",
            ) from None
        if inspect.iscoroutinefunction(folder):
            raise ConfigurationError("folder must not be async", hint="make it a plain function")
    elif folder is not None:
        try:
            encode_folder(folder)  # type: ignore[arg-type]  # it checks the type
        except ResourceError as error:
            message, hint = error.message, error.hint
        else:
            return
        raise ConfigurationError(message, hint=hint, setting="folder")


def _check_forward_query(names: object) -> tuple[str, ...]:
    if isinstance(names, tuple | list | set | frozenset):
        wrong = [name for name in names if not _is_parameter_name(name)]
    else:
        names, wrong = (), [names]
    if wrong:
        raise ConfigurationError(
            "forward_query must be a tuple of names of query parameters, "
            f"got {describe_value(wrong[0])}",
            hint='write it as ("v",)',
        )
    reserved = ", ".join(sorted(set(PARAMETERS).intersection(names)))
    if reserved:
        raise ConfigurationError(
            f"forward_query contains {reserved}, which CloudFront reserves", hint="remove it"
        )
    return tuple(names)


def _is_parameter_name(name: object) -> bool:
    return isinstance(name, str) and name != "" and name.isprintable()
