"""A trusted key group: what CloudFront would answer to a request, and why."""

from __future__ import annotations

import math
import os
import re
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, TypeAlias

from cfsign.credential import Cookies, Credential, cookie_pairs, decoded, own_query, read_credential
from cfsign.errors import CfsignWarning, ConfigurationError, PolicyError, SigningKeyError
from cfsign.keys import HashAlgorithm, PublicKey, load_public_key
from cfsign.matching import ViewerURL, resource_matches
from cfsign.statement import ReceivedPolicy, Statement, read_canned_policy, read_custom_policy
from cfsign.verdict import Reason, Verdict

KeySource: TypeAlias = str | bytes | os.PathLike[str]
Address: TypeAlias = str | IPv4Address | IPv6Address

_KEY_PAIR_ID = re.compile("[A-Za-z0-9]+")
_UUID = re.compile("[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")

# AWS, "Create key pairs for your signers".
_SUPPORTED = ("RSA-2048", "P-256")

# AWS, "Create a signed URL using a canned policy": SHA-1 where nothing is said. Which spellings
# are taken is undocumented; this project takes the two names to the letter.
_HASH_ALGORITHMS: Mapping[str | None, HashAlgorithm] = {
    None: "SHA1",
    "SHA1": "SHA1",
    "SHA256": "SHA256",
}


class TrustedKeyGroup:
    """
    The public keys that viewers' URLs and cookies may be signed for.

    Args:
        keys: For each key pair id, the public key: a path, or PEM as text or bytes.

    Raises:
        SigningKeyError: A key pair id or a key cannot be used; the error names the id.
        ConfigurationError: There is no key at all.
    """

    def __init__(self, keys: Mapping[str, KeySource]) -> None:
        self._keys = {
            _checked_id(key_pair_id): _load(key_pair_id, source)
            for key_pair_id, source in _checked_mapping(keys).items()
        }
        _warn_of_unsupported(self._keys)

    def __repr__(self) -> str:
        keys = ", ".join(f"{name} {key.algorithm}" for name, key in self._keys.items())
        return f"<TrustedKeyGroup {keys}>"

    def check(
        self,
        url: str,
        *,
        cookies: Cookies | None = None,
        at: float | datetime | None = None,
        viewer_ip: Address | None = None,
    ) -> Verdict:
        """
        Tell what CloudFront would answer; what is not understood is refused, and never raises.

        Args:
            url: The viewer's whole URL, as it is on the wire.
            cookies: The request's cookies: a mapping, pairs, or a `Cookie` header's text.
            at: The time of the request: epoch seconds or an aware `datetime`; None is now.
            viewer_ip: Where the request came from; whoever calls decides which proxy to trust.
                A policy that names an address refuses None, and anything but IPv4.
        """
        try:
            self._admit(url, cookies, at, viewer_ip)
        except _Refusal as refusal:
            return Verdict(refusal.reason)
        return Verdict(Reason.ALLOWED)

    def _admit(self, url: object, cookies: object, at: object, viewer_ip: object) -> None:
        """Return if the request is allowed. The order settles which of several faults is told."""
        request = _read_request(url, cookies, at, viewer_ip)
        key = self._key_for(request.credential)
        _refuse_two_policies(request.credential)
        hash_algorithm = _hash_algorithm(request.credential)
        signature = _signature(request.credential)
        policy = _read_policy(request)
        # Over the bytes as they came: JSON that was read and written again would be other bytes.
        if not any(key.verify(text, signature, hash_algorithm) for text in policy.documents):
            raise _Refusal(Reason.SIGNATURE_MISMATCH)
        _check_conditions(policy.statement, request)

    def _key_for(self, credential: Credential) -> PublicKey:
        if credential.has_duplicates:
            raise _Refusal(Reason.DUPLICATE_PARAMETER)
        if not credential.key_pair_id:
            raise _Refusal(Reason.MISSING_KEY)
        if _KEY_PAIR_ID.fullmatch(credential.key_pair_id) is None:
            raise _Refusal(Reason.MALFORMED_KEY_ID)
        key = self._keys.get(credential.key_pair_id)
        if key is None:
            raise _Refusal(Reason.UNKNOWN_KEY)
        return key


