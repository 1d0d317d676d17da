"""A viewer's request as the edge reads it: what was asked for, by whom, when, with what to show."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address

from cfsign.checking.credential import Credential, cookie_pairs, read_query
from cfsign.checking.matching import ViewerURL


@dataclass(frozen=True, slots=True)
class Request:
    """
    One request, read.

    Attributes:
        url: The viewer's URL without the reserved parameters.
        credential: What was sent to show that it is signed.
        at: When it came, in epoch seconds.
        ip_address: Where it came from, as it was given; None where that is unknown.
    """

    url: ViewerURL
    credential: Credential
    at: float
    ip_address: str | IPv4Address | IPv6Address | None

    @property
    def address(self) -> IPv4Address | None:
        """Where it came from; None where that is unknown or is not IPv4."""
        # Read when a policy asks for it: most name no address, and most of what is refused is so
        # for something before.
        return ipv4(self.ip_address)


def read_request(url: object, cookies: object, at: object, ip_address: object) -> Request | None:
    """Return the request that is made of these, or None where none can be; never raises."""
    return request_of(url, cookie_pairs(cookies), epoch_seconds(at), ip_address)


def request_of(
    url: object, pairs: Sequence[tuple[str, str]] | None, now: float | None, ip_address: object
) -> Request | None:
    """Return the request of cookies and a time that are read already, or None as above."""
    viewed = ViewerURL.parse(url)
    if viewed is None or pairs is None or now is None:
        return None
    if ip_address is not None and not isinstance(ip_address, str | IPv4Address | IPv6Address):
        return None
    credential, own = read_query(viewed.query, pairs)
    return Request(
        url=ViewerURL(viewed.scheme, viewed.host, viewed.path, own),
        credential=credential,
        at=now,
        ip_address=ip_address,
    )


def epoch_seconds(at: object) -> float | None:
    """Return a point in time as epoch seconds, or None where it is not one; None is now."""
    if at is None:
        return time.time()
    if isinstance(at, datetime):
        return _timestamp(at)
    if isinstance(at, bool) or not isinstance(at, int | float):
        return None
    return None if isinstance(at, float) and not math.isfinite(at) else at


def ipv4(address: object) -> IPv4Address | None:
    """Return a viewer's address as IPv4, or None where it is not that."""
    if isinstance(address, str):
        try:
            address = ip_address(address)
        except ValueError:
            return None
    if isinstance(address, IPv6Address):
        # How a dual-stack socket spells the IPv4 peer (RFC 4291, section 2.5.5.2).
        return address.ipv4_mapped
    return address if isinstance(address, IPv4Address) else None


def _timestamp(at: datetime) -> float | None:
    try:
        return None if at.utcoffset() is None else at.timestamp()
    except Exception:  # The time zone is the caller's own object, and may raise anything.
        return None
