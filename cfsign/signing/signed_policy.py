"""A policy with its signature: what opens every URL that the policy covers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from types import MappingProxyType

from cfsign.errors import ResourceError
from cfsign.keys import HashAlgorithm
from cfsign.signing.blocks import blocks, covered
from cfsign.signing.cookies import SignedCookies
from cfsign.signing.encoding import encode
from cfsign.signing.policy import Policy
from cfsign.signing.url import MAX_URL_BYTES, check_length, check_several, check_url


class SignedPolicy:
    """
    A policy and its signature, good for every URL that the policy covers.

    Attributes:
        policy: The policy that is signed.
        key_pair_id: CloudFront's id of the public key that verifies it.
    """

    __slots__ = ("_query", "key_pair_id", "policy")

    def __init__(
        self, policy: Policy, key_pair_id: str, signature: str, hash_algorithm: HashAlgorithm
    ) -> None:
        carried = (
            f"Expires={policy.expires_at}"
            if policy.is_canned
            else f"Policy={encode(policy.to_json().encode('ascii'))}"
        )
        self.policy = policy
        self.key_pair_id = key_pair_id
        self._query = (
            f"{carried}&Signature={signature}{key_parameters(key_pair_id, hash_algorithm)}"
        )

    def __repr__(self) -> str:
        kind = "canned" if self.policy.is_canned else "custom"
        return f"<SignedPolicy {self.key_pair_id} {kind}, {len(self._query)} bytes>"

    @property
    def params(self) -> Mapping[str, str]:
        """The query parameters that carry the policy, in the order in which URLs hold them."""
        return MappingProxyType(self._params())

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
        signed = f"{url}{'&' if '?' in url else '?'}{self._query}"
        return signed if len(signed) <= MAX_URL_BYTES else check_length(signed)

    def urls(self, urls: Iterable[str]) -> Iterator[str]:
        """
        Do for each of *urls*, in order, what `url` does for one; one signature.

        They are read lazily, in blocks that grow from 1 to 64, each up to twice as long as the one
        before. Where *urls* may wait for long between two, as a queue does, and each is wanted at
        once, call `url` for each. An error comes behind all the URLs before it.

        Raises:
            ResourceError: As `url`; or at the call, if *urls* is one text.
        """
        return chain.from_iterable(map(self._signed, blocks(check_several(urls, "url"))))

    def cookies(self) -> SignedCookies:
        """Return the same parameters as cookies."""
        return SignedCookies(self._params(), self.policy.resource)

    def _signed(self, block: list[str]) -> Iterable[str]:
        longest = MAX_URL_BYTES - len(self._query) - 1
        lines = covered(self.policy.resource, block, longest)
        if lines is None:
            return map(self.url, block)  # which tells what is at fault, when it is at its turn
        first, further = f"?{self._query}", f"&{self._query}"
        if "?" not in lines:
            return [url + first for url in block]
        return [url + further if "?" in url else url + first for url in block]

    def _params(self) -> dict[str, str]:
        # CloudFront's base64 has neither `&` nor `=` in it.
        return dict(parameter.split("=") for parameter in self._query.split("&"))


def key_parameters(key_pair_id: str, hash_algorithm: HashAlgorithm) -> str:
    """Return how every query ends that a key has signed: with its id and what it hashed with."""
    # SHA-1 is what CloudFront takes where nothing is said.
    marker = "" if hash_algorithm == "SHA1" else f"&Hash-Algorithm={hash_algorithm}"
    return f"&Key-Pair-Id={key_pair_id}{marker}"


def check_covered(policy: Policy, url: str) -> None:
    """Raise ResourceError unless the policy covers *url*."""
    if not policy.covers(url):
        raise ResourceError(
            "the policy's resource does not cover the URL; name a resource that does, "
            "or sign the URL on its own"
        )
