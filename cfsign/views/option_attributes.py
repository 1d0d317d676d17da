"""The attributes and methods that a site may set in the class of a view."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from cfsign.errors import ConfigurationError
from cfsign.views.target import FolderOption

if TYPE_CHECKING:
    from cfsign.views.options import Delivery, ViewOptions


class ViewHooks:
    """The methods of a view that the site may override, besides `authorize`."""

    #: The option of the same name.
    distribution: Any = None

    def distribution_for(self, request: Any) -> Any:
        """
        Return the distribution for a request. Override it in a site with several tenants.

        It is called before `authorize`. Look the host up in a table of your own: the client can
        send any `Host`, so never build a domain from it. An async view may make it `async`.

        Args:
            request: The framework's request.

        Returns:
            An alias or a `Distribution`. An unknown alias and None, such as `TABLE.get(host)`
            returns, are answered with 404. Also a `Deny`. Anything else is a 500.
        """
        return self.distribution or "default"


class OptionAttributes(ViewHooks):
    """
    The options as class attributes of a view; `ViewOptions` describes them.

    None, the default, stands for the site's setting.
    """

    distribution: Any = None
    delivery: ClassVar[Delivery | None] = None
    folder: ClassVar[FolderOption | None] = None
    code: ClassVar[int | None] = None
    headers: ClassVar[Mapping[str, str] | None] = None
    forward_query: ClassVar[tuple[str, ...] | None] = None
    allowed_statuses: ClassVar[Collection[int] | None] = None
    cookie_domain: ClassVar[str | None] = None
    cookie_path: ClassVar[str | None] = None
    cookie_samesite: ClassVar[str | None] = None
    cookie_partitioned: ClassVar[bool | None] = None
    cookie_persistent: ClassVar[bool | None] = None
    cookie_expires_in: ClassVar[int | timedelta | None] = None
    allow_root: ClassVar[bool | None] = None
    cache_redirect: ClassVar[bool | None] = None
    observers: ClassVar[tuple[Callable[..., object], ...] | None] = None


def find_misspelt(view: type, options: type[ViewOptions]) -> Iterator[tuple[str, str]]:
    """Yield each attribute whose name is almost an option's and whose value would fit it."""
    attributes = {k: v for base in reversed(view.__mro__) for k, v in vars(base).items()}
    for name, value in attributes.items():
        if name.startswith("_") or name in options.__dataclass_fields__ or value is None:
            continue
        option = find_similar(name, options.__dataclass_fields__, 0.85)
        if option:
            try:
                options(**{option: value})
            except ConfigurationError:
                continue  # an attribute of the site that has nothing to do with options
            yield name, option


def find_similar(name: str, names: Iterable[str], cutoff: float) -> str:
    """Return the one of *names* that is most like *name*, or ""; *cutoff* is that of difflib."""
    return "".join(difflib.get_close_matches(name, names, n=1, cutoff=cutoff))
