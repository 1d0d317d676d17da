"""Mistakes in the viewer's address."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv6Address, ip_network

from cfsign.checking.verdict import Reason
from cfsign.explanation.cause import Cause, Mistake
from cfsign.explanation.context import Case
from cfsign.explanation.display import shown


def find_in_addresses(case: Case) -> Iterator[Cause]:
    """Find a policy for another address, or for one that CloudFront does not compare."""
    yield from _in_policy(case)
    network = None if case.statement is None else case.statement.network
    if network is None or (case.address is not None and case.address in network):
        return
    evidence = f"the policy is for {network}"
    if case.ip_address is None:
        yield Cause(
            Mistake.VIEWER_ADDRESS_UNKNOWN,
            Reason.VIEWER_ADDRESS,
            "The policy is for one address alone, and the viewer's was not given",
            "give ip_address, the address that CloudFront sees",
            evidence,
            certain=False,
        )
    elif case.address is None:
        yield Cause(
            Mistake.IPV6,
            Reason.VIEWER_ADDRESS,
            "The viewer comes over IPv6, and a policy can only name IPv4",
            "turn IPv6 off for the distribution, or leave the address out of the policy",
            f"{evidence}, and the viewer has {_address(case)}",
        )
    elif network.is_private and not case.address.is_private:
        yield Cause(
            Mistake.PROXY_ADDRESS,
            Reason.VIEWER_ADDRESS,
            "The policy is for a private address, which CloudFront never sees: "
            "the site took a proxy's for the viewer's",
            "take the viewer's address from the header that your proxy sets",
            f"{evidence}, and the viewer has {_address(case)}",
        )
    else:
        yield Cause(
            Mistake.VIEWER_ADDRESS,
            Reason.VIEWER_ADDRESS,
            "The policy is for another address than the viewer's",
            "sign for a wider range, such as /24, or for any address; mobile networks and proxies "
            "change it between two requests",
            f"{evidence}, and the viewer has {_address(case)}",
        )


def _address(case: Case) -> str:
    return shown(str(case.address or case.ip_address), 45)


def _in_policy(case: Case) -> Iterator[Cause]:
    condition = case.conditions.get("IpAddress")
    source = condition.get("AWS:SourceIp") if isinstance(condition, dict) else condition
    if case.statement is not None or source is None:
        return
    reason = Reason.MALFORMED_POLICY
    if isinstance(source, list):
        message = "The policy names several addresses; CloudFront takes one address or one range"
        hint = "give the one range that covers them, such as 192.0.2.0/24"
        yield Cause(Mistake.VIEWER_ADDRESS, reason, message, hint)
    elif isinstance(source, str) and _is_ipv6(source):
        message = "The policy names an IPv6 address, and CloudFront compares IPv4 alone"
        hint = "leave the address out, and turn IPv6 off where you need one"
        evidence = f"AWS:SourceIp is {shown(source, 45)}"
        yield Cause(Mistake.IPV6, reason, message, hint, evidence)
    elif isinstance(source, str):
        message = "AWS:SourceIp is not an IPv4 address or range"
        hint = "write it as 192.0.2.1/32 or 192.0.2.0/24"
        evidence = f"AWS:SourceIp is {shown(source, 45)}"
        if not _is_ipv4(source):
            yield Cause(Mistake.VIEWER_ADDRESS, reason, message, hint, evidence)


def _is_ipv6(text: str) -> bool:
    try:
        return isinstance(ip_network(text[:64], strict=False)[0], IPv6Address)
    except ValueError:
        return False


def _is_ipv4(text: str) -> bool:
    try:
        return not _is_ipv6(text) and bool(ip_network(text[:64], strict=False))
    except ValueError:
        return False
