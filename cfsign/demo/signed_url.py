"""A signed URL, split into its base and its query parameters."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace
from urllib.parse import unquote, urlsplit

from cfsign.limits import PARAMETERS

_FROM_CLOUDFRONT = str.maketrans("-_~", "+=/")


def decode(text: str) -> bytes:
    """Decode CloudFront's base64."""
    return base64.b64decode(text.translate(_FROM_CLOUDFRONT), validate=True)


@dataclass(frozen=True, slots=True)
class SignedURL:
    """
    A URL and its query parameters, in order.

    Attributes:
        base: The URL up to the `?`.
        params: Names and values, percent-encoded as in the URL.
    """

    base: str
    params: tuple[tuple[str, str], ...] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> SignedURL:
        """Parse a URL."""
        base, _, query = text.partition("?")
        pairs = (pair.partition("=") for pair in query.split("&") if pair)
        return cls(base, tuple((name, value) for name, _, value in pairs))

    def __str__(self) -> str:
        query = "&".join(f"{name}={value}" for name, value in self.params)
        return f"{self.base}?{query}" if query else self.base

    def get(self, name: str) -> str:
        """Return the value of a parameter, or "" if it is missing."""
        return dict(self.params).get(name, "")

    def replace_param(self, name: str, value: str) -> SignedURL:
        """Return the URL with another value for a parameter; unchanged if it is missing."""
        pairs = ((each, value if each == name else old) for each, old in self.params)
        return replace(self, params=tuple(pairs))

    def remove_credential(self) -> SignedURL:
        """Return the URL without CloudFront's reserved parameters."""
        params = tuple(pair for pair in self.params if pair[0] not in PARAMETERS)
        return replace(self, params=params)

    @property
    def origin(self) -> tuple[str, str]:
        """The scheme and the host."""
        split = urlsplit(self.base)
        return split.scheme, split.netloc

    @property
    def path(self) -> str:
        """The path, percent-encoded."""
        return urlsplit(self.base).path

    @property
    def name(self) -> str:
        """The path as the name of the file."""
        return unquote(self.path).removeprefix("/")
