"""The options of a view: their values, and their names, checked when the view is made."""

from __future__ import annotations

import dataclasses
import functools
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from cfsign.config.fields import (
    ALLOWED_STATUSES,
    check_allowed_statuses,
    check_cache_redirect,
    check_code,
    check_headers,
)
from cfsign.config.headers import names_cache_control
from cfsign.errors import CfsignWarning, ConfigurationError
from cfsign.signing.cookies import check_attributes
from cfsign.signing.url import RESERVED

if TYPE_CHECKING:
    from cfsign.config.configuration import Configuration

Mode = Literal["redirect", "json", "cookies"]

_MODES = ("redirect", "json", "cookies")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryOptions:
    """
    How a site answers those whom it allows; they are compared by value, and have no hash.

    Attributes:
        delivery: "redirect" to the signed URL; "json" with the URL in it; or "cookies" that open
            the resource's whole folder, and a redirect to its plain URL. What was set for that
            folder before is replaced. Have no folder with cookies inside another one: browsers
            send both sets to the inner folder (RFC 6265, section 5.4), which the edge denies, and
            no header on an answer about one folder can tell what was set for the other.
        code: The redirect's status: 302, 303 or 307.
        headers: Headers for the answer; `Cache-Control: no-store` is there unless one is given.
        forward_query: Names of query parameters copied from the request into the signed URL.
        allowed_statuses: What `authorize` may return for a yes.
        cookie_domain: The domain that the site and the distribution share, for cookies; "" where
            both are one host. None sets them for the site's own host too, and tells of that once
            in the log.
        cookie_samesite: "Strict", "Lax", "None", or None to leave it to the browser.
        cache_redirect: Whether the viewer's browser may keep an answer for as long as the signed
            URL in it stays the same and has its whole life (`Distribution.redirect_max_age`). So long
            `authorize` is not asked again by that browser, unless its cookies or its Authorization
            change: what the site takes back in between, it takes back later. An answer to an Allow
            with a life or an address of its own is never kept.

    Raises:
        ConfigurationError: An option has a value that cannot work, alone or beside the others.
    """

    delivery: Mode = "redirect"
    code: int = 303
    headers: Mapping[str, str] = field(default_factory=dict)
    forward_query: tuple[str, ...] = ()
    allowed_statuses: Collection[int] = ALLOWED_STATUSES
    cookie_domain: str | None = None
    cookie_samesite: str | None = None
    cache_redirect: bool = False

    # Without this line there would be one, which fails on the mapping in it.
    __hash__ = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        """Check every option."""
        keep = object.__setattr__
        if self.delivery not in _MODES:
            raise ConfigurationError(f"delivery is one of {', '.join(map(repr, _MODES))}")
        keep(self, "code", check_code(self.code))
        keep(self, "headers", check_headers(self.headers))
        keep(self, "forward_query", _check_forward_query(self.forward_query))
        keep(self, "allowed_statuses", check_allowed_statuses(self.allowed_statuses))
        check_attributes(self.cookie_domain or None, self.cookie_samesite)
        if check_cache_redirect(self.cache_redirect):
            _check_may_be_kept(self.delivery, self.headers)

    def __reduce__(self) -> tuple[Callable[[], DeliveryOptions], tuple[()]]:
        """Be pickled and copied by value; what keeps the headers read-only cannot be."""
        options = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return functools.partial(type(self), **options | {"headers": dict(self.headers)}), ()

    @classmethod
    def from_configuration(cls, configuration: Configuration) -> Self:
        """Take those options that are settings of the whole site too."""
        return cls(
            code=configuration.code,
            headers=configuration.headers,
            allowed_statuses=configuration.allowed_statuses,
            cache_redirect=configuration.cache_redirect,
        )

    @classmethod
    def options_of(cls, view: object) -> dict[str, Any]:
        """Return the options that *view*, or its class, states as attributes; None states none."""
        stated = {name: getattr(view, name, None) for name in cls.__dataclass_fields__}
        return {name: value for name, value in stated.items() if value is not None}

    @classmethod
    def of_view(cls, view: type, given: Mapping[str, Any] = MappingProxyType({})) -> Self:
        """
        Make one of the options that the class *view* states and those that it is *given*, at once.

        An attribute that is almost an option, and would work as one, is a CfsignWarning.

        Raises:
            ConfigurationError: An option is unknown, or has a value that cannot work.
        """
        cls.check_names(given)
        for name, near in _misspelt(view):
            message = f"{view.__name__}.{name} is not read; is it {near}?"
            warnings.warn(message, CfsignWarning, stacklevel=3)
        return cls(**cls.options_of(view) | dict(given))

    @classmethod
    def check_names(cls, names: Iterable[str]) -> None:
        """Raise ConfigurationError for each of *names* that is no option, with the nearest one."""
        unknown = [_unknown(name) for name in names if name not in cls.__dataclass_fields__]
        if unknown:
            raise ConfigurationError(unknown)

    @staticmethod
    def no_resource(variables: Iterable[str]) -> ConfigurationError:
        """Return the error of a route whose *variables* do not say what is asked for."""
        names = ", ".join(sorted(variables)) or "none"
        return ConfigurationError(
            "the route does not say which file is asked for; name the URL's variable `resource` "
            f"(the route gave {names})"
        )

    @staticmethod
    def no_rule(view: type, arguments: str) -> NotImplementedError:
        """Return the error of a *view* that has no `authorize` of its own, of these *arguments*."""
        return NotImplementedError(
            f"{view.__name__} does not say who may have the files; override authorize({arguments}) "
            "and return 200, an error status, an Allow or a Deny"
        )

    def replace(self, **options: Any) -> Self:
        """Return one that differs in *options*."""
        return dataclasses.replace(self, **options)


