"""Signing: a policy and a private key into what opens a URL."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from cfsign.cookies import SignedCookies
from cfsign.encoding import encode
from cfsign.errors import PolicyError, ResourceError, SigningKeyError
from cfsign.keys import (
    HASH_ALGORITHMS,
    HashAlgorithm,
    PrivateKey,
    Unpicklable,
    load_private_key,
)
from cfsign.policy import Address, Policy, check_conditions
from cfsign.resource import check_length, check_url
from cfsign.times import Lifetime, Moment, expiry

_KEY_PAIR_ID = re.compile(r"[A-Za-z0-9]{1,128}")
_UUID = re.compile(r"[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")


class SignedPolicy:
    """
    A policy and its signature, good for every URL that the policy covers.

    Attributes:
        policy: The policy that is signed.
        key_pair_id: CloudFront's id of the public key that verifies it.
    """

    __slots__ = ("_params", "_query", "key_pair_id", "policy")

    def __init__(
        self, policy: Policy, key_pair_id: str, signature: str, hash_algorithm: HashAlgorithm
    ) -> None:
        params = (
            {"Expires": str(policy.expires_at)}
            if policy.is_canned
            else {"Policy": encode(policy.to_json().encode("ascii"))}
        )
        params |= {"Signature": signature, "Key-Pair-Id": key_pair_id}
        if hash_algorithm != "SHA1":  # SHA-1 is what CloudFront takes where nothing is said
            params["Hash-Algorithm"] = hash_algorithm
        self.policy = policy
        self.key_pair_id = key_pair_id
        self._params = params
        self._query = "&".join(f"{name}={value}" for name, value in params.items())

    def __repr__(self) -> str:
        kind = "canned" if self.policy.is_canned else "custom"
        return f"<SignedPolicy {self.key_pair_id} {kind}, {len(self._query)} bytes>"

    @property
    def params(self) -> Mapping[str, str]:
        """The query parameters that carry the policy, in the order in which URLs hold them."""
        return MappingProxyType(self._params)  # made here, since it cannot be pickled

    def url(self, url: str) -> str:
        """
        Return *url* with the parameters behind its own query.

        Raises:
            ResourceError: The policy does not cover the URL, or the signed URL is too long.
        """
        if url == self.policy.resource and "*" not in url:
            url = self.policy.resource
        else:
            url = check_url(url)
            _check_covered(self.policy, url)
        return check_length(f"{url}{'&' if '?' in url else '?'}{self._query}")

    def urls(self, urls: Iterable[str]) -> Iterator[str]:
        """Do for each of *urls*, lazily and in order, what `url` does for one; one signature."""
        return map(self.url, urls)

    def cookies(self) -> SignedCookies:
        """Return the same parameters as cookies."""
        return SignedCookies(self._params)


class Signer(Unpicklable):
    """
    Signs with one private key, as the public key that CloudFront knows by `key_pair_id`.

    Attributes:
        key_pair_id: CloudFront's id of the public key.
        hash_algorithm: "SHA1", CloudFront's default, or "SHA256".
    """

    __slots__ = ("_key", "hash_algorithm", "key_pair_id")

    def __init__(
        self,
        key_pair_id: str,
        private_key: PrivateKey | str | bytes | os.PathLike[str],
        *,
        hash_algorithm: str = "SHA1",
    ) -> None:
        """
        Take the id and the key.

        Args:
            key_pair_id: The id of the public key in CloudFront, such as K2JCJMDEHXQW5F.
            private_key: A PrivateKey, a path, or PEM as text or bytes.
            hash_algorithm: "SHA1" or "SHA256" (announced by AWS in April 2026).

        Raises:
            SigningKeyError: The id or the key cannot be used.
            PolicyError: CloudFront does not know the hash algorithm.
        """
        self.key_pair_id = check_key_pair_id(key_pair_id)
        self.hash_algorithm = check_hash_algorithm(hash_algorithm)
        if isinstance(private_key, str | bytes | os.PathLike):
            private_key = load_private_key(private_key)
        elif not isinstance(private_key, PrivateKey):
            raise SigningKeyError(
                "private_key is a path, PEM as text or bytes, or an object with the methods sign "
                f"and public_key_pem, not {type(private_key).__name__}"
            )
        self._key = private_key

    def __repr__(self) -> str:
        return f"<Signer {self.key_pair_id} {self.hash_algorithm}>"

    def sign(self, policy: Policy) -> SignedPolicy:
        """
        Sign *policy* just as it stands: no clock is read, an expiry that has passed is signed too.

        Raises:
            PolicyError: It is no Policy.
            SigningKeyError: The key cannot sign.
        """
        if not isinstance(policy, Policy):
            raise PolicyError(f"sign takes a Policy, not {type(policy).__name__}")
        signature = self._key.sign(policy.to_json().encode("ascii"), self.hash_algorithm)
        return SignedPolicy(policy, self.key_pair_id, encode(signature), self.hash_algorithm)

    def sign_url(
        self,
        url: str,
        *,
        expires_in: Lifetime | None = None,
        expires_at: Moment | None = None,
        starts_at: Moment | None = None,
        ip_address: Address | None = None,
        resource: str | None = None,
    ) -> str:
        """
        Sign one URL; the bytes that are signed are the bytes that are returned.

        Args:
            url: The URL as it goes on the wire, percent-encoded, without wildcards.
            expires_in: A lifetime from now: a timedelta or whole seconds; or
            expires_at: the moment itself: an aware datetime or epoch seconds.
            starts_at: The moment until which the edge denies; makes the policy custom.
            ip_address: The viewer's IPv4 address or network; makes the policy custom.
            resource: What the policy names instead of the URL, such as a pattern that covers it.

        Raises:
            ResourceError: The URL cannot go on the wire as it stands, or is not covered.
            PolicyError: A time or the address is not one that CloudFront takes.
            SigningKeyError: The key cannot sign.
        """
        url = check_url(url)
        policy = Policy(
            url if resource is None else resource,
            expiry(expires_in, expires_at, int(time.time())),
            starts_at=starts_at,
            ip_address=ip_address,
        )
        _check_covered(policy, url)
        return self.sign(policy).url(url)

    def sign_urls(
        self,
        urls: Iterable[str],
        *,
        expires_in: Lifetime | None = None,
        expires_at: Moment | None = None,
        starts_at: Moment | None = None,
        ip_address: Address | None = None,
        resource: str | None = None,
    ) -> Iterator[str]:
        """
        Sign each of *urls*, lazily and in order; all expire at the same moment.

        With `resource`, one signature serves them all. The other arguments, and the errors, are
        those of `sign_url`; the times are checked at the call, each URL when its turn comes.
        """
        moment = expiry(expires_in, expires_at, int(time.time()))
        if resource is not None:
            policy = Policy(resource, moment, starts_at=starts_at, ip_address=ip_address)
            return self.sign(policy).urls(urls)
        start, network = check_conditions(moment, starts_at, ip_address)
        return (
            self.sign(Policy(check_url(url), moment, starts_at=start, ip_address=network)).url(url)
            for url in urls
        )

    def sign_cookies(
        self,
        resource: str,
        *,
        expires_in: Lifetime | None = None,
        expires_at: Moment | None = None,
        starts_at: Moment | None = None,
        ip_address: Address | None = None,
    ) -> SignedCookies:
        """
        Sign cookies that open *resource*, a URL or a pattern such as `https://HOST/videos/42/*`.

        The other arguments, and the errors, are those of `sign_url`.
        """
        moment = expiry(expires_in, expires_at, int(time.time()))
        policy = Policy(resource, moment, starts_at=starts_at, ip_address=ip_address)
        return self.sign(policy).cookies()


def check_key_pair_id(key_pair_id: object) -> str:
    """
    Return *key_pair_id* if it can be one.

    Raises:
        SigningKeyError: It is empty, no text, or of another shape.
    """
    if not isinstance(key_pair_id, str):
        raise SigningKeyError(f"the key pair id is text, not {type(key_pair_id).__name__}")
    if not key_pair_id:
        raise SigningKeyError(
            "the key pair id is empty; it is the ID of the public key in CloudFront, "
            "such as K2JCJMDEHXQW5F"
        )
    if _UUID.fullmatch(key_pair_id):
        raise SigningKeyError(
            "the key pair id is a UUID, which is the key group's id; take the ID of the public key "
            "in that group, such as K2JCJMDEHXQW5F"
        )
    if not _KEY_PAIR_ID.fullmatch(key_pair_id):
        # Not echoed: people have pasted the key itself here.
        raise SigningKeyError(
            "the key pair id is ASCII letters and digits alone, such as K2JCJMDEHXQW5F"
        )
    return key_pair_id


def check_hash_algorithm(hash_algorithm: object) -> HashAlgorithm:
    """Return *hash_algorithm* if CloudFront knows it, else raise PolicyError."""
    if hash_algorithm not in HASH_ALGORITHMS:
        raise PolicyError('hash_algorithm is "SHA1" or "SHA256"', field="hash_algorithm")
    return hash_algorithm


def _check_covered(policy: Policy, url: str) -> None:
    if not policy.covers(url):
        raise ResourceError(
            "the policy's resource does not cover the URL; name a resource that does, "
            "or sign the URL on its own"
        )
