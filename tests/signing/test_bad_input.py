"""
Inputs that every peer handles wrongly: each is signed correctly, or refused with a hint.

Tried with botocore, cloudfrontsigner, the JavaScript SDK and aws-cloudfront-sign: they emit a raw
space, sign one URL and return another, or add parameters to the fragment, or twice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cfsign import (
    CfsignError,
    Distribution,
    Policy,
    ResourceError,
    Signer,
    TrustedKeyGroup,
)

DOMAIN = "https://media.example.com"
SIGNATURE = ("~-7d" * 85) + "zA__"

ACCEPTED = ["/%c3%a9.pdf", "/a+b.pdf", "/a?x=1&y=2", "/a?k&z="]


@pytest.mark.parametrize("path", ACCEPTED)
def test_url_is_signed_and_returned_unchanged(
    recording_signer: Signer, recorder: Any, clock: Any, now: int, path: str
) -> None:
    """The signed bytes are the returned bytes: one `?`, and escapes keep their case."""
    url = DOMAIN + path
    signed = recording_signer.sign_url(url, expires_in=60)
    joint = "&" if "?" in path else "?"
    assert signed == (
        f"{url}{joint}Expires={now + 60}&Signature={SIGNATURE}&Key-Pair-Id=K2JCJMDEHXQW5F"
    )
    ((message, _),) = recorder.signed
    assert f'"Resource":"{url}"'.encode() in message


@pytest.mark.parametrize("path", ACCEPTED)
def test_url_signed_unchanged_is_allowed(
    signer: Signer, trusted_keys: TrustedKeyGroup, path: str
) -> None:
    assert trusted_keys.check(signer.sign_url(DOMAIN + path, expires_in=60))


@pytest.mark.parametrize(
    ("name", "encoded"),
    [
        ("a b.pdf", "/a%20b.pdf"),
        ("é.pdf", "/%C3%A9.pdf"),
        ("%c3%a9.pdf", "/%25c3%25a9.pdf"),
        ("a+b.pdf", "/a%2Bb.pdf"),
        ("what?", "/what%3F"),
        ("#sec", "/%23sec"),
        ('"', "/%22"),
        ("\\", "/%5C"),
        ("images/*", "/images/%2A"),
        ("a?Expires=1", "/a%3FExpires=1"),
    ],
)
def test_distribution_encodes_a_plain_path(
    signer: Signer, trusted_keys: TrustedKeyGroup, clock: Any, name: str, encoded: str
) -> None:
    """It takes paths instead of URLs, so it can encode what a signer must refuse."""
    signed = Distribution(DOMAIN, signer).sign_path(name)
    assert signed.startswith(f"{DOMAIN}{encoded}?Expires=")
    assert trusted_keys.check(signed)


RESERVED = ["Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"]

INJECTION = f'{DOMAIN}/a","Condition":{{"DateLessThan":{{"AWS:EpochTime":2147483647}}}}}}]}}//'

REFUSED: list[tuple[str, str]] = [
    (f"{DOMAIN}/a b.pdf", "%20"),
    (f"{DOMAIN}/é.pdf", "%C3%A9"),
    (f"{DOMAIN}/a?", "remove the `?`"),
    (f"{DOMAIN}/a#sec", "remove the fragment"),
    (f"{DOMAIN}/a?Expires=1", "rename it"),
    (f'{DOMAIN}/a"b', "%22"),
    (f"{DOMAIN}/a\\b", "%5C"),
    (f'{DOMAIN}/file","Resource":"*","x":"', "%22"),
    (INJECTION, "%22"),
    (f"{DOMAIN}/a\nb", "remove it"),
    (f"{DOMAIN}/a\rb", "remove it"),
    (f"{DOMAIN}/a\r\nSet-Cookie: a=b", "remove it"),
    (f"{DOMAIN}/a\0b", "remove it"),
    (f"{DOMAIN}/a\tb", "remove it"),
    (f"\n{DOMAIN}/a", "remove it"),
    (f"{DOMAIN}/a\n", "remove it"),
    (f"{DOMAIN}\t/a", "remove it"),
    (f"{DOMAIN}/a?x=\0", "remove it"),
    ("images/a.pdf", "start it with https://"),
    ("/images/a.pdf", "start it with https://"),
    ("//media.example.com/a", "start it with https:"),
    ("ftp://media.example.com/a", "must be http or https"),
    ("javascript:alert(1)", "start it with https://"),
    ("data:text/html,x", "start it with https://"),
    ("https://user@media.example.com/a", "remove it"),
    ("https://user:password@media.example.com/a", "remove it"),
    ("https:///a", "the distribution's domain"),
    ("", "start it with https://"),
    (f"{DOMAIN}/".ljust(8193, "a"), "shorten the path"),
    *((f"{DOMAIN}/a?{name}=1", "rename it") for name in RESERVED),
    *((f"{DOMAIN}/a?x=1&{name}", "rename it") for name in RESERVED),
    *((f"{DOMAIN}/a?%{ord(name[0]):x}{name[1:]}=1", "rename it") for name in RESERVED),
]

WAYS: dict[str, Callable[[Signer, str], object]] = {
    "sign_url": lambda signer, url: signer.sign_url(url, expires_in=60),
    "sign_url resource": lambda signer, url: signer.sign_url(
        f"{DOMAIN}/a", expires_in=60, pattern=url
    ),
    "sign_urls": lambda signer, url: list(signer.sign_urls([url], expires_in=60)),
    "sign_urls resource": lambda signer, url: signer.sign_urls(
        [f"{DOMAIN}/a"], expires_in=60, pattern=url
    ),
    "sign_cookies": lambda signer, url: signer.sign_cookies(url, expires_in=60),
    "sign": lambda signer, url: signer.sign_policy(Policy(url, 1999999999)),
    "sign custom": lambda signer, url: signer.sign_policy(Policy(url, 1999999999, starts_at=1)),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("url", "hint"), REFUSED, ids=[ascii(url)[:60] + hint[:9] for url, hint in REFUSED]
)
def test_bad_url_is_refused_with_a_hint(
    recording_signer: Signer, recorder: Any, url: str, hint: str, way: str
) -> None:
    """Every method refuses it and signs nothing."""
    with pytest.raises(ResourceError) as caught:
        WAYS[way](recording_signer, url)
    assert hint in str(caught.value)
    assert isinstance(caught.value, CfsignError)
    assert isinstance(caught.value, ValueError)
    assert len(str(caught.value)) < 300
    assert recorder.signed == []


@pytest.mark.parametrize("way", ["sign_url", "sign_urls"])
@pytest.mark.parametrize("url", [f"{DOMAIN}/images/*", f"{DOMAIN}/a?x=*", f"{DOMAIN}/*"])
def test_literal_star_is_not_signed_as_a_wildcard(
    recording_signer: Signer, recorder: Any, url: str, way: str
) -> None:
    """Peers sign it canned, which is useless, or custom, which opens everything that it matches."""
    with pytest.raises(ResourceError, match=r"write %2A for the character, or use a wildcard in"):
        WAYS[way](recording_signer, url)
    assert recorder.signed == []


@pytest.mark.parametrize("way", ["sign_cookies", "sign", "sign_url resource"])
def test_wildcard_in_a_pattern_is_signed(recording_signer: Signer, recorder: Any, way: str) -> None:
    WAYS[way](recording_signer, f"{DOMAIN}/*")
    ((message, _),) = recorder.signed
    assert b'"Resource":"https://media.example.com/*"' in message
