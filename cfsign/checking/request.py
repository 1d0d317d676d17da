"""A client's request as the edge reads it."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address

from cfsign.checking.credential import Credential, parse_cookies, read_query
from cfsign.checking.matching import ViewerURL


@dataclass(frozen=True, slots=True)
class Request:
    """
    One valid request.

    Attributes:
        url: The requested URL without CloudFront's parameters.
        credential: CloudFront's parameters or cookies.
        at: The time of the request, in epoch seconds.
        ip_address: The client's address, as it was given; None if it is not known.
    """

    url: ViewerURL
    credential: Credential
    at: float
    ip_address: str | IPv4Address | IPv6Address | None

    @property
    def address(self) -> IPv4Address | None:
        """The client's IPv4 address; None if it is not known or is not IPv4."""
        # Parsed on demand: most policies name no address.
        return to_ipv4(self.ip_address)


def read_request(url: object, cookies: object, at: object, ip_address: object) -> Request | None:
    """Return the request, or None if an argument is not valid. Never raises."""
    return build_request(url, parse_cookies(cookies), to_epoch_seconds(at), ip_address)


def build_request(
    url: object, cookies: Sequence[tuple[str, str]] | None, at: float | None, ip_address: object
) -> Request | None:
    """Return the request, or None if an argument is not valid. *cookies* and *at* are parsed."""
    parsed = ViewerURL.parse(url)
    if parsed is None or cookies is None or at is None:
        return None
    if ip_address is not None and not isinstance(ip_address, str | IPv4Address | IPv6Address):
        return None
    credential, query = read_query(parsed.query, cookies)
    return Request(
        url=ViewerURL(parsed.scheme, parsed.host, parsed.path, query),
        credential=credential,
        at=at,
        ip_address=ip_address,
    )


def to_epoch_seconds(at: object) -> float | None:
    """Return *at* in epoch seconds, by default now; return None if it is not a time."""
    if at is None:
        return time.time()
    if isinstance(at, datetime):
        try:
            return None if at.utcoffset() is None else at.timestamp()
        except Exception:  # the time zone is the caller's object and may raise anything
            return None
    if isinstance(at, bool) or not isinstance(at, int | float):
        return None
    return None if isinstance(at, float) and not math.isfinite(at) else at


def to_ipv4(address: object) -> IPv4Address | None:
    """Return a client's address as IPv4, or None if it is not IPv4."""
    if isinstance(address, str):
        try:
            address = ip_address(address)
        except ValueError:
            return None
    if isinstance(address, IPv6Address):
        # A dual-stack socket writes an IPv4 peer like this (RFC 4291, section 2.5.5.2).
        return address.ipv4_mapped
    return address if isinstance(address, IPv4Address) else None
