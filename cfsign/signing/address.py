"""The client address of a policy: one IPv4 address or network."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from cfsign.errors import IPv6Error, PolicyError
from cfsign.limits import is_loopback
from cfsign.utils.description import describe_value
from cfsign.utils.warning import warn_caller

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Interface

Address: TypeAlias = "str | IPv4Address | IPv4Network | IPv6Address"

#: One number of an IPv4 address.
OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_NETWORK = rf"(?:{OCTET}\.){{3}}{OCTET}(?P<mask>/(?:[12]?[0-9]|3[0-2]))?"
_LIKE_AN_ADDRESS = r"(?!.*[0-9A-Fa-f]{6})[0-9A-Fa-f.:/\[\]]{1,50}"

# Addresses inside a network or a machine (RFC 1918, RFC 1122, RFC 3927, RFC 6598). The examples of
# RFC 5737, which `ipaddress` calls private too, are not among them.
_INSIDE = (
    r"(?:10\.|127\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2[0-9]|3[01])\.|"
    r"100\.(?:6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])\.)"
)


def warn_of_private_address(domain: str, address: object) -> None:
    """
    Warn if CloudFront, at a public domain, cannot see a client's *address*.

    Args:
        domain: Scheme and host of the distribution.
        address: The address of a policy, unchecked.
    """
    host = domain.rpartition("://")[2].partition(":")[0]
    text = re.sub("^::ffff:", "", str(address), flags=re.IGNORECASE)
    if not re.match(_INSIDE, text) or not re.fullmatch(_NETWORK, text):
        return
    if is_loopback(host) or re.match(_INSIDE, host) or "." not in host:
        return
    warn_caller(
        f"ip_address is {_describe_address(address)}, a private address, which CloudFront never "
        "sees: use the client's public address, which a proxy puts into X-Forwarded-For"
    )


def check_network(address: Address) -> str:
    """
    Return an IPv4 address or network in CIDR form, as a policy has it.

    An IPv4-mapped IPv6 address is that IPv4 address: a socket for both families reports an IPv4
    client so (RFC 4291, section 2.5.5.2).

    Raises:
        IPv6Error: It is another IPv6 address or network.
        PolicyError: It is not an address.
    """
    # str.__str__: a member of a str enumeration would be formatted as its name.
    text = str.__str__(address) if isinstance(address, str) else str(address)
    match = re.fullmatch(_NETWORK, text)
    if match is not None and _is_address(address):
        return text if match["mask"] else f"{text}/32"
    ipv6 = _parse_ipv6(text.removeprefix("[").partition("]")[0])
    if ipv6 is not None and _is_address(address):
        mapped, bits = ipv6.ip.ipv4_mapped, ipv6.network.prefixlen - 96
        if mapped is None or bits < 0:
            raise IPv6Error(
                f"ip_address must be an IPv4 address or network, got {_describe_address(address)}",
                hint="CloudFront does not match IPv6 addresses",
                field="ip_address",
            )
        if "[" not in text:
            return f"{mapped}/{bits}"
    raise PolicyError(
        f"ip_address must be an IPv4 address or network, got {_describe_address(address)}",
        hint=_address_hint(text),
        field="ip_address",
    )


def _parse_ipv6(text: str) -> IPv6Interface | None:
    import ipaddress  # imported only for what is not IPv4: it takes milliseconds

    try:
        return ipaddress.IPv6Interface(text)
    except ValueError:
        return None


def _is_address(address: object) -> bool:
    if isinstance(address, str):
        return True
    import ipaddress  # as above

    return isinstance(
        address,
        ipaddress.IPv4Address
        | ipaddress.IPv4Network
        | ipaddress.IPv6Address
        | ipaddress.IPv6Network,
    )


def _describe_address(address: object) -> str:
    import ipaddress  # as above

    if isinstance(address, str | ipaddress.IPv6Address | ipaddress.IPv6Network):
        # Only what can be a part of an address: other text may be a secret in the wrong place.
        text = str(address)
        return repr(text) if re.fullmatch(_LIKE_AN_ADDRESS, text) else describe_value(text)
    return type(address).__name__


def _address_hint(text: str) -> str:
    if re.fullmatch(r"[0-9.]+:[0-9]+|\[.*\](:[0-9]+)?", text):
        return "write the address alone, without a port or brackets"
    if re.fullmatch(rf"(?:{OCTET}\.){{3}}{OCTET}/[0-9.]+", text):
        return "write the mask as a number of bits, from 0 to 32"
    return "write it as 192.0.2.1 or 192.0.2.0/24"
