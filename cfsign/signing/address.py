"""The client address of a policy: one IPv4 address or network."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from cfsign.errors import PolicyError
from cfsign.utils.description import describe_value

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv4Network

Address: TypeAlias = "str | IPv4Address | IPv4Network"

#: One number of an IPv4 address.
OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_NETWORK = rf"(?:{OCTET}\.){{3}}{OCTET}(?P<mask>/(?:[12]?[0-9]|3[0-2]))?"
_LIKE_AN_ADDRESS = r"(?!.*[0-9A-Fa-f]{6})[0-9A-Fa-f.:/\[\]]{1,50}"


def check_network(address: Address) -> str:
    """
    Return an IPv4 address or network in CIDR form, as a policy has it.

    Raises:
        PolicyError: CloudFront does not accept the address.
    """
    # str.__str__: a member of a str enumeration would be formatted as its name.
    text = str.__str__(address) if isinstance(address, str) else str(address)
    match = re.fullmatch(_NETWORK, text)
    if match is None or not _is_address(address):
        raise PolicyError(
            f"ip_address must be an IPv4 address or network, got {_describe_address(address)}",
            hint=_address_hint(text),
            field="ip_address",
        )
    return text if match["mask"] else f"{text}/32"


def _is_address(address: object) -> bool:
    if isinstance(address, str):
        return True
    import ipaddress  # imported only where such an object is given: it takes milliseconds

    return isinstance(address, ipaddress.IPv4Address | ipaddress.IPv4Network)


def _describe_address(address: object) -> str:
    import ipaddress  # as above

    if isinstance(address, str | ipaddress.IPv6Address | ipaddress.IPv6Network):
        # Only what can be a part of an address: other text may be a secret in the wrong place.
        text = str(address)
        return repr(text) if re.fullmatch(_LIKE_AN_ADDRESS, text) else describe_value(text)
    return type(address).__name__


def _address_hint(text: str) -> str:
    import ipaddress  # as above

    try:
        mapped = ipaddress.IPv6Address(text).ipv4_mapped
    except ValueError:
        mapped = None
    if mapped is not None:
        # A socket for both families reports an IPv4 client so (RFC 4291, section 2.5.5.2).
        return f"this IPv6 address stands for an IPv4 address: write {mapped}"
    if re.match(r"\[?[0-9a-fA-F]*:[0-9a-fA-F]*:", text):
        return "CloudFront does not match IPv6 addresses"
    if re.fullmatch(r"[0-9.]+:[0-9]+", text):
        return "remove the port"
    if re.fullmatch(rf"(?:{OCTET}\.){{3}}{OCTET}/[0-9.]+", text):
        return "write the mask as a number of bits, from 0 to 32"
    return "write it as 192.0.2.1 or 192.0.2.0/24"
