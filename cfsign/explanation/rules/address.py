"""Mistakes with the client's address."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

from cfsign.checking.verdict import Reason
from cfsign.explanation.cause import Cause, Mistake
from cfsign.explanation.context import Context
from cfsign.explanation.display import to_printable
from cfsign.explanation.rules.times import build_unset, is_unset


def check_address(context: Context) -> Iterator[Cause]:
    """Yield a cause if the policy is for another address, or for one that CloudFront refuses."""
    yield from _check_condition(context)
    network = None if context.statement is None else context.statement.network
    if network is None or (context.address is not None and context.address in network):
        return
    reason = Reason.VIEWER_ADDRESS
    evidence = f"the policy is for {network}"
    if context.ip_address is None:
        yield Cause(
            Mistake.VIEWER_ADDRESS_UNKNOWN,
            reason,
            "The policy is limited to an address, and the client's address was not given",
            "pass ip_address, the client's address as CloudFront sees it",
            evidence,
        )
        return
    client = to_printable(str(context.address or context.ip_address), 45)
    evidence = f"{evidence}, and the client has {client}"
    if context.address is None:
        yield Cause(
            Mistake.IPV6,
            reason,
            "The client uses IPv6, but a policy can only name IPv4 addresses",
            "turn off IPv6 for the distribution, or leave the address out of the policy",
            evidence,
        )
    elif network.is_private and not context.address.is_private:
        yield Cause(
            Mistake.PROXY_ADDRESS,
            reason,
            "The policy is for a private address, which CloudFront never sees: "
            "the site used a proxy's address as the client's",
            "read the client's address from the header that your proxy sets",
            evidence,
        )
    else:
        yield Cause(
            Mistake.VIEWER_ADDRESS,
            reason,
            "The policy is for another address than the client's",
            "sign for a wider range, such as /24, or for any address. Mobile networks and proxies "
            "change the client's address between requests",
            evidence,
        )


def _check_condition(context: Context) -> Iterator[Cause]:
    """Yield a cause if CloudFront cannot read the policy's address."""
    condition = context.conditions.get("IpAddress", {})
    source = condition.get("AWS:SourceIp", {}) if isinstance(condition, dict) else condition
    if context.statement is not None or isinstance(source, dict):
        return
    reason = Reason.MALFORMED_POLICY
    if source is None or (isinstance(source, str) and is_unset(source)):
        name = "AWS:SourceIp" if isinstance(condition, dict) else "IpAddress"
        hint = "leave IpAddress out of the policy for any address"
        yield build_unset(name, source or "null", hint)
    elif isinstance(source, list):
        message = "The policy has several addresses, but CloudFront accepts one address or range"
        hint = "use one range that covers them, such as 192.0.2.0/24"
        yield Cause(Mistake.VIEWER_ADDRESS, reason, message, hint)
    elif isinstance(source, str):
        evidence = f"AWS:SourceIp is {to_printable(source, 45)}"
        version = _get_version(source)
        if version == 6:
            message = "The policy has an IPv6 address, but CloudFront compares only IPv4"
            hint = "leave the address out, or use IPv4 and turn off IPv6 for the distribution"
            yield Cause(Mistake.IPV6, reason, message, hint, evidence)
        elif version is None:
            message = "AWS:SourceIp is not an IPv4 address or range"
            hint = "write it as 192.0.2.1/32 or 192.0.2.0/24"
            yield Cause(Mistake.VIEWER_ADDRESS, reason, message, hint, evidence)


def _get_version(text: str) -> int | None:
    """Return 4 or 6 for an address or range of that IP version, else None."""
    try:
        return ip_network(text[:64], strict=False).version
    except ValueError:
        return None