class ViewOptions:
    """
    The options as attributes of a view, each described in `DeliveryOptions`.

    None takes the site's setting, or else the default.
    """

    delivery: ClassVar[Mode | None] = None
    code: ClassVar[int | None] = None
    headers: ClassVar[Mapping[str, str] | None] = None
    forward_query: ClassVar[tuple[str, ...] | None] = None
    allowed_statuses: ClassVar[Collection[int] | None] = None
    cookie_domain: ClassVar[str | None] = None
    cookie_samesite: ClassVar[str | None] = None
    cache_redirect: ClassVar[bool | None] = None


def _unknown(name: str) -> str:
    near = _nearest(name, 0.6)
    return f"the option {name[:40]!r} is unknown" + (f"; is it {near!r}?" if near else "")


def _misspelt(view: type) -> Iterator[tuple[str, str]]:
    """Name the attributes that are almost an option's, with a value that the option could have."""
    attributes = {k: v for base in reversed(view.__mro__) for k, v in vars(base).items()}
    for name, value in attributes.items():
        if name.startswith("_") or name in DeliveryOptions.__dataclass_fields__:
            continue
        near = _nearest(name, 0.85)
        if near and value is not None:
            try:
                DeliveryOptions(**{near: value})
            except ConfigurationError:
                continue  # it is something of the site's own
            yield name, near


def _nearest(name: str, cutoff: float) -> str:
    import difflib  # for who makes views: it would take milliseconds of each `import cfsign`

    names = DeliveryOptions.__dataclass_fields__
    return "".join(difflib.get_close_matches(name, names, n=1, cutoff=cutoff))


def _check_may_be_kept(delivery: Mode, headers: Mapping[str, str]) -> None:
    problems = []
    if delivery == "cookies":
        problems.append("cache_redirect is not for cookies, which an answer that is kept sets anew")
    if names_cache_control(headers):
        problems.append(
            "cache_redirect and a Cache-Control among the headers contradict each other; give one"
        )
    if problems:
        raise ConfigurationError(problems)


def _check_forward_query(names: object) -> tuple[str, ...]:
    if not isinstance(names, tuple | list | set | frozenset) or not all(
        isinstance(name, str) and name and name.isprintable() for name in names
    ):
        raise ConfigurationError("forward_query is a tuple of names of query parameters")
    reserved = RESERVED.intersection(names)
    if reserved:
        raise ConfigurationError(
            f"forward_query names {', '.join(sorted(reserved))}, which CloudFront takes for its own"
        )
    return tuple(names)
