"""
The meaning of what a site's own rule returned: a yes is a value, and all else is a no.

Nothing is read as true or false here: to Python, an un-awaited coroutine, `"no"` and 403 are true.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TypeGuard

from cfsign.config.fields import ALLOWED_STATUSES
from cfsign.config.headers import is_header_mapping, servers_own, with_cache_control
from cfsign.errors import DecisionError


@dataclass(frozen=True, slots=True)
class Allow:
    """
    A yes, with what the site wants otherwise than its settings have it.

    Attributes:
        expires_in: A timedelta or whole seconds from now; or
        expires_at: the moment itself, an aware datetime or epoch seconds.
        starts_at: The moment until which the edge denies, likewise.
        ip_address: The viewer's IPv4 address or network, the only one that the edge lets in.
    """

    expires_in: int | timedelta | None = None
    expires_at: int | datetime | None = None
    starts_at: int | datetime | None = None
    ip_address: str | None = None


@dataclass(frozen=True, slots=True)
class Deny:
    """
    A no, with the status to refuse with; it is compared by value, and has no hash.

    Attributes:
        status: An HTTP status from 400 to 599.
        headers: Headers for the refusal, such as `WWW-Authenticate`. `Cache-Control: no-store` is
            there unless one is given: caches keep a 404 or 410 by themselves (RFC 9111, 4.2.2).

    Raises:
        DecisionError: The status is no refusal, or a header cannot be sent or belongs on none.
    """

    status: int = 403
    headers: Mapping[str, str] = field(default_factory=dict)

    # Without this line there would be one, which fails on the mapping in it.
    __hash__ = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        """Check the status and take a copy of the headers."""
        if not _is_status(self.status) or not 400 <= self.status <= 599:
            raise DecisionError("Deny takes a status from 400 to 599")
        if not is_header_mapping(self.headers):
            raise DecisionError(
                "the headers of Deny are a mapping of names to values, all text on one line"
            )
        names = {name.lower() for name in self.headers}
        if "location" in names:
            raise DecisionError(
                "the headers of Deny hold no Location: return a redirect to the login page, "
                "not a Deny"
            )
        if "content-type" in names:
            raise DecisionError(
                "the headers of Deny hold no Content-Type: that is the error page's own"
            )
        owned = servers_own(self.headers, may_set_cookies=True)
        if owned:
            raise DecisionError(f"the headers of Deny hold no {owned}: the server writes that")
        object.__setattr__(self, "status", int(self.status))
        object.__setattr__(self, "headers", MappingProxyType(with_cache_control(self.headers)))

    def __reduce__(self) -> tuple[type[Deny], tuple[int, dict[str, str]]]:
        """Be pickled and copied by value; what keeps the headers read-only cannot be."""
        return type(self), (self.status, dict(self.headers))


#: The yes of a status, with nothing said beside it.
PLAIN = Allow()


def decide(result: object, allowed_statuses: Collection[int] = ALLOWED_STATUSES) -> Allow | Deny:
    """
    Read what `authorize` returned.

    Args:
        result: An HTTP status as int or HTTPStatus, an Allow or a Deny.
        allowed_statuses: The statuses that are a yes, of those from 200 to 299.

    Raises:
        DecisionError: Anything else, which is never a yes.
    """
    if _is_status(result):
        if 200 <= result <= 299 and result in allowed_statuses:
            return PLAIN
        if 400 <= result <= 599:
            return Deny(result)
        # Python turns no int of thousands of digits into text.
        what = f"the status {int(result)}" if abs(result) < 1000 else "a number that is no status"
        yes = ", ".join(str(int(status)) for status in allowed_statuses if _is_success(status))
        raise DecisionError(
            f"authorize returned {what}, which neither allows ({yes}) nor refuses (400 to 599)"
        )
    if isinstance(result, Allow | Deny):
        return result
    if inspect.iscoroutine(result):
        result.close()
        raise DecisionError(
            "authorize returned a coroutine that nobody awaited; make it a plain function, "
            "or use the asynchronous view"
        )
    raise DecisionError(
        "authorize must return an HTTP status (200 or 204 allows, 400 to 599 refuses), an Allow or "
        f"a Deny, and it returned {_kind(result)}"
    )


def _is_status(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_success(value: object) -> bool:
    return _is_status(value) and 200 <= value <= 299


def _kind(value: object) -> str:
    # The value itself may be anything, a secret too; its type says enough.
    return repr(value) if value is None or isinstance(value, bool) else f"a {type(value).__name__}"
