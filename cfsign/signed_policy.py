"""A policy with its signature: what opens every URL that the policy covers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from cfsign.cookies import SignedCookies
from cfsign.encoding import encode
from cfsign.errors import ResourceError
from cfsign.keys import HashAlgorithm
from cfsign.policy import Policy
from cfsign.resource import check_length, check_url


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
            check_covered(self.policy, url)
        return check_length(f"{url}{'&' if '?' in url else '?'}{self._query}")

    def urls(self, urls: Iterable[str]) -> Iterator[str]:
        """Do for each of *urls*, lazily and in order, what `url` does for one; one signature."""
        return map(self.url, urls)

    def cookies(self) -> SignedCookies:
        """Return the same parameters as cookies."""
        return SignedCookies(self._params, self.policy.resource)


def check_covered(policy: Policy, url: str) -> None:
    """Raise ResourceError unless the policy covers *url*."""
    if not policy.covers(url):
        raise ResourceError(
            "the policy's resource does not cover the URL; name a resource that does, "
            "or sign the URL on its own"
        )
