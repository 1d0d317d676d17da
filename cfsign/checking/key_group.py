"""A trusted key group: what CloudFront would answer to a request, and why."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Mapping
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address
from types import MappingProxyType
from typing import Any, TypeAlias

from cfsign.checking.credential import Cookies, Credential, decoded
from cfsign.checking.matching import resource_matches
from cfsign.checking.request import Request, read_request
from cfsign.checking.statement import (
    ReceivedPolicy,
    Statement,
    read_canned_policy,
    read_custom_policy,
)
from cfsign.checking.verdict import Reason, Verdict
from cfsign.errors import CfsignWarning, ConfigurationError, PolicyError, SigningKeyError
from cfsign.keys import HashAlgorithm, PublicKey, load_public_key

KeySource: TypeAlias = str | bytes | os.PathLike[str]
Address: TypeAlias = str | IPv4Address | IPv6Address

_KEY_PAIR_ID = re.compile("[A-Za-z0-9]+")
_UUID = re.compile("[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")

# AWS, "Create key pairs for your signers".
_SUPPORTED = ("RSA-2048", "P-256")

# AWS, "Create a signed URL using a canned policy": SHA-1 where nothing is said. Which spellings
# are taken is undocumented; this project takes the two names to the letter.
_HASHES: Mapping[str | None, HashAlgorithm] = {
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

    @property
    def public_keys(self) -> Mapping[str, PublicKey]:
        """The keys by their key pair ids; not to be changed."""
        return MappingProxyType(self._keys)

    def check(
        self,
        url: str,
        *,
        cookies: Cookies | None = None,
        at: float | datetime | None = None,
        ip_address: Address | None = None,
    ) -> Verdict:
        """
        Tell what CloudFront would answer; what is not understood is refused, and never raises.

        Args:
            url: The viewer's whole URL, as it is on the wire.
            cookies: The request's cookies: a mapping, pairs, or a `Cookie` header's text.
            at: The time of the request: epoch seconds or an aware `datetime`; None is now.
            ip_address: Where the request came from; whoever calls decides which proxy to trust.
                A policy that names an address refuses None, and anything but IPv4.
        """
        return judge(read_request(url, cookies, at, ip_address), self._keys)


def judge(request: Request | None, keys: Mapping[str, PublicKey]) -> Verdict:
    """Tell what an edge that trusts *keys*, by key pair id, would answer; None is no request."""
    try:
        _admit(request, keys)
    except _Refusal as refusal:
        return Verdict(refusal.reason)
    return Verdict(Reason.ALLOWED)


class _Refusal(Exception):
    """Ends a check with the reason why the request is refused."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


def _admit(request: Request | None, keys: Mapping[str, PublicKey]) -> None:
    """Return if the request is allowed. The order settles which of several faults is told."""
    if request is None:
        raise _Refusal(Reason.UNUSABLE_REQUEST)
    key = _key_for(request.credential, keys)
    _refuse_two_policies(request.credential)
    hash_algorithm = _hash_algorithm(request.credential)
    signature = _signature(request.credential)
    policy = _read_policy(request)
    # Over the bytes as they came: JSON that was read and written again would be other bytes.
    if not any(key.verify(text, signature, hash_algorithm) for text in policy.documents):
        raise _Refusal(Reason.SIGNATURE_MISMATCH)
    _check_conditions(policy.statement, request)


def _key_for(credential: Credential, keys: Mapping[str, PublicKey]) -> PublicKey:
    if credential.has_duplicates:
        raise _Refusal(Reason.DUPLICATE_PARAMETER)
    if not credential.key_pair_id:
        raise _Refusal(Reason.MISSING_KEY)
    if _KEY_PAIR_ID.fullmatch(credential.key_pair_id) is None:
        raise _Refusal(Reason.MALFORMED_KEY_ID)
    key = keys.get(credential.key_pair_id)
    if key is None:
        raise _Refusal(Reason.UNKNOWN_KEY)
    return key


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


def _refuse_two_policies(credential: Credential) -> None:
    # CloudFront is seen to take an expiry beside a policy, but nothing says which one then counts.
    if credential.policy is not None and credential.expires is not None:
        raise _Refusal(Reason.AMBIGUOUS_POLICY)


def _hash_algorithm(credential: Credential) -> HashAlgorithm:
    hash_algorithm = _HASHES.get(credential.hash_algorithm)
    if hash_algorithm is None:
        raise _Refusal(Reason.HASH_ALGORITHM)
    return hash_algorithm


def _signature(credential: Credential) -> bytes:
    signature = decoded(credential.signature or "")
    if signature is None:
        raise _Refusal(Reason.MALFORMED_SIGNATURE)
    return signature


def _read_policy(request: Request) -> ReceivedPolicy:
    policy, expires = request.credential.policy, request.credential.expires
    try:
        if policy is not None:
            return read_custom_policy(policy)
        return read_canned_policy(expires or "", map(str, request.url.spellings()))
    except PolicyError:
        raise _Refusal(Reason.MALFORMED_POLICY) from None


def _check_conditions(statement: Statement, request: Request) -> None:
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
