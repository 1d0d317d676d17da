"""A signed URL as its parts, with no part read as more than text."""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from urllib.parse import unquote, urlsplit

from cfsign.limits import PARAMETERS

_FROM_CLOUDFRONT = str.maketrans("-_~", "+=/")


def decode(text: str) -> bytes:
    """Decode CloudFront's base64."""
    return base64.b64decode(text.translate(_FROM_CLOUDFRONT), validate=True)


@dataclass(frozen=True, slots=True)
class SignedURL:
    """
    A URL and the parameters on it, in their order.

    Attributes:
        base: All before the `?`.
        params: Names and values, encoded as they came.
    """

    base: str
    params: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, text: str) -> SignedURL:
        """Take a URL apart."""
        base, _, query = text.partition("?")
        pairs = (pair.partition("=") for pair in query.split("&") if pair)
        return cls(base, tuple((name, value) for name, _, value in pairs))

    def __str__(self) -> str:
        query = "&".join(f"{name}={value}" for name, value in self.params)
        return f"{self.base}?{query}" if query else self.base

    def get(self, name: str) -> str:
        """Return the value of a parameter, or "" if it is not there."""
        return dict(self.params).get(name, "")

    def put(self, name: str, value: str) -> SignedURL:
        """Return the URL with another value for a parameter that it has."""
        pairs = ((old, value if old == name else kept) for old, kept in self.params)
        return replace(self, params=tuple(pairs))

    def unsigned(self) -> SignedURL:
        """Return the URL without what CloudFront takes for its own."""
        params = tuple(pair for pair in self.params if pair[0] not in PARAMETERS)
        return replace(self, params=params)

    @property
    def origin(self) -> tuple[str, str]:
        """The scheme and the host."""
        split = urlsplit(self.base)
        return split.scheme, split.netloc

    @property
    def path(self) -> str:
        """The path, encoded."""
        return urlsplit(self.base).path

    @property
    def name(self) -> str:
        """The path as the file is called."""
        return unquote(self.path).removeprefix("/")
