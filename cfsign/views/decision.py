"""
The decision on a request: the result of `authorize` as `Allow` or `Deny`.

Truth values are never used: in Python 403, "no" and a coroutine are all true.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TypeGuard

from cfsign.config.fields import ALLOWED_STATUSES
from cfsign.config.headers import add_no_store, find_server_headers, is_header_mapping
from cfsign.errors import DecisionError, ResourceError
from cfsign.signing.content_disposition import add_download_name
from cfsign.signing.encoding import Query, encode_query
from cfsign.signing.folder import encode_folder
from cfsign.signing.url import check_query
from cfsign.utils.secret import hide_init_arguments


@hide_init_arguments
@dataclass(frozen=True, slots=True)
class Allow:
    """
    Allow the request, optionally overriding what is signed.

    Attributes:
        expires_in: How long the signature lasts: a timedelta or whole seconds. Not together with
            `expires_at`.
        expires_at: When the signature ends: an aware datetime or epoch seconds.
        starts_at: When the signature begins to work: an aware datetime or epoch seconds.
        ip_address: The only IPv4 address or network from which CloudFront accepts the signature.
        folder: Open everything below this folder, a plain path such as "videos/42" in which the
            file must lie; "/" is the whole distribution. The rule must hold for the whole folder:
            the client can open every file in it, and no other rule is asked.
        query: Parameters of the signed URL: names and values, or an encoded query. They replace
            those that `forward_query` copies. It is stored encoded.
        download_name: The name under which browsers save the file, if the origin is S3.

    A folder's signature works with any query, so `query` and `download_name` cannot be combined
    with a folder.

    Raises:
        DecisionError: The folder, the query or the name cannot be signed, or they are combined.
    """

    expires_in: int | timedelta | None = None
    expires_at: int | datetime | None = None
    starts_at: int | datetime | None = None
    ip_address: str | None = None
    folder: str | None = None
    query: Query | None = None
    download_name: str | None = None

    def __post_init__(self) -> None:
        """Check what can be checked without the request."""
        if self.folder is None and self.query is None and self.download_name is None:
            return
        try:
            object.__setattr__(self, "query", check_query(self.query) or None)
            _ = self.parameters
            if self.folder is not None:
                encode_folder(self.folder)
        except ResourceError as error:
            raise DecisionError(f"Allow: {error.message}", hint=error.hint) from None
        if self.folder is not None:
            check_combination(self)

    @property
    def parameters(self) -> str:
        """The parameters that the signed URL gets, encoded; "" for none."""
        if self.download_name is None:
            return encode_query(self.query)
        return add_download_name(self.query, self.download_name)


def check_combination(allow: Allow) -> None:
    """Raise DecisionError if *allow*, for which a folder is signed, sets parameters."""
    for name in ("query", "download_name"):
        if getattr(allow, name) is not None:
            raise DecisionError(
                f"{name} of Allow cannot be combined with a folder",
                hint="sign the file alone: a folder's signature allows any query, so anyone can "
                "change it",
            )


@hide_init_arguments
@dataclass(frozen=True, slots=True)
class Deny:
    """
    Refuse the request. Compared by value; not hashable.

    Attributes:
        status: An HTTP status from 400 to 599.
        headers: Headers of the refusal, such as `WWW-Authenticate`. `Cache-Control: no-store` is
            added unless they have a `Cache-Control`, because caches may store a 404 or 410
            (RFC 9111, section 4.2.2).

    Raises:
        DecisionError: The status does not refuse, or a header must not be set here.
    """

    status: int = 403
    headers: Mapping[str, str] = field(default_factory=dict)

    # The generated __hash__ would fail on the mapping.
    __hash__ = None  # type: ignore[assignment]  # as Python itself does

    def __post_init__(self) -> None:
        """Check the status and copy the headers."""
        if not _is_status(self.status) or not 400 <= self.status <= 599:
            raise DecisionError(
                "the status of Deny does not refuse the request", hint="use one from 400 to 599"
            )
        if not is_header_mapping(self.headers):
            raise DecisionError(
                "the headers of Deny must be a mapping of names to values, all text on one line"
            )
        names = {name.lower() for name in self.headers}
        if "location" in names:
            raise DecisionError(
                "the headers of Deny must not have a Location",
                hint="to send the client to a login page, return a redirect from authorize",
            )
        if "content-type" in names:
            raise DecisionError(
                "the headers of Deny must not have a Content-Type",
                hint="remove it: the error page sets its own",
            )
        owned = find_server_headers(self.headers, may_set_cookies=True)
        if owned:
            raise DecisionError(
                f"the headers of Deny must not have {', '.join(owned)}",
                hint="remove it: the server sets it",
            )
        object.__setattr__(self, "status", int(self.status))
        object.__setattr__(self, "headers", MappingProxyType(add_no_store(self.headers)))

    def __reduce__(self) -> tuple[type[Deny], tuple[int, dict[str, str]]]:
        """Pickle by value, because `MappingProxyType` cannot be pickled."""
        return type(self), (self.status, dict(self.headers))


#: An `Allow` without conditions. Shared, because building it takes a tenth of our own time.
PLAIN_ALLOW = Allow()


def decide(
    result: object,
    allowed_statuses: Collection[int] = ALLOWED_STATUSES,
    source: str = "authorize returned",
) -> Allow | Deny:
    """
    Convert the result of `authorize` to `Allow` or `Deny`.

    Args:
        result: An HTTP status (int or HTTPStatus), an Allow or a Deny.
        allowed_statuses: The statuses from 200 to 299 that allow the request.
        source: Where the result is from, for the error.

    Raises:
        DecisionError: The result is anything else. Treat it as a refusal.
    """
    if _is_status(result):
        if 200 <= result <= 299 and result in allowed_statuses:
            return PLAIN_ALLOW
        if 400 <= result <= 599:
            return Deny(result)
        # Python refuses to convert an int of thousands of digits to text.
        what = f"the status {int(result)}" if abs(result) < 1000 else "a number of many digits"
        allowed = ", ".join(str(int(status)) for status in allowed_statuses if _is_success(status))
        raise DecisionError(
            f"{source} {what}",
            hint=f"return a status that allows ({allowed}) or refuses (400 to 599)",
        )
    if isinstance(result, Allow | Deny):
        return result
    if inspect.iscoroutine(result):
        result.close()  # otherwise Python warns that it was never awaited
        raise DecisionError(
            f"{source} a coroutine that was not awaited",
            hint="use a plain function, or the async view, or await it",
        )
    kind = f"a {type(result).__name__}"
    if result is None or isinstance(result, bool):
        kind = repr(result)  # no other value is shown: it could be a secret
    del result  # error reports print the variables of a frame that raises
    raise DecisionError(
        f"{source} {kind}",
        hint="return an HTTP status (200 or 204 allows, 400 to 599 refuses), an Allow or a Deny",
    )


def _is_status(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_success(value: object) -> bool:
    return _is_status(value) and 200 <= value <= 299
