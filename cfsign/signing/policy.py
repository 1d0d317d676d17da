"""
The policy: which resource may be fetched, until when, from when, and by whom.

Its JSON is what gets signed, so every byte of it is fixed.
AWS, "Create a signed URL using a canned policy" and "... using a custom policy".
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from cfsign.errors import CfsignWarning, PolicyError
from cfsign.signing.pattern import covers
from cfsign.signing.times import Moment, epoch_seconds
from cfsign.signing.url import check_resource, is_broad

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv4Network

Address: TypeAlias = "str | IPv4Address | IPv4Network"

_MAX_JSON = 8192
_CIDR = r"[0-9.]+/(?:[12]?[0-9]|3[0-2])"


@dataclass(frozen=True, init=False, slots=True)
class Policy:
    """
    What is signed. With an expiry alone it is canned; anything more makes it custom.

    A policy is a value: neither making one nor `Signer.sign_policy` reads a clock, so an expiry that has
    passed is kept and signed as it stands, and the edge denies. What takes the times itself
    (`Signer.sign_url` and its like, `Distribution`) refuses it.

    Attributes:
        resource: A URL, or a pattern with `*` in it.
        expires_at: Epoch seconds; the edge denies from this second on.
        starts_at: Epoch seconds until which the edge denies, or None.
        ip_address: The viewer's IPv4 network in CIDR form, or None for any.
    """

    resource: str
    expires_at: int
    starts_at: int | None
    ip_address: str | None

    def __init__(
        self,
        resource: str,
        expires_at: Moment,
        *,
        starts_at: Moment | None = None,
        ip_address: Address | None = None,
    ) -> None:
        """
        Check and keep the parts of a policy.

        Args:
            resource: A URL that goes on the wire as it stands, or a pattern with `*`, which
                stands for any characters within the domain, the path or the query.
            expires_at: An aware datetime or epoch seconds.
            starts_at: An aware datetime or epoch seconds, before `expires_at`.
            ip_address: One IPv4 address, or an IPv4 network in CIDR form.

        Raises:
            ResourceError: The resource may not be signed.
            PolicyError: A time or the address is not one that CloudFront takes.
        """
        keep = object.__setattr__
        keep(self, "resource", check_resource(resource))
        keep(self, "expires_at", epoch_seconds(expires_at, "expires_at"))
        start, network = check_conditions(self.expires_at, starts_at, ip_address)
        keep(self, "starts_at", start)
        keep(self, "ip_address", network)
        if "*" in self.resource and is_broad(self.resource):
            warnings.warn(
                "the wildcard in the policy's domain covers hosts of other owners too, and every "
                "distribution that trusts the key; write the domain out",
                CfsignWarning,
                stacklevel=2,
            )

    @property
    def is_canned(self) -> bool:
        """Whether an expiry on a literal URL is all there is, so that the edge can rebuild it."""
        return self.starts_at is None and self.ip_address is None and "*" not in self.resource

    def covers(self, url: str) -> bool:
        """Tell whether the policy's resource covers *url*."""
        return covers(self.resource, url)

    def to_json(self) -> str:
        """Return the exact text that is signed."""
        more = ""
        if self.ip_address is not None:
            more = f',"IpAddress":{{"AWS:SourceIp":"{self.ip_address}"}}'
        if self.starts_at is not None:
            more += f',"DateGreaterThan":{{"AWS:EpochTime":{self.starts_at}}}'
        return policy_json(self.resource, self.expires_at, more)

    @classmethod
    def from_json(cls, text: str | bytes) -> Policy:
        """
        Read a policy document back.

        Raises:
            ResourceError: Its resource may not be signed.
            PolicyError: It is not a policy document, or not one that CloudFront takes.
        """
        statement = _one_statement(_parse(text))
        condition = _members(statement["Condition"], {"DateLessThan"}, _CONDITIONS)
        values = {
            name: _members(value, {_CONDITIONS[name]}, {_CONDITIONS[name]})[_CONDITIONS[name]]
            for name, value in condition.items()
        }
        if None in [value for name, value in values.items() if name != "DateLessThan"]:
            raise PolicyError("a condition of the policy is null; leave it out, or give it a value")
        return cls(
            statement["Resource"],
            values["DateLessThan"],
            starts_at=values.get("DateGreaterThan"),
            ip_address=values.get("IpAddress"),
        )


