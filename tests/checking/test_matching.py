"""Parse URLs, and match them with the wildcards of a Resource."""

from __future__ import annotations

import functools
import os
import re
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cfsign.checking import matching
from cfsign.checking.matching import ViewerURL, is_host, resource_matches

COVERED = [
    # The examples in AWS, "Create a signed URL using a custom policy".
    ("https://www.example.com/hello*world", "https://www.example.com/helloworld"),
    ("https://www.example.com/hello*world", "https://www.example.com/hello-world"),
    (r"https://h/images/horizon.jpg\?size=large", "https://h/images/horizon.jpg?size=large"),
    ("http://example.com/hello*", "http://example.com/hello"),
    ("http://example.com/hello*", "http://example.com/hello/there?x=1"),
    (r"http://example.com/hello*\?*", "http://example.com/hello"),
    (r"http://example.com/hello*\?*", "http://example.com/hello/there?x=1"),
    ("http://example.com*", "http://example.com/"),
    ("http://example.com*", "http://example.com.net/a/b?c"),
    (r"http://example.com*/*\?*", "http://example.com/"),
    (r"http://example.com*/*\?*", "http://example.com.net/a/b?c"),
    ("*example.com", "https://example.com/"),
    ("*example.com", "http://www.example.com/"),
    ("*", "https://h/a?b"),
    ("https://h/*game_download.zip*", "https://h/game_download.zip"),
    ("https://h/*game_download.zip*", "https://h/example_game_download.zip?license=yes"),
    ("https://h/*game_download.zip*", "https://h/test_game_download.zip?license=temp"),
    ("https://*", "https://h/a?b"),
    ("https://h/training/*", "https://h/training/a/b/c"),
    # No Resource covers every URL, and so do several stars.
    (None, "https://h/a?b"),
    ("**", "https://h/a?b"),
    # The URL itself.
    ("https://h/a", "https://h/a"),
    ("https://h/a?b=c", "https://h/a?b=c"),
    ("https://h/a?b=c?d", "https://h/a?b=c?d"),
    ("https://h/a?", "https://h/a?"),
    (r"https://h/a\?", "https://h/a?"),
    ("https://h/%7e/*.zip", "https://h/%7e/*.zip"),
    # The first "?" is the one before the query, with or without a backslash.
    ("https://h/a?b", "https://h/a?b"),
    ("https://h/a*?b*", "https://h/axx?bcc"),
    ("https://h/file.jpg?license=*", "https://h/file.jpg?license=paid"),
    ("https://h/a*?*", "https://h/axx"),
    ("https://h/a*?*", "https://h/axx?b"),
    # A further "?" is any one character of the query.
    ("https://h/a?b?c", "https://h/a?bxc"),
    ("https://h/a?b?c", "https://h/a?b?c"),
    ("https://h/a??", "https://h/a?/"),
    (r"https://h/a\?b?c", "https://h/a?bxc"),
    (r"https://h/a\?b?c", "https://h/a?b?c"),
    # A "*" in the path or the query matches "/", and in the query "?".
    ("https://h/*.zip", "https://h/a/b.zip"),
    (r"https://h/a\?*=1", "https://h/a?b/c?d=1"),
    ("https://h/a*b*c", "https://h/abbbc"),
    # Protocols.
    ("http*://h/a", "http://h/a"),
    ("http*://h/a", "https://h/a"),
    ("*://h/a", "http://h/a"),
    ("*h/a", "https://h/a"),
    ("*/a", "https://h/a"),
    # Domains: a "*" matches dots; letter case and a default port do not matter.
    ("https://*.example.com/a", "https://x.y.example.com/a"),
    ("*example.com", "https://evilexample.com/"),
    ("https://EXAMPLE.com/a", "https://example.COM/a"),
    ("https://h:443/a", "https://h/a"),
    ("https://h/a", "https://h:443/a"),
    ("http://h:80", "http://h/"),
    ("*://h:443/", "https://h"),
    ("https://*:443", "https://h/"),
    ("https://h:8443/", "https://h:8443/"),
    ("https://h*/", "https://h:8443/"),
    ("https://[2001:db8::1]/", "https://[2001:DB8::1]/"),
    # An empty path is "/".
    ("https://h", "https://h/"),
    ("https://h/", "https://h"),
    ("https://h?a=b", "https://h/?a=b"),
    ("https://h/?a=b", "https://h?a=b"),
    (r"https://h\?a=b", "https://h/?a=b"),
    ("https://h?a=/b", "https://h/?a=/b"),
]

