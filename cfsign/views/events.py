"""Events: what was decided on a request, for logs, metrics and signals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from cfsign.redaction import redact_path
from cfsign.views.options import Delivery

#: How a request ended.
#:
#: - `"allowed"`: `authorize` allowed it, and a URL or cookies were signed.
#: - `"refused"`: `authorize` refused it, or the site's own code did so with a response.
#: - `"invalid"`: refused because the path or the query cannot be signed, or because
#:   `distribution_for` or `resource_for` refused it. `authorize` was not called, unless only the
#:   whole URL was too long.
#: - `"error"`: the site's code or its result is wrong, or the key cannot sign; a 500. Also, with
#:   503, for the other observers after one failed whose `fail_closed` is true.
#: - `"key_unavailable"`: allowed, but the private key is unavailable at the moment; a 503.
Outcome: TypeAlias = Literal["allowed", "refused", "invalid", "error", "key_unavailable"]


@dataclass(frozen=True, slots=True)
class AccessEvent:
    """
    The decision on one request. It holds no URL, no signature and no cookie.

    A client can put a signature or a key into a path, so `resource` and `folder` are redacted.

    Attributes:
        resource: The plain path of the file, without a leading `/`; None if it is not known.
        folder: The folder whose files the signature opens, "/" for the whole distribution; None if
            it opens one file, or nothing was signed.
        outcome: How the request ended; see `Outcome`.
        status: The HTTP status of the response.
        delivery: How the view hands out the signature, such as "redirect"; see `ViewOptions`.
        domain: The domain of the distribution, such as "https://media.example.com"; None if the
            request names no distribution.
        key_pair_id: The id of the key that signed; None if nothing was signed.
        hash_algorithm: The hash algorithm of the signature, "SHA1" or "SHA256"; None if nothing was
            signed.
        expires_at: When the signature ends, in epoch seconds; None if nothing was signed.
        is_cached: True if the signature was made earlier and taken from the cache.
        duration: How long signing took, in seconds; 0.0 if no signature was asked for.
    """

    resource: str | None
    folder: str | None
    outcome: Outcome
    status: int
    delivery: Delivery
    domain: str | None
    key_pair_id: str | None
    hash_algorithm: str | None
    expires_at: int | None
    is_cached: bool
    duration: float

    def __post_init__(self) -> None:
        """Redact what can come from the client."""
        for name in ("resource", "folder"):
            path = getattr(self, name)
            if path is not None:
                object.__setattr__(self, name, redact_path(path))


#: What is called with each event and the framework's request. It may have an attribute
#: `fail_closed`: if that is True and the call raises, the request is refused with 503.
Observer: TypeAlias = Callable[[AccessEvent, Any], object]
