"""URLs, patterns and domains that may be signed; all others are refused with a hint."""

from __future__ import annotations

import enum
from typing import Any

import pytest

from cfsign import ResourceError
from cfsign.signing.signed_policy import BLOCK, check_block
from cfsign.signing.url import (
    MAX_URL_BYTES,
    check_domain,
    check_resource,
    check_url,
    is_broad,
    split_location,
)

HOST = "https://media.example.com"

GOOD_URLS = [
    "https://d111111abcdef8.cloudfront.net/image.jpg",
    "http://media.example.com/",
    "https://media.example.com:8443/a",
    "https://media.example.com:80/a",
    "http://media.example.com:443/a",
    "https://xn--mnchen-3ya.example/a",
    "https://under_score.example.com/a",
    "https://192.0.2.1/a",
    f"{HOST}//double//slash/",
    f"{HOST}/a+b%20c%2Fd%2a;v=1,2!$&'()@[x]:~.-_=",
    f"{HOST}/%c3%a9",
    f"{HOST}/.hidden/...",
    f"{HOST}/a..b/.c/d.",
    f"{HOST}/a?x=1&y=2",
    f"{HOST}/a?k&z=",
    f"{HOST}/a?&&",
    f"{HOST}/a?x=/./../y",
    f"{HOST}/a?expires=1&policy=2&signature=3&key-pair-id=4&EXPIRES=5",
    f"{HOST}/a?Expire=1&Expiresx=2&xExpires=3&x=Expires",
    f"{HOST}/Expires=1/Policy/Signature=2",
    f"{HOST}/a?%2545xpires=1",
]


class Named(str, enum.Enum):  # noqa: UP042  the older way, which prints its own name
    """A str subclass whose `str()` is another text."""

    REPORT = f"{HOST}/report.pdf"


@pytest.mark.parametrize("url", GOOD_URLS)
def test_good_url_is_returned_unchanged(url: str) -> None:
    """A policy accepts it, too."""
    assert check_url(url) == url
    assert check_resource(url) == url