def policy_json(resource: str, expires_at: int | str, more_conditions: str = "") -> str:
    """
    Return the exact text of a policy: with no more conditions, of a canned one.

    Args:
        resource: What it names, checked.
        expires_at: Epoch seconds, or their digits.
        more_conditions: Further members of its "Condition", each behind a comma.
    """
    # Nothing here needs JSON's escapes: check_resource lets no quote, backslash or control
    # character through, and the rest are numbers.
    return (
        f'{{"Statement":[{{"Resource":"{resource}","Condition":{{'
        f'"DateLessThan":{{"AWS:EpochTime":{expires_at}}}{more_conditions}}}}}]}}'
    )


_CONDITIONS = {
    "DateLessThan": "AWS:EpochTime",
    "DateGreaterThan": "AWS:EpochTime",
    "IpAddress": "AWS:SourceIp",
}


def check_conditions(
    expires_at: int, starts_at: Moment | None, ip_address: Address | None
) -> tuple[int | None, str | None]:
    """Return a start in epoch seconds and a network in CIDR form; raises PolicyError."""
    start = None if starts_at is None else epoch_seconds(starts_at, "starts_at")
    if start is not None and start >= expires_at:
        raise PolicyError(
            "starts_at must be before expires_at: the active time would be empty; "
            "are the two swapped?",
            field="starts_at",
        )
    return start, None if ip_address is None else _cidr(ip_address)


def _cidr(address: Address) -> str:
    import ipaddress  # only who names an address waits for it

    if not isinstance(address, str | ipaddress.IPv4Address | ipaddress.IPv4Network):
        _refuse_address(_hint(address))
    text = str.__str__(address) if isinstance(address, str) else str(address)
    cidr = text if "/" in text else f"{text}/32"
    try:
        ipaddress.IPv4Interface(cidr)
    except ValueError:
        _refuse_address(_hint(text))
    if re.fullmatch(_CIDR, cidr) is None:
        _refuse_address("with its mask as a number of bits")
    return cidr


def _hint(address: object) -> str:
    """Say what is wrong with what is no IPv4 address, as far as it shows."""
    import ipaddress  # as above

    if not isinstance(address, str | ipaddress.IPv6Address | ipaddress.IPv6Network):
        return f"not {type(address).__name__}"
    text = str(address)
    try:
        mapped = ipaddress.IPv6Address(text).ipv4_mapped
    except ValueError:
        mapped = None
    if mapped is not None:
        # What a socket that takes both families says of an IPv4 viewer (RFC 4291, 2.5.5.2).
        return f"and this is one written as IPv6: write {mapped}"
    if re.fullmatch(r"[0-9.]+:[0-9]+", text):
        return "without a port"
    return "without IPv6, which CloudFront does not match" if ":" in text else ""


def _refuse_address(hint: str) -> NoReturn:
    raise PolicyError(
        "ip_address is one IPv4 address (192.0.2.1) or network (192.0.2.0/24)"
        + (f", {hint}" if hint else ""),
        field="ip_address",
    )


def _parse(text: str | bytes) -> Any:
    if not isinstance(text, str | bytes):
        raise PolicyError(f"a policy document is text, not {type(text).__name__}")
    if len(text) > _MAX_JSON:
        raise PolicyError(f"the policy document is over {_MAX_JSON} bytes; no policy needs that")
    import json  # only who reads a policy back waits for it

    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_not_json)
    except (ValueError, RecursionError):
        raise PolicyError(
            "the policy is not a JSON document of unique members; copy it again, whole"
        ) from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError
    return members


def _not_json(_: str) -> NoReturn:
    raise ValueError


def _one_statement(document: Any) -> dict[str, Any]:
    statements = _members(document, {"Statement"}, {"Statement"})["Statement"]
    if not isinstance(statements, list) or len(statements) != 1:
        raise PolicyError(
            'a policy\'s "Statement" is an array of exactly one object: [{...}]', field="Statement"
        )
    both = {"Resource", "Condition"}
    return _members(statements[0], both, both)


def _members(value: Any, required: set[str], known: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise PolicyError("the policy has a value where an object {...} belongs")
    for name in sorted(required - value.keys()):
        raise PolicyError(f"the policy lacks {name!r}", field=name)
    for name in sorted(value.keys() - set(known)):
        raise PolicyError(f"the policy has {name[:40]!r}, which CloudFront does not know")
    return value