NOT_COVERED = [
    ("https://www.example.com/hello*world", "https://www.example.com/hello?world"),
    ("http://example.com/hello*", "http://example.com/hell"),
    ("http://example.com/hello*", "https://example.com/hello"),
    ("http://example.com*", "http://www.example.com/"),
    ("*example.com", "https://example.com/a"),
    ("*example.com", "https://example.com/?a"),
    ("*example.com", "https://example.com.net/"),
    ("https://*", "http://h/"),
    # Another URL.
    ("https://h/a", "https://h/b"),
    ("https://h/a", "https://h/a/"),
    ("https://h/a", "https://h/A"),
    ("https://h/a", "https://h/a?"),
    ("https://h/a", "https://h/a?b"),
    ("https://h/a?b", "https://h/a"),
    (r"https://h/a\?*", "https://h/a"),
    (r"https://h/a*\?b*", "https://h/a"),
    ("https://h/a?", "https://h/a"),
    ("https://h/~", "https://h/%7e"),
    ("https://h/%7e", "https://h/%7E"),
    ("https://h/a/b", "https://h/a//b"),
    ("https://h/a/b", "https://h/x/../a/b"),
    ("https://h/a%20b", "https://h/a+b"),
    ("https://h./a", "https://h/a"),
    # The first "?" is never a wildcard, even in the domain.
    ("https://h/file.jpg?license=*", "https://h/file.jpgXlicense=paid"),
    ("https://h/a?b", "https://h/axb"),
    ("https://h/a?b", "https://h/a/b"),
    ("https://h/a*?b*", "https://h/axxbc"),
    ("https://h/a?", "https://h/ab"),
    ("https://h/a?*", "https://h/abc"),
    ("https://h?.net/", "https://h1.net/"),
    ("https://h/a?b?c", "https://h/axbxc"),
    ("https://h/a?b?c", "https://h/axb?c"),
    (r"https://h/a?b\?c", "https://h/axb?c"),
    # The "?" of a section.
    (r"https://h/a\?b", "https://h/axb"),
    (r"https://h/a\?b\?c", "https://h/a?b?c"),
    (r"https://h/a\\?b", "https://h/a?b"),
    ("https://h?/", "https://h//"),
    ("https://h??/", "https://h/"),
    # A "*" stays in its section.
    ("https://h*/b", "https://h/a/b"),
    ("https://h*b", "https://h/b"),
    ("https://*/b", "https://h/a/b"),
    ("*h", "https://a/h"),
    ("https://h/*b", "https://h/a?b"),
    ("https://h/a*?b*c", "https://h/axb?c"),
    (r"https://h*\?*", "https://h/a"),
    (r"https://h*\?*", "https://h/"),
    # Invalid protocols.
    ("", "https://h/"),
    ("h/a", "https://h/a"),
    ("//h/a", "https://h/a"),
    ("https:/h/a", "https://h/a"),
    ("htt*://h/a", "https://h/a"),
    ("http?://h/a", "https://h/a"),
    ("h*", "https://h/a"),
    ("HTTPS://h/a", "https://h/a"),
    ("https://", "https://h/a"),
    ("https://https://h/a", "https://h/a"),
    # Ports.
    ("https://h:80/", "https://h/"),
    ("http://h:443/", "http://h/"),
    ("https://*:443", "https://h/a"),
    ("https://*3/", "https://h/"),
    ("https://h????/", "https://h/"),
    ("https://h?a=b:443", "https://h/?a=b"),
    ("https://h?a=b:443", "https://h/?a=b/"),
    ("https://h?a=b:443/c", "https://h/?a=b/c"),
    # Letter case after the domain.
    ("https://h?A=b", "https://h/?a=b"),
]


