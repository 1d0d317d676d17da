"""A trusted key group: check a request as CloudFront does."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address
from types import MappingProxyType
from typing import TypeAlias

from cfsign.checking.credential import Cookies, Credential, decode_base64
from cfsign.checking.matching import resource_matches
from cfsign.checking.request import Request, read_request
from cfsign.checking.statement import (
    ReceivedPolicy,
    Statement,
    read_canned_policy,
    read_custom_policy,
)
from cfsign.checking.verdict import Reason, Verdict
from cfsign.errors import ConfigurationError, PolicyError, SigningKeyError
from cfsign.keys import KEY_ALGORITHMS, HashAlgorithm, PublicKey, load_public_key
from cfsign.keys.key_pair_id import check_key_pair_id
from cfsign.limits import KEY_PAIR_ID
from cfsign.utils.secret import hide_arguments
from cfsign.utils.warning import warn_caller

KeySource: TypeAlias = str | bytes | os.PathLike[str]
Address: TypeAlias = str | IPv4Address | IPv6Address

_KEY_PAIR_ID = re.compile(KEY_PAIR_ID)

# AWS, "Create a signed URL using a canned policy": SHA1, the default, or SHA256. Other spellings
# are not documented; this project refuses them.
_HASHES: Mapping[str | None, HashAlgorithm] = {
    None: "SHA1",
    "SHA1": "SHA1",
    "SHA256": "SHA256",
}


class TrustedKeyGroup:
    """
    The public keys whose signatures are accepted.

    Args:
        keys: The public key of each key pair id: a path, or PEM as text or bytes.

    Raises:
        SigningKeyError: A key pair id or a key is not valid; the error names the id.
        ConfigurationError: There are no keys.
    """

    @hide_arguments
    def __init__(self, keys: Mapping[str, KeySource]) -> None:
        self._keys: dict[str, PublicKey] = {}
        if not keys or not isinstance(keys, Mapping):
            raise ConfigurationError(
                "the trusted keys must be a mapping with at least one key",
                hint="pass {key_pair_id: public_key_pem}",
            )
        for key_pair_id, key_source in keys.items():
            check_key_pair_id(key_pair_id)
            self._keys[key_pair_id] = _load_key(key_pair_id, key_source)
        for key_pair_id, key in self._keys.items():
            if key.algorithm not in KEY_ALGORITHMS:
                warn_caller(
                    f"the key {key_pair_id} is {key.algorithm}, but CloudFront accepts only "
                    f"{' and '.join(KEY_ALGORITHMS)}"
                )

    def __repr__(self) -> str:
        keys = ", ".join(f"{name} {key.algorithm}" for name, key in self._keys.items())
        return f"<TrustedKeyGroup {keys}>"

    @property
    def public_keys(self) -> Mapping[str, PublicKey]:
        """The keys by their key pair ids, read-only."""
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
        Check a request as CloudFront does. Never raises: an invalid request is refused.

        Args:
            url: The whole requested URL, exactly as it was sent.
            cookies: The request's cookies: a mapping, pairs, or the text of a `Cookie` header.
            at: The time of the request: epoch seconds or an aware `datetime`; None is now.
            ip_address: The client's address. The caller decides which proxies to trust.
                A policy that names an address refuses None and everything except IPv4.
        """
        return check_request(read_request(url, cookies, at, ip_address), self._keys)


def check_request(request: Request | None, keys: Mapping[str, PublicKey]) -> Verdict:
    """
    Return the verdict of an edge that trusts *keys*.

    Args:
        request: The request; None for one that cannot be read.
        keys: The public keys by their key pair ids.
    """
    try:
        _check(request, keys)
    except _Refusal as refusal:
        return Verdict(refusal.reason)
    return Verdict(Reason.ALLOWED)


class _Refusal(Exception):
    """An exception that ends a check, with the reason for the refusal."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


def _check(request: Request | None, keys: Mapping[str, PublicKey]) -> None:
    """Raise _Refusal unless the request is allowed. The first check that fails is reported."""
    if request is None:
        raise _Refusal(Reason.UNUSABLE_REQUEST)
    credential = request.credential
    key = _find_key(credential, keys)
    hash_algorithm = _HASHES.get(credential.hash_algorithm)
    if hash_algorithm is None:
        raise _Refusal(Reason.HASH_ALGORITHM)
    signature = decode_base64(credential.signature or "")
    if signature is None:
        raise _Refusal(Reason.MALFORMED_SIGNATURE)
    policy = _read_policy(request)
    # aws-cloudfront-sign sends `Expires` and `Policy` with the same time, which works. AWS does not
    # document which one counts, so different times are refused.
    if credential.expires not in (None, str(policy.statement.expires_at)):
        raise _Refusal(Reason.AMBIGUOUS_POLICY)
    # Verify the bytes as they were sent: JSON that is parsed and dumped would be other bytes.
    if not any(key.verify(text, signature, hash_algorithm) for text in policy.documents):
        raise _Refusal(Reason.SIGNATURE_MISMATCH)
    _check_conditions(policy.statement, request)


def _find_key(credential: Credential, keys: Mapping[str, PublicKey]) -> PublicKey:
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
    # AWS documents "on or before" for the start, but not whether the last second still counts:
    # this project refuses in it, and allows no skew.
    if request.at >= statement.expires_at:
        raise _Refusal(Reason.EXPIRED)
    if statement.starts_at is not None and request.at <= statement.starts_at:
        raise _Refusal(Reason.NOT_YET_VALID)
    network = statement.network
    if network is not None and (request.address is None or request.address not in network):
        raise _Refusal(Reason.VIEWER_ADDRESS)


def _load_key(key_pair_id: str, source: KeySource) -> PublicKey:
    try:
        return load_public_key(source)
    except SigningKeyError as error:
        raise SigningKeyError(
            f"key pair id {key_pair_id}: {error.message}", hint=error.hint, source=error.source
        ) from None
