"""Which URLs a Resource covers."""

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
    # AWS, "Create a signed URL using a custom policy", its own examples.
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
    # No Resource is every URL, and so is more than one star.
    (None, "https://h/a?b"),
    ("**", "https://h/a?b"),
    # The URL itself.
    ("https://h/a", "https://h/a"),
    ("https://h/a?b=c", "https://h/a?b=c"),
    ("https://h/a?b=c?d", "https://h/a?b=c?d"),
    ("https://h/a?", "https://h/a?"),
    (r"https://h/a\?", "https://h/a?"),
    ("https://h/%7e/*.zip", "https://h/%7e/*.zip"),
    # An unescaped "?": any one letter of a section, or the "?" before the query.
    ("https://h/a?b", "https://h/axb"),
    ("https://h/a?b", "https://h/a/b"),
    ("https://h/a?b", "https://h/a?b"),
    ("https://h/a*?b*", "https://h/axx?bcc"),
    ("https://h/a*?b*", "https://h/axxbc"),
    (r"https://h/a\?b?c", "https://h/a?bxc"),
    (r"https://h/a\?b?c", "https://h/a?b?c"),
    ("https://h?.net/", "https://h1.net/"),
    # A "*" in the path or the query may take "/", and in the query "?".
    ("https://h/*.zip", "https://h/a/b.zip"),
    (r"https://h/a\?*=1", "https://h/a?b/c?d=1"),
    ("https://h/a*b*c", "https://h/abbbc"),
    # Protocols.
    ("http*://h/a", "http://h/a"),
    ("http*://h/a", "https://h/a"),
    ("*://h/a", "http://h/a"),
    ("*h/a", "https://h/a"),
    ("*/a", "https://h/a"),
    # Domains: a "*" may span dots, and the case and a default port are no matter.
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
    # Protocols that are none.
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
    # The case of what follows the domain.
    ("https://h?A=b", "https://h/?a=b"),
]


@pytest.mark.parametrize(("resource", "url"), COVERED)
def test_covered(resource: str | None, url: str) -> None:
    """These URLs are covered."""
    assert resource_matches(resource, url)


@pytest.mark.parametrize(("resource", "url"), NOT_COVERED)
def test_not_covered(resource: str, url: str) -> None:
    """These are not."""
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
def test_what_cannot_be_on_the_wire_is_never_covered(url: str) -> None:
    """Not even by a policy for every URL."""
    assert ViewerURL.parse(url) is None
    assert not resource_matches(None, url)
    assert not resource_matches(url, url)


@pytest.mark.parametrize("url", [None, 1, b"https://h/", object(), ["https://h/"]])
def test_what_is_no_text_is_no_url(url: Any) -> None:
    """Other types are refused and raise nothing."""
    assert ViewerURL.parse(url) is None


def test_every_letter_of_the_wire() -> None:
    """Every visible letter of ASCII but the unsafe ones may be in a path and in a query."""
    letters = "".join(chr(code) for code in range(33, 127) if chr(code) not in '"#<>\\^`{|}?')
    url = f"https://h/{letters}?{letters}?"
    assert str(ViewerURL.parse(url)) == url
    assert resource_matches("https://h*", url)


def test_the_longest_url() -> None:
    """8,192 bytes are a URL."""
    assert resource_matches("https://h/*", "https://h/" + "a" * 8_182)


def test_parts_and_spellings() -> None:
    """A URL is kept as it is, beside its canonical spellings."""
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
def test_no_hosts(host: str) -> None:
    """Nothing that would move the border between the host and the path."""
    assert not is_host(host)


# A second matcher, from the rules of the AWS page: it tries every reading and every length.

TOKEN = re.compile(r"\\\?|.", re.DOTALL)
Tokens = tuple[str, ...]


def covers(resource: str, scheme: str, host: str, path: str, query: str | None) -> bool:
    """Tell whether a Resource covers a URL of a lower-case host with no port."""
    for protocol in (f"{scheme}://", "*://", "http*://"):
        if resource.startswith(protocol):
            rest = tuple(TOKEN.findall(resource.removeprefix(protocol)))
            break
    else:
        if not resource.startswith("*"):
            return False
        rest = tuple(TOKEN.findall(resource))
    places = [place for place, token in enumerate(rest) if token in ("?", r"\?")]
    return covers_without_query(rest, host, path, query) or any(
        covers_with_query(rest, place, host, path, query) for place in places
    )


def covers_without_query(rest: Tokens, host: str, path: str, query: str | None) -> bool:
    """Read the pattern as one in which nothing begins the query."""
    if r"\?" in rest:
        return False
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
    """Read the pattern as one in which the token at *place* begins the query."""
    before, after = rest[:place], rest[place + 1 :]
    if r"\?" in before + after:
        return False
    if "/" not in before:
        return glob(before, host) and path == "/" and query is not None and glob(after, query)
    border = before.index("/")
    if not (glob(before[:border], host) and glob(before[border:], path)):
        return False
    if query is None:
        return rest[place] == r"\?" and before[-1] == "*" and set(after) == {"*"}
    return glob(after, query)


@functools.cache
def glob(pattern: Tokens, text: str) -> bool:
    """Match one section."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(glob(pattern[1:], text[taken:]) for taken in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and glob(pattern[1:], text[1:])


PROTOCOLS = ["http://", "https://", "*://", "http*://", "", "*"]
TOKENS = ["a", "b", "/", "*", "?", r"\?", "*", "/*", r"*\?*"]
HOSTS = ["a", "b", "ab", "aab"]
PATHS = ["/", "/a", "/b", "/ab", "/a/b", "//", "/a*", "/bab"]
QUERIES = [None, "", "a", "b", "a/b", "?", "a?b", "/", "ab"]
URLS = [("https", host, path, query) for host in HOSTS for path in PATHS for query in QUERIES]


# Each is compared over the 288 URLs: 115,200 pairs; `nox -s matcher` asks for more than a million.
EXAMPLES = int(os.environ.get("CFSIGN_MATCHER_EXAMPLES", "400"))


@settings(max_examples=EXAMPLES)
@given(
    protocol=st.sampled_from(PROTOCOLS),
    host=st.sampled_from(["a", "*", "a*", "*b", "?", "a?", ""]),
    rest=st.lists(st.sampled_from(TOKENS), max_size=7).map("".join),
)
def test_agrees_with_the_slow_matcher(protocol: str, host: str, rest: str) -> None:
    """The two matchers agree on every URL of a small world."""
    resource = protocol + host + rest
    for scheme, name, path, query in URLS:
        url = f"{scheme}://{name}{path}" + ("" if query is None else f"?{query}")
        assert resource_matches(resource, url) == covers(resource, scheme, name, path, query), (
            resource,
            url,
        )


@given(st.text(), st.text())
def test_any_two_texts(resource: str, url: str) -> None:
    """Whatever the texts, the answer is a yes or a no."""
    assert resource_matches(resource, url) in (True, False)
    assert resource_matches(resource, "https://h/" + url) in (True, False)


def lines_run(call: Callable[[], object]) -> int:
    """Count the lines of the matcher that *call* runs."""
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
@pytest.mark.parametrize("letters", ["a" * 8_000, "a" * 4_000 + "?" + "a" * 3_999])
def test_a_hostile_pattern_costs_no_more_than_its_length(pattern: str, letters: str) -> None:
    """The work grows with the length of the URL and of the pattern, not with their product."""
    url = f"https://h/{letters}"
    cost = lines_run(lambda: resource_matches(f"https://h/{pattern}", url))
    assert cost < 15 * (len(pattern) + len(url))