@pytest.mark.parametrize(("resource", "url"), COVERED)
def test_covered(resource: str | None, url: str) -> None:
    assert resource_matches(resource, url)


@pytest.mark.parametrize(("resource", "url"), NOT_COVERED)
def test_not_covered(resource: str, url: str) -> None:
    assert not resource_matches(resource, url)


UNUSABLE_URLS = [
    "",
    "h/a",
    "//h/a",
    "ftp://h/a",
    "HTTPS://h/a",
    "https:/h/a",
    "https:///a",
    "https://?a",
    " https://h/a",
    "https://h/a\n",
    "https://user@h/a",
    "https://user:password@h/a",
    "https://h:/a",
    "https://h:x/a",
    "https://h:443:443/a",
    "https://h*/a",
    "https://h%41/a",
    "https://[h]/a",
    "https://[::1/a",
    "https://h/a#b",
    "https://h#b",
    "https://h/\N{LATIN SMALL LETTER E WITH ACUTE}",
    "https://\N{LATIN SMALL LETTER E WITH ACUTE}/",
    "https://h/\udc80",
    "https://h/" + "a" * 8_183,
    *(f"https://h/a{letter}b" for letter in '\x00\x1f\t\r\n "\\<>^`{|}\x7f\x80\xa0\u2028'),
    *(f"https://h/?a{letter}b" for letter in '\x00\n "\\<>^`{|}#\x7f\xe9'),
]


@pytest.mark.parametrize("url", UNUSABLE_URLS, ids=lambda url: ascii(url)[:40])
def test_invalid_url_is_never_covered(url: str) -> None:
    """Not even by a policy for every URL."""
    assert ViewerURL.parse(url) is None
    assert not resource_matches(None, url)
    assert not resource_matches(url, url)


@pytest.mark.parametrize("url", [None, 1, b"https://h/", object(), ["https://h/"]])
def test_other_types_are_not_urls(url: Any) -> None:
    assert ViewerURL.parse(url) is None


def test_every_character_that_can_be_sent() -> None:
    """All visible ASCII characters except the unsafe ones, in path and query."""
    characters = "".join(chr(code) for code in range(33, 127) if chr(code) not in '"#<>\\^`{|}?')
    url = f"https://h/{characters}?{characters}?"
    assert str(ViewerURL.parse(url)) == url
    assert resource_matches("https://h*", url)


def test_longest_url_has_8192_bytes() -> None:
    assert resource_matches("https://h/*", "https://h/" + "a" * 8_182)


def test_parts_and_equivalent_spellings() -> None:
    url = ViewerURL.parse("https://H:443?a")
    assert url == ViewerURL("https", "H:443", "", "a")
    assert [str(same) for same in url.spellings()] == [
        "https://H:443/?a",
        "https://H:443?a",
        "https://h/?a",
        "https://h?a",
    ]
    assert [str(same) for same in ViewerURL("http", "h", "/a", None).spellings()] == ["http://h/a"]


@pytest.mark.parametrize(
    "host", ["h", "H.example.com", "h:80", "a_b", "h.", "192.0.2.1", "[::1]:80"]
)
def test_hosts(host: str) -> None:
    """Names and addresses, with or without a port."""
    assert is_host(host)


@pytest.mark.parametrize(
    "host", ["", "h/a", "h?a", "u@h", "h,h", "h h", "h:", ":80", "h\n", "*", "\xe9", "h:123456"]
)
def test_invalid_hosts(host: str) -> None:
    """Among them what would move the border between host and path."""
    assert not is_host(host)


# A second, simple matcher after the rules of the AWS page. It tries everything.

TOKEN = re.compile(r"\\\?|.", re.DOTALL)
Tokens = tuple[str, ...]


def covers(resource: str, scheme: str, host: str, path: str, query: str | None) -> bool:
    """Return True if a Resource covers a URL with a lower-case host without a port."""
    for protocol in (f"{scheme}://", "*://", "http*://"):
        if resource.startswith(protocol):
            rest = tuple(TOKEN.findall(resource.removeprefix(protocol)))
            break
    else:
        if not resource.startswith("*"):
            return False
        rest = tuple(TOKEN.findall(resource))
    for place, token in enumerate(rest):
        if token in ("?", r"\?"):
            return covers_with_query(rest, place, host, path, query)
    return covers_without_query(rest, host, path, query)


