"""The signer's pattern matching: never wider than that of the checking side."""

from __future__ import annotations

import pytest
from hypothesis import assume, event, example, given, settings
from hypothesis import strategies as st

from cfsign import ResourceError
from cfsign.checking.matching import resource_matches
from cfsign.signing.pattern import is_match
from cfsign.signing.url import check_resource, check_url

H = "https://h.example"

MATCHES = [
    (f"{H}/a", f"{H}/a"),
    (f"{H}/a?b=c", f"{H}/a?b=c"),
    (f"{H}/*", f"{H}/"),
    (f"{H}/*", f"{H}/a/b/c.ts"),
    (f"{H}/*", f"{H}/a?b=c"),
    (f"{H}/videos/42/*", f"{H}/videos/42/hls/1.ts"),
    (f"{H}/*.ts", f"{H}/a/b.ts"),
    (f"{H}/a*b*c", f"{H}/a/b/b/c"),
    (f"{H}/a*?x=1", f"{H}/abc?x=1"),
    (f"{H}/a?x=*", f"{H}/a?x=1&y=/2:3"),
    (f"{H}/a*?x?=*", f"{H}/abc?xy=1"),
    (f"{H}/file.jpg?license=*", f"{H}/file.jpg?license=paid"),
    (f"{H}/**", f"{H}/a?b"),
    (f"{H}/a?*", f"{H}/a?b"),
    ("http*://h.example/*", "http://h.example/a"),
    ("http*://h.example/*", f"{H}/a"),
    ("*://h.example/*", "http://h.example/a"),
    ("https://*.example/a", f"{H}/a"),
    ("https://*.example/a", "https://x.y.example/a"),
    ("https://h.*/*", f"{H}/a"),
    ("https://*", "https://other.test/a/b?c"),
    ("https://h*", f"{H}/a/b?c"),
    ("*example", f"{H}/"),
    ("*.example/*", "http://h.example/a?b"),
    ("*", "http://any.test/thing?at=all"),
    # AWS, "Create a signed URL using a custom policy", the examples of its Resource.
    ("https://d.example/*game_download.zip*", "https://d.example/game_download.zip"),
    ("https://d.example/*game_download.zip*", "https://d.example/my_game_download.zip?license=yes"),
    ("https://www.example.com/hello*world", "https://www.example.com/hello-world"),
]

MISMATCHES = [
    (f"{H}/a", f"{H}/b"),
    (f"{H}/a", f"{H}/a?b"),
    (f"{H}/a?b=c", f"{H}/axb=c"),
    (f"{H}/%2A", f"{H}/a"),
    (f"{H}/a", f"{H}/A"),
    (f"{H}/a%2Fb", f"{H}/a/b"),
    (f"{H}/*", "http://h.example/a"),
    (f"{H}/*", "https://x.h.example/a"),
    (f"{H}/*", "https://h.example.evil.test/a"),
    (f"{H}/*", "https://h.example:8443/a"),
    (f"{H}/videos/42/*", f"{H}/videos/420/a"),
    (f"{H}/videos/42/*", f"{H}/videos/42"),
    (f"{H}/videos/42/*", f"{H}/x/videos/42/a"),
    (f"{H}/*.ts", f"{H}/a.ts?x=1"),
    (f"{H}/*.ts", f"{H}/a.tsx"),
    (f"{H}/*?x=1", f"{H}/a?x=12"),
    (f"{H}/*x=1", f"{H}/a?x=1"),
    (f"{H}/*.a", f"{H}/xa"),
    (f"{H}/file.jpg?license=*", f"{H}/file.jpgXlicense=paid"),
    (f"{H}/*/i?g", f"{H}/a/img"),
    (f"{H}/a?*", f"{H}/ab"),
    (f"{H}/*?x?=1", f"{H}/axxx=1"),
    (f"{H}/a?*", f"{H}/a"),
    ("http://h.example/*", f"{H}/a"),
    ("https://*.example/a", "https://example/a"),
    ("https://*.example/a", "https://evil.test/x.example/a"),
    ("https://*.example/a", "https://evil.test/?.example/a"),
    ("https://h*/a", "https://h.test/b/a"),
    ("*example", "https://h.example/a"),
    ("*.example/a", "https://h.example/b"),
    ("https://www.example.com/hello*world", "https://www.example.com/hello?world"),
]