class _Refusal(Exception):
    """Ends a check with the reason why the request is refused."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class _Request:
    """
    One request, read.

    Attributes:
        url: The viewer's URL without the reserved parameters.
        credential: What was sent to show that it is signed.
        at: When it came, in epoch seconds.
        address: Where it came from; None where that is unknown or is not IPv4.
    """

    url: ViewerURL
    credential: Credential
    at: float
    address: IPv4Address | None


def _checked_mapping(keys: object) -> Mapping[Any, Any]:
    if not isinstance(keys, Mapping) or not keys:
        raise ConfigurationError("give at least one key: {key_pair_id: public_key_pem}")
    return keys


def _checked_id(key_pair_id: object) -> str:
    # What is refused is not shown: a key that was pasted in its id's place looks like this too.
    if not isinstance(key_pair_id, str) or _KEY_PAIR_ID.fullmatch(key_pair_id) is None:
        is_uuid = isinstance(key_pair_id, str) and _UUID.fullmatch(key_pair_id)
        hint = "; a UUID is the id of a key group: take that of a public key in it"
        raise SigningKeyError(f"a key pair id is letters and digits alone{hint if is_uuid else ''}")
    return key_pair_id


def _load(key_pair_id: str, source: KeySource) -> PublicKey:
    try:
        return load_public_key(source)
    except SigningKeyError as error:
        raise SigningKeyError(f"key pair id {key_pair_id}: {error}", source=error.source) from error


def _warn_of_unsupported(keys: Mapping[str, PublicKey]) -> None:
    for key_pair_id, key in keys.items():
        if key.algorithm not in _SUPPORTED:
            warnings.warn(
                f"key pair id {key_pair_id} is {key.algorithm}: CloudFront takes only "
                f"{' and '.join(_SUPPORTED)}",
                CfsignWarning,
                stacklevel=3,
            )


def _read_request(url: object, cookies: object, at: object, viewer_ip: object) -> _Request:
    viewed = ViewerURL.parse(url)
    pairs = cookie_pairs(cookies)
    now = _epoch_seconds(at)
    is_address = viewer_ip is None or isinstance(viewer_ip, str | IPv4Address | IPv6Address)
    if viewed is None or pairs is None or now is None or not is_address:
        raise _Refusal(Reason.UNUSABLE_REQUEST)
    return _Request(
        url=replace(viewed, query=own_query(viewed.query)),
        credential=read_credential(viewed.query, pairs),
        at=now,
        address=_ipv4(viewer_ip),
    )


def _epoch_seconds(at: object) -> float | None:
    """Return a point in time as epoch seconds, or None where it is not one."""
    if at is None:
        return time.time()
    if isinstance(at, datetime):
        return _timestamp(at)
    if isinstance(at, bool) or not isinstance(at, int | float):
        return None
    return None if isinstance(at, float) and not math.isfinite(at) else at


def _timestamp(at: datetime) -> float | None:
    try:
        return None if at.utcoffset() is None else at.timestamp()
    except Exception:  # The time zone is the caller's own object, and may raise anything.
        return None


def _ipv4(address: object) -> IPv4Address | None:
    if isinstance(address, str):
        try:
            address = ip_address(address)
        except ValueError:
            return None
    if isinstance(address, IPv6Address):
        # How a dual-stack socket spells the IPv4 peer (RFC 4291, section 2.5.5.2).
        return address.ipv4_mapped
    return address if isinstance(address, IPv4Address) else None


def _refuse_two_policies(credential: Credential) -> None:
    # CloudFront is seen to take an expiry beside a policy, but nothing says which one then counts.
    if credential.policy is not None and credential.expires is not None:
        raise _Refusal(Reason.AMBIGUOUS_POLICY)


def _hash_algorithm(credential: Credential) -> HashAlgorithm:
    hash_algorithm = _HASH_ALGORITHMS.get(credential.hash_algorithm)
    if hash_algorithm is None:
        raise _Refusal(Reason.HASH_ALGORITHM)
    return hash_algorithm


def _signature(credential: Credential) -> bytes:
    signature = decoded(credential.signature or "")
    if signature is None:
        raise _Refusal(Reason.MALFORMED_SIGNATURE)
    return signature


def _read_policy(request: _Request) -> ReceivedPolicy:
    policy, expires = request.credential.policy, request.credential.expires
    try:
        if policy is not None:
            return read_custom_policy(policy)
        return read_canned_policy(expires or "", map(str, request.url.spellings()))
    except PolicyError:
        raise _Refusal(Reason.MALFORMED_POLICY) from None


def _check_conditions(statement: Statement, request: _Request) -> None:
    if not resource_matches(statement.resource, str(request.url)):
        raise _Refusal(Reason.RESOURCE_MISMATCH)
    # Undocumented at the very second: this project refuses at both ends, and allows no skew.
    if request.at >= statement.expires_at:
        raise _Refusal(Reason.EXPIRED)
    if statement.starts_at is not None and request.at <= statement.starts_at:
        raise _Refusal(Reason.NOT_YET_VALID)
    network = statement.network
    if network is not None and (request.address is None or request.address not in network):
        raise _Refusal(Reason.VIEWER_ADDRESS)
