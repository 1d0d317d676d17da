"""Add a signed policy to URLs, or to cookies."""

from __future__ import annotations

import functools
import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from time import perf_counter
from types import MappingProxyType

from cfsign.errors import CfsignError, ResourceError
from cfsign.keys import HashAlgorithm
from cfsign.limits import MAX_URL_BYTES
from cfsign.signing.cookies import SignedCookies
from cfsign.signing.pattern import is_match
from cfsign.signing.policy import Policy
from cfsign.signing.url import build_length_error, check_url, check_urls
from cfsign.signing.url_grammar import REST
from cfsign.utils.secret import forget_frames, hide_arguments

#: The most URLs that are checked at once.
BLOCK = 64

_TO_CLOUDFRONT = bytes.maketrans(b"+=/", b"-_~")
_FROM_CLOUDFRONT = str.maketrans("-_~", "+=/", "+=/")

# The literal start of a resource. A dot in front of the `*` could become a `..`, so it is excluded.
_LITERAL_START = r"(https?://[^*?]+/[^*?/.%]*)\*"


class SignedPolicy:
    """
    A policy and its signature, valid for every URL that the policy's resource matches.

    Attributes:
        policy: The policy that is signed.
        key_pair_id: CloudFront's id of the public key that verifies it.
        hash_algorithm: The hash algorithm of the signature, "SHA1" or "SHA256".
        signed_at: When it was signed, in seconds of `time.perf_counter`.
    """

    __slots__ = ("_query", "hash_algorithm", "key_pair_id", "policy", "signed_at")

    def __init__(
        self, policy: Policy, signature: bytes, key_pair_id: str, hash_algorithm: HashAlgorithm
    ) -> None:
        parameter = (
            f"Expires={policy.expires_at}"
            if policy.is_canned
            else f"Policy={encode(policy.to_json().encode('ascii'))}"
        )
        self.policy = policy
        self.key_pair_id = key_pair_id
        self.hash_algorithm = hash_algorithm
        self.signed_at = perf_counter()
        self._query = build_query(parameter, signature, key_pair_id, hash_algorithm)

    def __repr__(self) -> str:
        kind = "canned" if self.policy.is_canned else "custom"
        return f"<SignedPolicy {self.key_pair_id} {kind}, {len(self._query)} bytes>"

    @property
    def params(self) -> Mapping[str, str]:
        """The query parameters, in the order in which URLs have them."""
        return MappingProxyType(self._params())

    def url(self, url: str) -> str:
        """
        Return a URL with the parameters after its own query.

        Raises:
            ResourceError: The policy does not match the URL, or the signed URL is too long.
        """
        # As `hide_arguments` does, which would take a tenth of our own time.
        try:
            if url == self.policy.resource and "*" not in url:
                url = self.policy.resource
            else:
                url = check_url(url)
                check_match(self.policy.resource, url)
            return add_query(url, self._query)
        except CfsignError as caught:
            error = forget_frames(caught)
            del url
        raise error

    @hide_arguments
    def urls(self, urls: Iterable[str]) -> Iterator[str]:
        """
        Return an iterator over `url(url)` for each of *urls*, in order.

        The URLs are read lazily, in blocks that grow from 1 to 64. Call `url` for each instead if
        *urls* may wait long between two of them, as a queue does. An error is raised after all the
        URLs before it.

        Raises:
            ResourceError: As for `url`. A single text as *urls* raises immediately.
        """
        return chain.from_iterable(map(self._sign_block, _blocks(check_urls(urls, "url"))))

    def cookies(self) -> SignedCookies:
        """Return the parameters as cookies."""
        return SignedCookies(self._params(), self.policy.resource, self.policy.expires_at)

    def _sign_block(self, block: list[str]) -> Iterable[str]:
        longest = MAX_URL_BYTES - len(self._query) - 1
        lines = check_block(self.policy.resource, block, longest)
        if lines is None:
            return map(self.url, block)
        first, further = f"?{self._query}", f"&{self._query}"
        if "?" not in lines:
            return [url + first for url in block]
        return [url + further if "?" in url else url + first for url in block]

    def _params(self) -> dict[str, str]:
        # CloudFront's base64 has neither `&` nor `=` in it.
        return dict(parameter.split("=") for parameter in self._query.split("&"))