@pytest.mark.parametrize(("resource", "url"), MATCHES)
def test_pattern_matches(resource: str, url: str) -> None:
    """A wildcard matches text within its section; one at the end matches the rest."""
    assert check_resource(resource)
    assert check_url(url)
    assert is_match(resource, url)
    assert resource_matches(resource, url)


@pytest.mark.parametrize(("resource", "url"), MISMATCHES)
def test_pattern_does_not_match(resource: str, url: str) -> None:
    """Another file, host, scheme or section."""
    assert check_resource(resource)
    assert check_url(url)
    assert not is_match(resource, url)


LETTERS = st.sampled_from(
    ["a", "b", "A", ".", "x=1", "&", "%2A", "+", "/", "?", "-", ":", "(", "$"]
)
TOKENS = LETTERS | st.sampled_from(["*", "*", "?", "/"])
HOSTS = st.sampled_from(["h.example", "*.example", "h*", "*", "h.*.example", "h.example:8443"])
SCHEMES = st.sampled_from(["https://", "http://", "*://", "http*://", ""])


@st.composite
def pattern_and_url(draw: st.DrawFn) -> tuple[str, str]:
    """A pattern, and a URL that is likely to match: it has text in place of each wildcard."""
    scheme, host = draw(SCHEMES), draw(HOSTS)
    path = draw(st.none() | st.lists(TOKENS, max_size=8).map(lambda tokens: "/" + "".join(tokens)))
    pattern = f"{scheme}{host}{path or ''}"
    domain = "".join(
        draw(st.sampled_from(["", "a", "a.b", "h.example", "a/b", "?"]))
        if letter == "*"
        else letter
        for letter in host
    )
    file = "".join(
        "".join(draw(st.lists(LETTERS, max_size=4)))
        if letter == "*"
        else draw(st.sampled_from(["?", "b", "?"]))
        if letter == "?"
        else letter
        for letter in path or "/"
    )
    extra = draw(st.sampled_from(["", "", "", "?x=1", "/b", "a"]))
    start = (
        scheme
        if scheme in ("http://", "https://")
        else draw(SCHEMES.filter(lambda s: "*" not in s))
    )
    return pattern, f"{start or 'https://'}{domain}{file}{extra}"


@settings(max_examples=1000)
@given(pattern_and_url())
@example(("https://h.example/a*", "https://h.example/a?b"))
@example(("*example", "https://h.example/"))
def test_matching_is_never_wider_than_on_the_checking_side(pair: tuple[str, str]) -> None:
    resource, url = pair
    try:
        check_resource(resource)
        check_url(url)
    except ResourceError:
        assume(False)
    matched = is_match(resource, url)
    event(f"matched: {matched}")
    assert not matched or resource_matches(resource, url)


@given(
    st.lists(st.sampled_from(["a", "b", "/", ".", "*"]), min_size=1, max_size=8),
    st.lists(st.text("ab/.", max_size=5), min_size=8, max_size=8),
)
def test_star_matches_any_text_within_its_section(tokens: list[str], texts: list[str]) -> None:
    resource = f"{H}/{''.join(tokens)}"
    url = f"{H}/" + "".join(
        text if token == "*" else token for token, text in zip(tokens, texts, strict=False)
    )
    assert is_match(resource, url)


def test_hostile_pattern_is_matched_in_linear_time() -> None:
    """With exponential time this test would not end."""
    resource = f"{H}/{'*a' * 3000}*b?c"
    assert not is_match(resource, f"{H}/{'a' * 8000}")
    assert not is_match(f"{H}/{'*a?' * 2000}c", f"{H}/{'a' * 8000}?b")
    assert not is_match(f"{H}/?{'*a?' * 2000}c", f"{H}/?{'a' * 8000}")