def covers_without_query(rest: Tokens, host: str, path: str, query: str | None) -> bool:
    """Match the pattern if no token in it begins the query."""
    if "/" not in rest:
        if rest[-1:] == ("*",):
            return glob(rest, host)
        return glob(rest, host) and path == "/" and query is None
    border = rest.index("/")
    has_any_query = rest[-1] == "*"
    return (
        glob(rest[:border], host) and glob(rest[border:], path) and (query is None or has_any_query)
    )


def covers_with_query(rest: Tokens, place: int, host: str, path: str, query: str | None) -> bool:
    """Match the pattern if the token at *place* begins the query."""
    before, after = rest[:place], rest[place + 1 :]
    if r"\?" in after:
        return False
    if "/" not in before:
        return glob(before, host) and path == "/" and query is not None and glob(after, query)
    border = before.index("/")
    if not (glob(before[:border], host) and glob(before[border:], path)):
        return False
    if query is None:
        return before[-1] == "*" and set(after) == {"*"}
    return glob(after, query)


@functools.cache
def glob(pattern: Tokens, text: str) -> bool:
    """Return True if *pattern* matches one section of a URL."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(glob(pattern[1:], text[length:]) for length in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and glob(pattern[1:], text[1:])


PROTOCOLS = ["http://", "https://", "*://", "http*://", "", "*"]
TOKENS = ["a", "b", "/", "*", "?", r"\?", "*", "/*", r"*\?*"]
HOSTS = ["a", "b", "ab", "aab"]
PATHS = ["/", "/a", "/b", "/ab", "/a/b", "//", "/a*", "/bab"]
QUERIES = [None, "", "a", "b", "a/b", "?", "a?b", "/", "ab"]
URLS = [("https", host, path, query) for host in HOSTS for path in PATHS for query in QUERIES]


# Each is compared with 288 URLs: 115,200 pairs. `nox -s matcher` tries more than a million.
EXAMPLES = int(os.environ.get("CFSIGN_MATCHER_EXAMPLES", "400"))


@settings(max_examples=EXAMPLES)
@given(
    protocol=st.sampled_from(PROTOCOLS),
    host=st.sampled_from(["a", "*", "a*", "*b", "?", "a?", ""]),
    rest=st.lists(st.sampled_from(TOKENS), max_size=7).map("".join),
)
def test_agrees_with_the_slow_matcher(protocol: str, host: str, rest: str) -> None:
    resource = protocol + host + rest
    for scheme, name, path, query in URLS:
        url = f"{scheme}://{name}{path}" + ("" if query is None else f"?{query}")
        assert resource_matches(resource, url) == covers(resource, scheme, name, path, query), (
            resource,
            url,
        )


@given(st.text(), st.text())
def test_any_two_texts_raise_nothing(resource: str, url: str) -> None:
    assert isinstance(resource_matches(resource, url), bool)
    assert isinstance(resource_matches(resource, "https://h/" + url), bool)


def count_lines(call: Callable[[], object]) -> int:
    """Return how many lines of the matcher *call* executes."""
    count = 0

    def trace(frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal count
        if frame.f_code.co_filename != matching.__file__:
            return None
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize(
    "pattern",
    [
        "*" * 10_000 + "b",
        "*a" * 4_000 + "b",
        "*?" * 4_000 + "b",
        "*" + "a" * 4_000 + "b",
        r"*\?" * 4_000,
        "?" * 8_000 + "b",
        "*" + "?" * 4_000 + "*b",
    ],
    ids=lambda pattern: pattern[:4],
)
@pytest.mark.parametrize("text", ["a" * 8_000, "a" * 4_000 + "?" + "a" * 3_999])
def test_time_is_linear_in_pattern_and_url(pattern: str, text: str) -> None:
    """It grows with the sum of their lengths, not with the product."""
    url = f"https://h/{text}"
    cost = count_lines(lambda: resource_matches(f"https://h/{pattern}", url))
    assert cost < 15 * (len(pattern) + len(url))
