"""The policy document as the edge reads it: strict JSON with one statement."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

from cfsign.checking.credential import decoded
from cfsign.errors import PolicyError

# AWS, "Create a signed URL using a canned policy": a time fits 32 bits.
_MAX_EPOCH_SECONDS = 2_147_483_647

# Undocumented; this project's choice. No policy in a URL of at most 8,192 bytes is longer.
_MAX_DOCUMENT_BYTES = 8_192

_EXPIRES = re.compile("[1-9][0-9]{0,9}")
_SURROGATE = re.compile("[\ud800-\udfff]")
_OCTET = "[0-9]{1,3}"
_NETWORK = re.compile(rf"{_OCTET}\.{_OCTET}\.{_OCTET}\.{_OCTET}(/([0-9]|[12][0-9]|3[0-2]))?")


@dataclass(frozen=True, slots=True)
class Statement:
    """
    What one policy allows.

    Attributes:
        resource: The URL or pattern that it is for; None is every URL.
        expires_at: Epoch seconds; not allowed from here on.
        starts_at: Epoch seconds; not allowed up to and at this second; None is no such limit.
        network: The viewer's network; None is every address.
    """

    resource: str | None
    expires_at: int
    starts_at: int | None = None
    network: IPv4Network | None = None


@dataclass(frozen=True, slots=True)
class ReceivedPolicy:
    """
    A policy as it came with a request, its signature still to be checked.

    Attributes:
        documents: The bytes that may have been signed; any one of them will do.
        statement: What all of them say.
    """

    documents: tuple[bytes, ...]
    statement: Statement


def read_custom_policy(text: str) -> ReceivedPolicy:
    """
    Read the value of `Policy`, in CloudFront's base64.

    Raises:
        PolicyError: CloudFront would answer MalformedPolicy.
    """
    document = decoded(text)
    if document is None:
        raise PolicyError("the policy is not CloudFront's base64")
    return ReceivedPolicy((document,), read_statement(document))


def read_canned_policy(expires: str, spellings: Iterable[str]) -> ReceivedPolicy:
    """
    Read the value of `Expires`, epoch seconds, into the canned policy that it stands for.

    Args:
        expires: The value as it was sent.
        spellings: The viewer's URL, in each spelling that may have been signed.

    Raises:
        PolicyError: CloudFront would answer MalformedPolicy.
    """
    expires_at = _read_expires(expires)
    return ReceivedPolicy(
        documents=tuple(_canned_document(url, expires_at) for url in spellings),
        # The URL is inside the document: when the signature fits, nothing is left to compare.
        statement=Statement(resource=None, expires_at=expires_at),
    )


def read_statement(document: bytes) -> Statement:
    """
    Read a custom policy (AWS, "Create a signed URL using a custom policy").

    AWS does not document what becomes of unknown or repeated members, of numbers that are not
    plain integers, or of more than one statement: all refused here, this project's choice.

    Args:
        document: The policy as it was signed: JSON in UTF-8.

    Raises:
        PolicyError: CloudFront would answer MalformedPolicy; the error names the member.
    """
    policy = _members(_parsed(document), "the policy", {"Statement"})
    statements = policy["Statement"]
    if not isinstance(statements, list) or len(statements) != 1:
        raise PolicyError("Statement must be an array of exactly one object", field="Statement")
    statement = _members(statements[0], "Statement", {"Condition"}, {"Resource"})
    condition = _members(
        statement["Condition"], "Condition", {"DateLessThan"}, {"DateGreaterThan", "IpAddress"}
    )
    return Statement(
        resource=_text(statement["Resource"], "Resource") if "Resource" in statement else None,
        expires_at=_epoch_seconds(condition, "DateLessThan"),
        starts_at=_epoch_seconds(condition, "DateGreaterThan")
        if "DateGreaterThan" in condition
        else None,
        network=_network(condition) if "IpAddress" in condition else None,
    )


def _read_expires(text: str) -> int:
    # Undocumented; this project's choice: one spelling for each time.
    if _EXPIRES.fullmatch(text) is None or int(text) > _MAX_EPOCH_SECONDS:
        raise PolicyError("Expires must be whole epoch seconds of 32 bits", field="Expires")
    return int(text)


def _canned_document(resource: str, expires_at: int) -> bytes:
    # AWS, "Create a signed URL using a canned policy". Text, since CloudFront escapes nothing.
    return (
        f'{{"Statement":[{{"Resource":"{resource}",'
        f'"Condition":{{"DateLessThan":{{"AWS:EpochTime":{expires_at}}}}}}}]}}'
    ).encode("ascii")


def _parsed(document: bytes) -> object:
    if len(document) > _MAX_DOCUMENT_BYTES:
        raise PolicyError(f"a policy has at most {_MAX_DOCUMENT_BYTES} bytes")
    try:
        return json.loads(document.decode("utf-8"), object_pairs_hook=_object)
    except PolicyError:
        raise
    except (ValueError, RecursionError):
        # Only the fact: the decoder's own message would quote from what the viewer sent.
        raise PolicyError("the policy is not JSON in UTF-8") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise PolicyError("a member is given twice")
    return members


def _members(
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


def _epoch_seconds(condition: Mapping[str, Any], name: str) -> int:
    seconds = _members(condition[name], name, {"AWS:EpochTime"})["AWS:EpochTime"]
    # The type itself, since True is an int too.
    if type(seconds) is not int or not 0 <= seconds <= _MAX_EPOCH_SECONDS:
        raise PolicyError(f"{name} must be whole epoch seconds of 32 bits, unquoted", field=name)
    return seconds


def _network(condition: Mapping[str, Any]) -> IPv4Network:
    source = _members(condition["IpAddress"], "IpAddress", {"AWS:SourceIp"})["AWS:SourceIp"]
    text = _text(source, "AWS:SourceIp")
    try:
        # Host bits are let pass, undocumented: 10.0.0.9/24 is read as the network around it.
        network = IPv4Network(text, strict=False) if _NETWORK.fullmatch(text) else None
    except ValueError:
        network = None
    if network is None:
        raise PolicyError("AWS:SourceIp must be one IPv4 address or range", field="AWS:SourceIp")
    return network


def _text(value: object, name: str) -> str:
    # Half a surrogate pair, which JSON can spell, is no character (RFC 8259, section 8.2).
    if not isinstance(value, str) or _SURROGATE.search(value):
        raise PolicyError(f"{name} must be text", field=name)
    return value