BAD_URLS: list[tuple[str, str]] = [
    (f"{HOST}/a b", "cannot contain a space.*write %20"),
    (f"{HOST}/é.pdf", r"cannot contain U\+00E9.*write %C3%A9"),
    (f"{HOST}/日本", r"cannot contain U\+65E5.*write %E6%97%A5"),
    (f"{HOST}/a\u200b", r"U\+200B"),
    (
        "https://münchen.example/a",
        r"cannot contain U\+00FC.*write the host in ASCII: xn--mnchen-3ya for m",
    ),
    ("ftp://münchen.example/a", "xn--"),
    ("https://media example.com/a", "cannot contain a space.*; .* the distribution's domain"),
    (
        "https://media|example.com?a",
        r"cannot contain the character \|.*; .* the distribution's domain",
    ),
    ("https://media.example.com#a", "remove the fragment"),
    (f"{HOST}/a?u=http://münchen.example", "write %C3%BC"),
    ("größe.pdf", "write %C3%B6"),
    (f"{HOST}/a?q=é", "write %C3%A9"),
    (f'{HOST}/a"b', "a double quote.*write %22"),
    (f"{HOST}/a\\b", "a backslash.*write %5C"),
    (f"{HOST}/<a", "the character <.*write %3C"),
    (f"{HOST}/a>", "write %3E"),
    (f"{HOST}/a^b", r"write %5E"),
    (f"{HOST}/a`b", "write %60"),
    (f"{HOST}/a{{b", "write %7B"),
    (f"{HOST}/a|b", "write %7C"),
    (f"{HOST}/a}}b", "write %7D"),
    (f"{HOST}/a#part", "remove the fragment, or write %23"),
    (f"{HOST}/a#", "remove the fragment"),
    (f"{HOST}/a?x=1#y", "remove the fragment"),
    ("a/b", "relative; start it with https://"),
    ("/a/b", "relative; start it with https://"),
    ("", "empty; start it with https://"),
    ("media.example.com/a", "relative; start it with https://"),
    ("https:/media.example.com/a", "relative; start it with https://"),
    ("//media.example.com/a", "no scheme; start it with https:"),
    ("ftp://media.example.com/a", "must be http or https"),
    ("HTTPS://media.example.com/a", "must be http or https; start it with https://, in lower case"),
    ("javascript://media.example.com/%0aalert(1)", "must be http or https"),
    ("file:///etc/passwd", "must be http or https"),
    ("s3://bucket/key", "must be http or https"),
    ("http*://media.example.com/a", "must be http or https"),
    ("https://user@media.example.com/a", "user-info before an `@`; remove it"),
    ("https://user:secret@media.example.com/a", "user-info before an `@`; remove it"),
    ("https:///a", "no host; .* the distribution's domain"),
    ("https://?a", "no host"),
    ("https://", "no host"),
    ("https://Media.example.com/a", "lower case; write it in lower case"),
    ("https://media.example.com:443/a", "default port"),
    ("http://media.example.com:80/a", "default port"),
    ("https://media.example.com", "has no path; add at least `/`"),
    ("https://media.example.com?x=1", "has no path; add at least `/`"),
    (f"{HOST}/a/../b", "resolve `.` and `..`.*write the resolved path"),
    (f"{HOST}/./b", "write the resolved path"),
    (f"{HOST}/b/..", "write the resolved path"),
    (f"{HOST}/b/.?x", "write the resolved path"),
    (f"{HOST}/b/%2e%2E/c", "write the resolved path"),
    (f"{HOST}/b/.%2e", "write the resolved path"),
    (f"{HOST}/100%", "has no two hexadecimal digits after it; write %25"),
    (f"{HOST}/a%zz", "write %25"),
    (f"{HOST}/a?x=%2", "write %25"),
    (f"{HOST}/a?it's", "as %27; write %27"),
    (f"{HOST}/a?", r"the query is empty; remove the `\?`"),
    (f"{HOST}/a*b", "literal `\\*` would be a wildcard; write %2A"),
    (f"{HOST}/a?x=*", "write %2A"),
    ("https://.example.com/a", "host or port is not valid; .* the distribution's domain"),
    ("https://media..example.com/a", "host or port is not valid"),
    ("https://media.example.com./a", "host or port is not valid"),
    ("https://-media.example.com/a", "host or port is not valid"),
    ("https://media%2eexample.com/a", "host or port is not valid"),
    ("https://media.example.com:/a", "host or port is not valid"),
    ("https://media.example.com:08/a", "host or port is not valid"),
    ("https://media.example.com:x/a", "host or port is not valid"),
    ("https://[2001:db8::1]/a", "host or port is not valid"),
]


@pytest.mark.parametrize(("url", "hint"), BAD_URLS)
def test_bad_url_is_refused_with_the_spelling_that_works(url: str, hint: str) -> None:
    """A policy refuses it, too."""
    with pytest.raises(ResourceError, match=hint) as caught:
        check_url(url)
    error = caught.value
    assert error.position is not None
    assert url[error.position :].startswith(error.found)


@pytest.mark.parametrize(
    "url",
    [
        "https://media.example.com:65536/a",
        "https://media.example.com:99999/a",
        # The WHATWG URL standard reads a host whose last label is a number as an IPv4 address, and
        # browsers then ask for another spelling of it, or for nothing at all.
        "https://2130706433/a",
        "https://127.1/a",
        "https://192.0.2.010/a",
        "https://0x7f.0.0.1/a",
        "https://media.example.256/a",
    ],
)
def test_host_or_port_that_browsers_would_change_is_refused(url: str) -> None:
    """Such as a port over 65535 or a short IPv4 address."""
    with pytest.raises(ResourceError, match="host or port is not valid"):
        check_url(url)


