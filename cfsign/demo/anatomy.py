"""What a person sees of a signed URL, or of signed cookies: part by part, with what each means."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cfsign.demo.signed_url import SignedURL, decode

_MEANINGS = {
    "Policy": "The terms in full, as JSON in CloudFront's base64. Decoded below.",
    "Key-Pair-Id": "Says with which public key the edge has to check the signature.",
    "Hash-Algorithm": "How the policy was hashed before it was signed.",
    "Expires": "The end, in seconds since 1970. Part of what is signed.",
    "Signature": "{} characters: RSA-2048 over the terms, in CloudFront's base64.",
}


@dataclass(frozen=True, slots=True)
class Part:
    """
    One part of what opens a file.

    Attributes:
        name: What it is called, such as "Expires".
        text: How it stands there; shortened, where nobody would read it.
        meaning: What it says, in a sentence.
        lead: What stands before it, such as "?Expires=".
    """

    name: str
    text: str
    meaning: str
    lead: str = ""

    @property
    def css(self) -> str:
        """The class that colours it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Anatomy:
    """
    All the parts.

    Attributes:
        parts: In their order.
        expires_at: The end, in epoch seconds.
        policy: The custom policy, indented for reading; "" for a canned one.
    """

    parts: tuple[Part, ...]
    expires_at: int
    policy: str

    @property
    def ends(self) -> str:
        """The end as a date, for a person."""
        return f"{datetime.fromtimestamp(self.expires_at, UTC):%d %B %Y, %H:%M:%S} UTC"

    @property
    def seconds_left(self) -> int:
        """How long it still opens anything."""
        return max(0, self.expires_at - int(datetime.now(UTC).timestamp()))


def dissect_url(text: str) -> Anatomy:
    """Take a signed URL apart."""
    url = SignedURL.parse(text)
    scheme, host = url.origin
    address = (
        Part("Scheme", scheme, "Plain http, on this machine alone; https out in the world."),
        Part("Host", host, "The edge. On CloudFront: your distribution's domain.", "://"),
        Part("Path", url.path, f"{url.name}, percent-encoded once."),
    )
    marks = ("?", *("&" for _ in url.params))
    params = (
        _part(name, value, f"{mark}{name}=")
        for mark, (name, value) in zip(marks, url.params, strict=False)
    )
    policy = _policy(url.get("Policy"))
    return Anatomy((*address, *params), _end(url.get("Expires"), policy), policy)


def dissect_cookies(headers: Sequence[str]) -> Anatomy:
    """Take the values of `Set-Cookie` headers apart."""
    cookies = dict(header.partition(";")[0].split("=", 1) for header in headers)
    values = {name.removeprefix("CloudFront-"): value for name, value in cookies.items()}
    parts = (_part(name, value, f"CloudFront-{name}=") for name, value in values.items())
    policy = _policy(values.get("Policy", ""))
    return Anatomy(tuple(parts), _end(values.get("Expires", ""), policy), policy)


def _part(name: str, value: str, lead: str) -> Part:
    shown = value if len(value) <= 40 else f"{value[:14]}…{value[-8:]}"
    meaning = _MEANINGS.get(name, "A parameter of the site's own; it reaches the origin.")
    return Part(name, shown, meaning.format(len(value)), lead)


def _policy(value: str) -> str:
    return json.dumps(json.loads(decode(value)), indent=2) if value else ""


def _end(expires: str, policy: str) -> int:
    if expires:
        return int(expires)
    statement = json.loads(policy)["Statement"][0]
    return int(statement["Condition"]["DateLessThan"]["AWS:EpochTime"])
