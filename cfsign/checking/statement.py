"""The policy document as the edge reads it: strict JSON with one statement."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import Any

from cfsign.checking.credential import decode_base64
from cfsign.errors import PolicyError
from cfsign.limits import LATEST_EXPIRY, MAX_POLICY_BYTES
from cfsign.utils.strict_json import StrictJSONError, parse_json

_EXPIRES = re.compile("[1-9][0-9]{0,9}")
_WHOLE_SECONDS = f"whole epoch seconds, at most {LATEST_EXPIRY}"
_SURROGATE = re.compile("[\ud800-\udfff]")
_OCTET = "[0-9]{1,3}"
_NETWORK = re.compile(rf"{_OCTET}\.{_OCTET}\.{_OCTET}\.{_OCTET}(/([0-9]|[12][0-9]|3[0-2]))?")


@dataclass(frozen=True, slots=True)
class Statement:
    """
    The conditions of one policy.

    Attributes:
        resource: The URL or pattern that is allowed; None allows every URL.
        expires_at: Epoch seconds. Requests are refused from this second on.
        starts_at: Epoch seconds. Requests are refused until the end of this second. None: no start.
        network: The client's network; None allows every address.
    """

    resource: str | None
    expires_at: int
    starts_at: int | None = None
    network: IPv4Network | None = None


@dataclass(frozen=True, slots=True)
class ReceivedPolicy:
    """
    A policy from a request. Its signature is not checked yet.

    Attributes:
        documents: The texts that may have been signed; one match is enough.
        statement: The conditions, the same in all of them.
    """

    documents: tuple[bytes, ...] = field(repr=False)
    statement: Statement


def read_custom_policy(text: str) -> ReceivedPolicy:
    """
    Parse the value of `Policy`, in CloudFront's base64.

    Raises:
        PolicyError: CloudFront would answer MalformedPolicy.
    """
    document = decode_base64(text)
    if document is None:
        raise PolicyError("the policy is not CloudFront's base64")
    return ReceivedPolicy((document,), read_statement(document))


def read_canned_policy(expires: str, urls: Iterable[str]) -> ReceivedPolicy:
    """
    Build the canned policy that the value of `Expires` stands for.

    Args:
        expires: The value as it was sent: epoch seconds.
        urls: The requested URL, in each spelling that may have been signed.

    Raises:
        PolicyError: CloudFront would answer MalformedPolicy.
    """
    # Undocumented; this project's choice: one spelling for each time.
    if _EXPIRES.fullmatch(expires) is None or int(expires) > LATEST_EXPIRY:
        raise PolicyError(f"Expires must be {_WHOLE_SECONDS}", field="Expires")
    expires_at = int(expires)
    return ReceivedPolicy(
        documents=tuple(_build_canned_document(url, expires_at) for url in urls),
        # The URL is part of the document: if the signature matches, so does the URL.
        statement=Statement(resource=None, expires_at=expires_at),
    )


def read_statement(document: bytes) -> Statement:
    """
    Parse a custom policy (AWS, "Create a signed URL using a custom policy").

    AWS does not document how it treats unknown or repeated members, numbers that are not plain
    integers, or several statements. This project refuses them all.

    Args:
        document: The policy as it was signed: JSON in UTF-8.

    Raises:
        PolicyError: CloudFront would answer MalformedPolicy; the error names the member.
    """
    policy = _check_members(_parse_document(document), "the policy", {"Statement"})
    statements = policy["Statement"]
    if not isinstance(statements, list) or len(statements) != 1:
        raise PolicyError("Statement must be an array of exactly one object", field="Statement")
    statement = _check_members(statements[0], "Statement", {"Condition"}, {"Resource"})
    condition = _check_members(
        statement["Condition"], "Condition", {"DateLessThan"}, {"DateGreaterThan", "IpAddress"}
    )
    return Statement(
        resource=_check_text(statement["Resource"], "Resource")
        if "Resource" in statement
        else None,
        expires_at=_read_time(condition, "DateLessThan"),
        starts_at=_read_time(condition, "DateGreaterThan")
        if "DateGreaterThan" in condition
        else None,
        network=_read_network(condition) if "IpAddress" in condition else None,
    )


def _build_canned_document(resource: str, expires_at: int) -> bytes:
    # AWS, "Create a signed URL using a canned policy". CloudFront escapes nothing in it.
    return (
        f'{{"Statement":[{{"Resource":"{resource}",'
        f'"Condition":{{"DateLessThan":{{"AWS:EpochTime":{expires_at}}}}}}}]}}'
    ).encode("ascii")


def _parse_document(document: bytes) -> object:
    if len(document) > MAX_POLICY_BYTES:
        raise PolicyError(f"the policy is larger than {MAX_POLICY_BYTES} bytes")
    try:
        return parse_json(document)
    except StrictJSONError as error:
        # Without the parser's text: it can name a member that the client sent.
        message = "a member is given twice" if error.member else "the policy is not JSON in UTF-8"
        raise PolicyError(message) from None


def _check_members(
    value: object, name: str, required: Collection[str], optional: Collection[str] = ()
) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise PolicyError(f"{name} must be an object", field=name)
    for member in required:
        if member not in value:
            raise PolicyError(f"{name} has no {member}", field=member)
    if not value.keys() <= {*required, *optional}:
        raise PolicyError(f"{name} has a member that CloudFront does not know", field=name)
    return value


def _read_time(condition: Mapping[str, Any], name: str) -> int:
    seconds = _check_members(condition[name], name, {"AWS:EpochTime"})["AWS:EpochTime"]
    # Not isinstance: True is an int too.
    if type(seconds) is not int or not 0 <= seconds <= LATEST_EXPIRY:
        raise PolicyError(f"{name} must be {_WHOLE_SECONDS}, unquoted", field=name)
    return seconds


def _read_network(condition: Mapping[str, Any]) -> IPv4Network:
    source = _check_members(condition["IpAddress"], "IpAddress", {"AWS:SourceIp"})["AWS:SourceIp"]
    text = _check_text(source, "AWS:SourceIp")
    try:
        # Host bits are accepted (undocumented): 10.0.0.9/24 means the network around it.
        network = IPv4Network(text, strict=False) if _NETWORK.fullmatch(text) else None
    except ValueError:
        network = None
    if network is None:
        raise PolicyError("AWS:SourceIp must be one IPv4 address or range", field="AWS:SourceIp")
    return network


def _check_text(value: object, name: str) -> str:
    # JSON can spell half a surrogate pair, which is not a character (RFC 8259, section 8.2).
    if not isinstance(value, str) or _SURROGATE.search(value):
        raise PolicyError(f"{name} must be text", field=name)
    return value