@pytest.mark.parametrize("character", ["\r", "\n", "\0", "\t", "\x1f", "\x7f", "\x85", "\ud800"])
@pytest.mark.parametrize(
    "template",
    [
        "{}https://h.example/a",
        "ht{}tps://h.example/",
        "https://h.{}example/a",
        "https://h/a{}b",
        "https://h.example/a?b{}=c",
        "https://h.example/a{}",
        "https://h.example/a?Exp{}ires=1",
    ],
)
def test_control_character_is_refused(template: str, character: str) -> None:
    """Also where a browser would drop it, as WHATWG's parser does with some."""
    url = template.format(character)
    with pytest.raises(ResourceError, match=r"a URL cannot contain .*; (remove it|write)") as e:
        check_url(url)
    assert (e.value.found, e.value.position) == (character, url.index(character))
    if character in "\r\n\0\t":
        assert "remove it" in str(e.value)


RESERVED = ["Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"]


@pytest.mark.parametrize("name", RESERVED)
@pytest.mark.parametrize("template", ["?{}=1", "?{}", "?{}=", "?a=b&{}=1", "?{}=1&a", "?&{}&"])
@pytest.mark.parametrize("spelling", ["plain", "first", "last", "all", "lower"])
def test_reserved_parameter_is_refused_in_every_spelling(
    name: str, template: str, spelling: str
) -> None:
    """With or without a value, anywhere in the query, partly or wholly percent-encoded."""
    escaped = [f"%{ord(letter):02X}" for letter in name]
    spelled = {
        "plain": name,
        "first": escaped[0] + name[1:],
        "last": name[:-1] + escaped[-1],
        "all": "".join(escaped),
        "lower": "".join(escaped).lower(),
    }[spelling]
    with pytest.raises(ResourceError, match="reads itself; rename it") as caught:
        check_url(f"{HOST}/a{template.format(spelled)}")
    assert caught.value.found == spelled


@pytest.mark.parametrize("url", [None, 7, b"https://h.example/a", ["https://h.example/a"]])
def test_url_of_another_type_is_refused(url: Any) -> None:
    with pytest.raises(
        ResourceError, match=r"a URL must be text \(str\), got " + type(url).__name__
    ):
        check_url(url)


def test_str_subclass_is_signed_by_its_value() -> None:
    """A member of a str enumeration would be formatted as its name."""
    assert f"{check_url(Named.REPORT)}" == f"{HOST}/report.pdf"
    assert f"{check_resource(Named.REPORT)}" == f"{HOST}/report.pdf"


def test_url_may_have_8192_bytes() -> None:
    url = f"{HOST}/".ljust(MAX_URL_BYTES, "a")
    assert check_url(url) == url
    with pytest.raises(
        ResourceError, match=r"8193 bytes long; CloudFront accepts at most 8192.*shorten the path"
    ):
        check_url(url + "a")


@pytest.mark.parametrize(
    "resource",
    [
        f"{HOST}/*",
        f"{HOST}/videos/42/*",
        f"{HOST}/a*b?c=*",
        f"{HOST}/*/.*/*.ts",
        "http*://media.example.com/*",
        "*://media.example.com/*",
        "https://*.example.com/*",
        "https://*",
        "https://media.example.com*",
        "https://media.example.com/*?E?pires=1",
        "*.example.com/a",
        "*.example.com/a b".replace(" ", "%20"),
        "*",
    ],
)
def test_pattern_is_accepted_in_a_policy_only(resource: str) -> None:
    """A wildcard needs a Policy or `pattern=`."""
    assert check_resource(resource) == resource
    with pytest.raises(ResourceError):
        check_url(resource)


