"""What somebody might do to a signed URL, and what CloudFront answers to it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from cfsign.demo.signed_url import SignedURL, decode
from cfsign.signing.signed_policy import encode

_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Tampering:
    """
    One change to a signed URL, with a canned or a custom policy.

    Attributes:
        what: What is done, in a few words.
        code: CloudFront's code for the refusal.
        change: Makes the change; its second argument is the unsigned URL of another file.
    """

    what: str
    code: str
    change: Callable[[SignedURL, str], SignedURL]

    def apply(self, signed: str, other: str) -> str:
        """Return what becomes of a signed URL, given the unsigned one of another file."""
        return str(self.change(SignedURL.parse(signed), other))


def _change_a_letter(url: SignedURL, _: str) -> SignedURL:
    signature = url.get("Signature")
    # Not the last one: its lowest bits are padding, and say nothing.
    middle = len(signature) // 2
    letter = "B" if signature[middle] == "A" else "A"
    return url.put("Signature", signature[:middle] + letter + signature[middle + 1 :])


def _prolong(url: SignedURL, _: str) -> SignedURL:
    def later(seconds: re.Match[str]) -> str:
        return str(int(seconds[0]) + _HOUR)

    if url.get("Expires"):
        return url.put("Expires", str(int(url.get("Expires")) + _HOUR))
    terms = decode(url.get("Policy")).decode()
    return url.put("Policy", encode(re.sub(r"(?<=:)\d{10}", later, terms).encode()))


def _move_to_another_file(url: SignedURL, other: str) -> SignedURL:
    return SignedURL(other, url.params)


def _name_another_key(url: SignedURL, _: str) -> SignedURL:
    return url.put("Key-Pair-Id", "KUNKNOWN0000")


def _garble_the_signature(url: SignedURL, _: str) -> SignedURL:
    return url.put("Signature", "!" + url.get("Signature")[1:])


def _garble_the_terms(url: SignedURL, _: str) -> SignedURL:
    return url.put("Expires", "soon").put("Policy", "soon")


def _take_all_off(url: SignedURL, _: str) -> SignedURL:
    return url.unsigned()


#: For each of CloudFront's codes at least one.
TAMPERINGS = (
    Tampering("one letter of the signature changed", "AccessDenied", _change_a_letter),
    Tampering("the end moved by an hour", "AccessDenied", _prolong),
    Tampering("the same signature on another file", "AccessDenied", _move_to_another_file),
    Tampering("an unknown key id", "InvalidKey", _name_another_key),
    Tampering("a signature that is no base64", "MalformedSignature", _garble_the_signature),
    Tampering("an end that is no time", "MalformedPolicy", _garble_the_terms),
    Tampering("no parameters at all", "MissingKey", _take_all_off),
)