def encode(data: bytes) -> str:
    """
    Encode bytes in CloudFront's base64: standard, with `-`, `_`, `~` instead of `+`, `=`, `/`.

    It is not RFC 4648's URL-safe alphabet, in which `_` stands for `/`.
    AWS, "Code examples for creating a signature for a signed URL".
    """
    return b2a_base64(data, newline=False).translate(_TO_CLOUDFRONT).decode()


def decode(text: str) -> bytes:
    """Decode what `encode` returns; raise ValueError for other text."""
    return a2b_base64(text.translate(_FROM_CLOUDFRONT).encode("ascii"), strict_mode=True)


def build_query(
    parameter: str, signature: bytes, key_pair_id: str, hash_algorithm: HashAlgorithm
) -> str:
    """
    Return the query of a signed URL.

    Args:
        parameter: "Expires=..." or "Policy=...".
        signature: The signature, not encoded.
        key_pair_id: CloudFront's id of the public key.
        hash_algorithm: The hash algorithm of the signature.
    """
    # SHA-1 is CloudFront's default.
    marker = "" if hash_algorithm == "SHA1" else f"&Hash-Algorithm={hash_algorithm}"
    return f"{parameter}&Signature={encode(signature)}&Key-Pair-Id={key_pair_id}{marker}"


def add_query(url: str, query: str) -> str:
    """Return *url* with *query* after its own; raise ResourceError if it is too long."""
    if len(url) + 1 + len(query) <= MAX_URL_BYTES:
        return f"{url}{'&' if '?' in url else '?'}{query}"
    length = len(url) + 1 + len(query)
    del query  # error reports print the variables of a frame that raises
    raise build_length_error(length)


def check_match(resource: str, url: str) -> None:
    """Raise ResourceError unless the resource of a policy matches *url*."""
    if not is_match(resource, url):
        raise ResourceError(
            f"the policy's resource {resource} does not match the URL",
            hint="use a pattern that matches it, or sign the URL without a pattern",
        )


def _blocks(urls: Iterator[str]) -> Iterator[list[str]]:
    """
    Yield *urls* in blocks, each up to twice as long as the one before.

    A URL therefore never waits for more URLs than were yielded before it, nor for more than BLOCK.
    An error of *urls* is raised after all that it yielded.
    """
    size = 1
    block: list[str] = []
    while True:
        try:
            block.extend(islice(urls, size))
        except Exception:  # the caller's iterable may raise anything
            yield block
            raise
        yield block
        if len(block) < size:
            return
        block, size = [], min(2 * size, BLOCK)


def check_block(resource: str, block: Sequence[str], longest: int) -> str | None:
    """
    Check with one expression that each URL of a full block may be signed, matches and fits.

    Args:
        resource: The policy's resource.
        block: The URLs, not checked.
        longest: The most characters that a URL may have.

    Returns:
        The URLs, one on each line; None if they must be checked one by one.
    """
    if len(block) != BLOCK:  # compiling an expression for fewer would take longer, a millisecond
        return None
    expression = _compile_block(resource)
    if expression is None or list(map(type, block)).count(str) < BLOCK:
        return None
    lines = "\n".join(block)
    fits = len(lines) <= longest or max(map(len, block)) <= longest
    return lines if fits and expression.fullmatch(f"\n{lines}") else None


@functools.lru_cache(maxsize=16)
def _compile_block(resource: str) -> re.Pattern[str] | None:
    """Return the expression for a full block; None unless the only wildcard is a `*` at the end."""
    start = re.fullmatch(_LITERAL_START, resource)
    # Exactly as many lines as URLs: a URL may contain a line break.
    return start and re.compile(rf"(?:\n{re.escape(start[1])}{REST}){{{BLOCK}}}", re.ASCII)