@pytest.mark.parametrize(
    ("resource", "hint"),
    [
        ("/videos/*", "start it with https://"),
        ("videos/*", "start it with https://"),
        ("//h.example/*", "start it with https:"),
        ("ftp://h.example/*", "must be http or https"),
        ("ht*://h.example/*", "must be http or https"),
        ("https://h.example:*/a", "host or port is not valid"),
        ("https://user@h.example/*", "user-info"),
        ("https://*@h.example/*", "user-info"),
        ("https://h.example/a b/*", "write %20"),
        ('https://h.example/*","Resource":"*', "a double quote"),
        ("https://h.example/*\\?x", "a backslash"),
        ("https://h.example/*#x", "fragment"),
        ("https://*.münchen.example/*", "xn--"),
        ("*.münchen.example/*", "xn--"),
        ("*://h.example/*/é", "write %C3%A9"),
        ("https://h.example/*\n", "remove it"),
        ("https://h.example/a/../*", "write the resolved path"),
        ("https://h.example/*?Expires=1", "rename it"),
        ("https://h.example/*?%45xpires=*", "rename it"),
        ("https://h.example/%*", "write %25"),
        ("https://h.example/%2*", "write %25"),
        ("https://h.example/*?", "remove the `\\?`"),
        ("https://h.example?*", "add at least `/`"),
    ],
)
def test_pattern_without_its_stars_must_be_a_good_url(resource: str, hint: str) -> None:
    with pytest.raises(ResourceError, match=hint):
        check_resource(resource)


@pytest.mark.parametrize(
    "resource",
    ["https://*/a b", "http*://h.example/* b", "*://h.example/* b", "*.example.com/a b", "* b"],
)
def test_error_has_the_position_in_the_pattern(resource: str) -> None:
    with pytest.raises(ResourceError) as caught:
        check_resource(resource)
    assert (caught.value.found, caught.value.position) == (" ", resource.index(" "))


@pytest.mark.parametrize(
    ("resource", "broad"),
    [
        ("*", True),
        ("https://*", True),
        ("https://media.example.com*", True),
        ("*example.com/a", True),
        ("https://*example.com/*", True),
        ("https://d*.cloudfront.net/a", True),
        ("https://*/a?next=http://h.example", True),
        ("https://*.com/*", True),
        ("https://*.com:8443/*", True),
        ("*.com", True),
        ("https://*.localhost", True),
        ("https://*.co.uk/*", True),
        ("http*://*.com.au/*", True),
        ("https://*.ac.jp:8443/*", True),
        ("https://*.cloudfront.net/*", True),
        ("https://*.cloudfront.net:8443", True),
        ("https://*.example.com/*", False),
        ("https://*.example.com:8443/*", False),
        ("https://*.example.co.uk/*", False),
        ("https://*.media.example.co.uk/*", False),
        ("https://*.d1097jtk.cloudfront.net/*", False),
        ("https://*.site.fr/*", False),
        ("https://*.aws.com/*", False),
        ("https://com/*", False),
        ("*://media.example.com/*", False),
        ("http*://media.example.com/*", False),
        (f"{HOST}/*", False),
        (f"{HOST}/*?next=http://*", False),
    ],
)
def test_wildcard_that_covers_hosts_of_others_is_broad(resource: str, broad: bool) -> None:
    """`*example.com` also covers `evilexample.com`."""
    assert is_broad(resource) is broad


@pytest.mark.parametrize(
    ("domain", "bare"),
    [
        ("https://media.example.com", "https://media.example.com"),
        ("http://d1097jtk.cloudfront.net", "http://d1097jtk.cloudfront.net"),
        ("https://media.example.com/", "https://media.example.com"),
        ("https://media.example.com:8443", "https://media.example.com:8443"),
    ],
)
def test_good_domain(domain: str, bare: str) -> None:
    """Without its trailing slash."""
    assert check_domain(domain) == bare


