"""The breakdown of a signed URL, or of signed cookies, that the pages show."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cfsign.demo.signed_url import SignedURL, decode

_MEANINGS = {
    "Policy": "The conditions of the signature, as JSON in CloudFront's base64. Decoded below.",
    "Key-Pair-Id": "The id of the public key that checks the signature.",
    "Hash-Algorithm": "The hash algorithm of the signature.",
    "Expires": "The expiry, in seconds since 1970. The signature covers it.",
    "Signature": "{} characters: an RSA-2048 signature of the policy, in CloudFront's base64.",
}


@dataclass(frozen=True, slots=True)
class Part:
    """
    One part of a signed URL, or one signed cookie.

    Attributes:
        name: The name, such as "Expires".
        text: The value; a long one is shortened.
        meaning: The meaning, in one or two sentences.
        prefix: The text before the value, such as "?Expires=".
    """

    name: str
    text: str = field(repr=False)
    meaning: str
    prefix: str = ""

    @property
    def css(self) -> str:
        """The CSS class of the part."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Breakdown:
    """
    The parts of a signed URL, or of signed cookies.

    Attributes:
        parts: The parts, in order.
        expires_at: The expiry, in epoch seconds.
        policy: The custom policy as indented JSON; "" for a canned policy.
    """

    parts: tuple[Part, ...]
    expires_at: int
    policy: str

    @property
    def expiry(self) -> str:
        """The expiry as a date and time, in UTC."""
        return f"{datetime.fromtimestamp(self.expires_at, UTC):%d %B %Y, %H:%M:%S} UTC"

    @property
    def seconds_left(self) -> int:
        """The seconds until the expiry, at least 0."""
        return max(0, self.expires_at - int(datetime.now(UTC).timestamp()))


def break_down_url(text: str) -> Breakdown:
    """Return the parts of a signed URL."""
    url = SignedURL.parse(text)
    scheme, host = url.origin
    address = (
        Part(
            "Scheme",
            scheme,
            "Plain http, as everything is on this machine. A real site uses https.",
        ),
        Part("Host", host, "The edge. With CloudFront: the domain of your distribution.", "://"),
        Part("Path", url.path, f"{url.name}, percent-encoded."),
    )
    separators = ("?", *("&" for _ in url.params))
    params = (
        _build_part(name, value, f"{separator}{name}=")
        for separator, (name, value) in zip(separators, url.params, strict=False)
    )
    policy = _decode_policy(url.get("Policy"))
    return Breakdown((*address, *params), _read_expiry(url.get("Expires"), policy), policy)


def break_down_cookies(headers: Sequence[str]) -> Breakdown:
    """Return the parts of signed cookies, given the values of their `Set-Cookie` headers."""
    cookies = dict(header.partition(";")[0].split("=", 1) for header in headers)
    # A cookie with an empty value is one that the response deletes.
    values = {name.removeprefix("CloudFront-"): value for name, value in cookies.items() if value}
    parts = (_build_part(name, value, f"CloudFront-{name}=") for name, value in values.items())
    policy = _decode_policy(values.get("Policy", ""))
    return Breakdown(tuple(parts), _read_expiry(values.get("Expires", ""), policy), policy)


def _build_part(name: str, value: str, prefix: str) -> Part:
    shortened = value if len(value) <= 40 else f"{value[:14]}…{value[-8:]}"
    meaning = _MEANINGS.get(name, "A parameter of the site. It reaches the origin.")
    return Part(name, shortened, meaning.format(len(value)), prefix)


def _decode_policy(value: str) -> str:
    return json.dumps(json.loads(decode(value)), indent=2) if value else ""


def _read_expiry(expires: str, policy: str) -> int:
    if expires:
        return int(expires)
    statement = json.loads(policy)["Statement"][0]
    return int(statement["Condition"]["DateLessThan"]["AWS:EpochTime"])
