"""
Build the policy: the resource, the times and the client address that CloudFront checks.

The policy's JSON is what is signed, so every byte of it is fixed.
AWS, "Create a signed URL using a canned policy" and "... using a custom policy".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypedDict

from cfsign.errors import CfsignError, PolicyError
from cfsign.limits import MAX_POLICY_BYTES
from cfsign.signing.address import Address, check_network, warn_of_private_address
from cfsign.signing.times import Duration, Timestamp, resolve_expiry, to_epoch_seconds
from cfsign.signing.url import check_resource, is_broad, warn_of_s3
from cfsign.utils.description import describe_name
from cfsign.utils.secret import hide_arguments
from cfsign.utils.warning import warn_caller


class Conditions(TypedDict, total=False):
    """
    When and for which client access is allowed: keyword arguments of all signing methods.

    An expiry is required, `expires_in` or `expires_at`, except where a `Distribution` has a
    default. None means that a condition is not given.

    Attributes:
        expires_in: A duration from now: a timedelta or whole seconds.
        expires_at: An aware datetime or epoch seconds. Access is denied from this second on.
        starts_at: An aware datetime or epoch seconds. Access is denied up to and
            in this second.
        ip_address: The only IPv4 address, or IPv4 network in CIDR form, that has access.
    """

    expires_in: Duration | None
    expires_at: Timestamp | None
    starts_at: Timestamp | None
    ip_address: Address | None


@dataclass(frozen=True, init=False, slots=True)
class Policy:
    """
    The resource and conditions that are signed.

    A policy with a literal URL and an expiry alone is canned; any other is custom. No clock is
    read, so a policy that has expired can be signed, and CloudFront denies it.

    Attributes:
        resource: A URL, or a pattern with `*` in it.
        expires_at: Epoch seconds; access is denied from this second on.
        starts_at: Epoch seconds; access is denied up to and in this second. None: no start.
        ip_address: The client's IPv4 network in CIDR form, or None for any.
    """

    resource: str
    expires_at: int
    starts_at: int | None
    ip_address: str | None

    @hide_arguments
    def __init__(
        self,
        resource: str,
        expires_at: Timestamp,
        *,
        starts_at: Timestamp | None = None,
        ip_address: Address | None = None,
    ) -> None:
        """
        Check and convert the parts of a policy.

        Args:
            resource: A percent-encoded URL, or a pattern in which `*` stands for any characters
                within the domain, the path or the query.
            expires_at: An aware datetime or epoch seconds.
            starts_at: An aware datetime or epoch seconds, before `expires_at`.
            ip_address: One IPv4 address, or an IPv4 network in CIDR form.

        Raises:
            ResourceError: The resource may not be signed.
            PolicyError: CloudFront does not accept a time or the address.
        """
        set_field = object.__setattr__  # the dataclass is frozen
        set_field(self, "resource", check_resource(resource))
        set_field(self, "expires_at", to_epoch_seconds(expires_at, "expires_at"))
        start, network = _check_start_and_address(self.expires_at, starts_at, ip_address)
        set_field(self, "starts_at", start)
        set_field(self, "ip_address", network)
        warn_of_s3(self.resource)
        if "*" in self.resource and is_broad(self.resource):
            warn_caller(
                "the wildcard in the policy's domain also covers hosts of other owners, and every "
                "distribution that trusts the key; write the whole domain"
            )

    @property
    def is_canned(self) -> bool:
        """True for a literal URL with an expiry alone: CloudFront can rebuild such a policy."""
        return self.starts_at is None and self.ip_address is None and "*" not in self.resource

    def to_json(self) -> str:
        """Return the exact text that is signed."""
        more = ""
        if self.ip_address is not None:
            more = f',"IpAddress":{{"AWS:SourceIp":"{self.ip_address}"}}'
        if self.starts_at is not None:
            more += f',"DateGreaterThan":{{"AWS:EpochTime":{self.starts_at}}}'
        return policy_text(self.resource, self.expires_at, more)

    @classmethod
    @hide_arguments
    def from_json(cls, text: str | bytes) -> Policy:
        """
        Parse a policy document.

        Raises:
            ResourceError: Its resource may not be signed.
            PolicyError: The text is not a policy document that CloudFront accepts.
        """
        statement = _one_statement(_parse(text))
        condition = _check_members(statement["Condition"], {"DateLessThan"}, _OPERATORS)
        values = {
            name: _check_members(value, {_OPERATORS[name]}, {_OPERATORS[name]})[_OPERATORS[name]]
            for name, value in condition.items()
        }
        for name, value in values.items():
            if value is None and name != "DateLessThan":
                raise PolicyError(
                    f"the policy's condition {name!r} is null", hint="remove it, or set a value"
                )
        return cls(
            statement["Resource"],
            values["DateLessThan"],
            starts_at=values.get("DateGreaterThan"),
            ip_address=values.get("IpAddress"),
        )


def build_policy(resource: str, conditions: Conditions, now: float) -> Policy:
    """
    Return the policy that allows *resource* under *conditions*.

    Args:
        resource: A URL or a pattern.
        conditions: When and for which client access is allowed.
        now: Epoch seconds.

    Raises:
        ResourceError: The resource may not be signed.
        PolicyError: There is no expiry, or CloudFront does not accept a time or the address.
        TypeError: A condition is unknown.
    """
    expires_at, starts_at, ip_address = check_conditions(conditions, now)
    if ip_address is not None:
        domain = "/".join(resource.split("/", 3)[:3])
        warn_of_private_address(domain, conditions.get("ip_address"))
    return Policy(resource, expires_at, starts_at=starts_at, ip_address=ip_address)


def check_conditions(conditions: Conditions, now: float) -> tuple[int, int | None, str | None]:
    """
    Return the expiry and start in epoch seconds, and the network in CIDR form.

    The arguments and errors are the same as for `build_policy`.
    """
    if not conditions.keys() <= Conditions.__optional_keys__:
        raise _build_unknown_condition_error(conditions)
    expires_at = resolve_expiry(conditions.get("expires_in"), conditions.get("expires_at"), now)
    starts_at, ip_address = conditions.get("starts_at"), conditions.get("ip_address")
    if starts_at is None and ip_address is None:
        return expires_at, None, None
    return expires_at, *_check_start_and_address(expires_at, starts_at, ip_address)


class _UnknownConditionError(CfsignError, TypeError):
    """A `TypeError`, as for any unknown keyword argument, whose frames `hide_arguments` removes."""


def _build_unknown_condition_error(conditions: Conditions) -> CfsignError:
    import difflib  # imported only for the error: it takes milliseconds

    known = sorted(Conditions.__optional_keys__)
    name = next(name for name in conditions if name not in known)
    nearest = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean {nearest[0]!r}?" if nearest else f"the conditions are {', '.join(known)}"
    return _UnknownConditionError(f"unexpected keyword argument {name!r}", hint=hint)


def policy_text(resource: str, expires_at: int, more_conditions: str = "") -> str:
    """
    Return the exact text of a policy.

    Args:
        resource: The checked resource.
        expires_at: Epoch seconds.
        more_conditions: Further members of its "Condition", each after a comma. A canned policy
            has none.
    """
    # No JSON escapes are needed: check_resource refuses quotes, backslashes and control
    # characters, and the rest are numbers.
    return (
        f'{{"Statement":[{{"Resource":"{resource}","Condition":{{'
        f'"DateLessThan":{{"AWS:EpochTime":{expires_at}}}{more_conditions}}}}}]}}'
    )


def _check_start_and_address(
    expires_at: int, start: Timestamp | None, address: Address | None
) -> tuple[int | None, str | None]:
    seconds = None if start is None else to_epoch_seconds(start, "starts_at")
    if seconds is not None and seconds >= expires_at:
        raise PolicyError(
            f"starts_at must be before expires_at ({expires_at}), got {seconds}",
            hint="are the two swapped?",
            field="starts_at",
        )
    return seconds, None if address is None else check_network(address)


_OPERATORS = {
    "DateLessThan": "AWS:EpochTime",
    "DateGreaterThan": "AWS:EpochTime",
    "IpAddress": "AWS:SourceIp",
}


def _parse(text: str | bytes) -> Any:
    if not isinstance(text, str | bytes):
        raise PolicyError(f"a policy document must be text, got {type(text).__name__}")
    if len(text) > MAX_POLICY_BYTES:
        raise PolicyError(
            f"a policy document may have at most {MAX_POLICY_BYTES} bytes, got {len(text)}"
        )
    # Imported only where a policy is parsed: json takes milliseconds.
    from cfsign.utils.strict_json import StrictJSONError, parse_json

    try:
        return parse_json(text)
    except StrictJSONError as error:
        raise PolicyError(
            f"the policy is not valid JSON: {error}", hint="copy the whole document again"
        ) from None


def _one_statement(document: Any) -> dict[str, Any]:
    statements = _check_members(document, {"Statement"}, {"Statement"})["Statement"]
    if not isinstance(statements, list) or len(statements) != 1:
        raise PolicyError(
            'the policy\'s "Statement" must be an array of exactly one object: [{...}]',
            field="Statement",
        )
    both = {"Resource", "Condition"}
    return _check_members(statements[0], both, both)


def _check_members(value: Any, required: set[str], known: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise PolicyError("the policy has a value where an object {...} belongs")
    for name in sorted(required - value.keys()):
        raise PolicyError(f"the policy lacks {name!r}", field=name)
    for name in sorted(value.keys() - set(known)):
        raise PolicyError(f"the policy has the unknown member {describe_name(name)}")
    return value