@pytest.mark.parametrize(
    ("domain", "hint"),
    [
        ("", "the domain has no scheme; start it with https://, as in"),
        ("media.example.com", "the domain has no scheme; start it with https://, as in"),
        ("//media.example.com", "the domain has no scheme; start it with https://, as in"),
        ("https://media.example.com/files", "has a path or a query"),
        ("https://media.example.com//", "has a path or a query"),
        ("https://media.example.com/?x=1", "has a path or a query"),
        ("https://Media.example.com", "lower case"),
        ("ftp://media.example.com", "must be http or https"),
        ("https://", "relative|no host|scheme"),
        ("https://user@media.example.com", "user-info"),
        ("https://*.example.com", "%2A"),
        ("https://münchen.example", "xn--"),
        ("https://media.example.com:443", "default port"),
        ("https://media.exa\nmple.com", "remove it"),
        (None, "got NoneType"),
        (b"https://media.example.com", "got bytes"),
        ('"https://media.example.com"', "quotes or white space around it, got .*; use https://med"),
        (
            "https://media.example.com\r\n",
            r"white space around it, got '.*\\r\\n'; use https://media",
        ),
        ("\ufeffhttps://media.example.com", "white space around it, got .*; use https://media"),
        ("https://undefined", "the host is 'undefined': the value it was read from is missing"),
        ("https://None/", "the host is 'none': the value it was read from is missing"),
        ("null", "the host is 'null': the value it was read from is missing"),
    ],
)
def test_bad_domain_is_refused(domain: Any, hint: str) -> None:
    with pytest.raises(ResourceError, match=hint):
        check_domain(domain)


@pytest.mark.parametrize(
    ("location", "domain", "url"),
    [
        (HOST, HOST, ""),
        (f"{HOST}/", HOST, ""),
        (f"{HOST}/a/b?c=d", HOST, f"{HOST}/a/b?c=d"),
        ("http://h.example:8080", "http://h.example:8080", ""),
        ("http://h.example:8080/a", "http://h.example:8080", "http://h.example:8080/a"),
    ],
)
def test_location_is_split_into_domain_and_url(location: str, domain: str, url: str) -> None:
    """A bare domain has no URL."""
    assert split_location(location) == (domain, url)


@pytest.mark.parametrize("location", [url for url, _ in BAD_URLS if url != HOST])
def test_bad_location_is_refused(location: str) -> None:
    with pytest.raises(ResourceError):
        split_location(location)


@pytest.mark.parametrize("url", [f"{HOST}/a?q?r", f"{HOST}/a?q=b?", f"{HOST}/a??b"])
def test_second_question_mark_is_accepted_in_patterns_only(url: str) -> None:
    """CloudFront takes it for a wildcard."""
    with pytest.raises(ResourceError, match="write %3F"):
        check_url(url)
    assert check_resource(f"{url}*") == f"{url}*"


HOSTILE = [
    "https://" + "a." * 4000,
    "https://" + "a-" * 4000 + "/",
    "https://" + "1" * 8000 + "/a",
    f"{HOST}/" + "a." * 4000 + " ",
    f"{HOST}/" + "%41" * 2600 + "%",
    f"{HOST}/" + "./" * 4000,
    f"{HOST}/" + "/." * 4000 + "/",
    f"{HOST}/" + ".a/" * 2600 + "%",
    f"{HOST}/a?" + "&" * 8000 + "'",
    f"{HOST}/a?" + "%45xpire&" * 800 + "Expires",
    f"{HOST}/a?" + "x=%41&" * 1300 + "?",
]


@pytest.mark.parametrize("url", HOSTILE, ids=[url[:40] for url in HOSTILE])
def test_long_hostile_url_is_refused_in_linear_time(url: str) -> None:
    """With exponential time this test would not end."""
    assert len(url) <= MAX_URL_BYTES
    with pytest.raises(ResourceError):
        check_url(url)
    with pytest.raises(ResourceError):
        check_resource(url)


@pytest.mark.parametrize(
    "rest", ["b.ts", ".b", "b", "b/", "%41.ts", "b?x=y", "b.ts?x&y=%41", "b?x&"]
)
@pytest.mark.parametrize("repeated", ["b.", "b/", "%41"])
def test_block_with_a_bad_end_is_refused_in_linear_time(rest: str, repeated: str) -> None:
    good = [f"{HOST}/a/{repeated * part}{rest}" for part in range(BLOCK)]
    assert check_block(f"{HOST}/a/*", good, MAX_URL_BYTES) == "\n".join(good)
    urls = [*good[1:], f"{HOST}/a/.."]
    assert check_block(f"{HOST}/a/*", urls, MAX_URL_BYTES) is None
