"""Plain paths and queries, encoded for a URL."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfsign import ResourceError
from cfsign.signing.encoding import encode_path, encode_query


@pytest.mark.parametrize(
    ("path", "encoded"),
    [
        ("a.pdf", "/a.pdf"),
        ("/a.pdf", "/a.pdf"),
        ("a/b/c.pdf", "/a/b/c.pdf"),
        ("a b.pdf", "/a%20b.pdf"),
        ("é.pdf", "/%C3%A9.pdf"),
        ("e\u0301.pdf", "/e%CC%81.pdf"),
        ("日本.pdf", "/%E6%97%A5%E6%9C%AC.pdf"),
        ("%c3%a9.pdf", "/%25c3%25a9.pdf"),
        ("100%.pdf", "/100%25.pdf"),
        ("%2e%2e/a", "/%252e%252e/a"),
        ("a+b.pdf", "/a%2Bb.pdf"),
        ("what?.pdf", "/what%3F.pdf"),
        ("#1.pdf", "/%231.pdf"),
        ("a*b.pdf", "/a%2Ab.pdf"),
        ("it's;a=b&c,d!(e)@f:g$h[i]", "/it's%3Ba=b&c,d!(e)@f:g$h%5Bi%5D"),
        ('say "x" \\ <y>', "/say%20%22x%22%20%5C%20%3Cy%3E"),
        ("~a-b_c.d", "/~a-b_c.d"),
        (".hidden/...", "/.hidden/..."),
        ("", "/"),
        ("/", "/"),
        ("docs/", "/docs/"),
        ("/a b/c/", "/a%20b/c/"),
        ("https://h.example", None),
    ],
)
def test_path_is_encoded_once(path: str, encoded: str | None) -> None:
    """Except what no client changes; a `%` in a name is a `%`."""
    if encoded is None:
        with pytest.raises(ResourceError, match="a whole URL"):
            encode_path(path)
    else:
        assert encode_path(path) == encoded


@pytest.mark.parametrize(
    ("pattern", "message"),
    [("videos/42/", "ends with `/`"), ("", "is empty"), ("/", "is empty")],
)
def test_pattern_that_names_a_folder_is_refused_with_a_hint(pattern: str, message: str) -> None:
    """A path with a `/` at its end is one page; a pattern is meant for several files."""
    with pytest.raises(ResourceError, match=f"the pattern {message}; .* use folder= instead"):
        encode_path(pattern, kind="pattern")


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("//", "has `//` in it; remove the empty name"),
        ("//a", "has `//` in it"),
        ("a//b", "has `//` in it"),
        ("a//", "has `//` in it"),
        (
            "https://media.example.com/a.jpg",
            "a whole URL; remove the domain, or use Signer.sign",
        ),
        ("HTTP://media.example.com/a.jpg", "a whole URL; remove the domain"),
        (".", "`.` or `..`.*the path of the (file|folder) itself"),
        ("..", "the path of the (file|folder) itself"),
        ("a/../b", "the path of the (file|folder) itself"),
        ("../etc/passwd", "the path of the (file|folder) itself"),
        ("/./a", "the path of the (file|folder) itself"),
        ("a\nb", r"U\+000A in it; remove it"),
        ("a\r", r"U\+000D in it; remove it"),
        ("a\0", r"U\+0000 in it; remove it"),
        ("\ta", r"U\+0009 in it; remove it"),
        ("a\x7f", r"U\+007F in it; remove it"),
        ("a\x85", r"U\+0085 in it; remove it"),
        ("a\udcff", "not Unicode text; decode it from UTF-8"),
        (None, r"text \(str\), got NoneType"),
        (b"a", r"text \(str\), got bytes"),
        (7, r"text \(str\), got int"),
    ],
)
@pytest.mark.parametrize("kind", ["path", "folder", "pattern"])
def test_bad_path_is_refused(path: Any, hint: str, kind: Any) -> None:
    """The error says which of the three it is."""
    with pytest.raises(ResourceError, match=f"{kind} .*{hint}"):
        encode_path(path, kind=kind)


def test_error_has_the_control_character_and_its_position() -> None:
    with pytest.raises(ResourceError) as caught:
        encode_path("ab\rc")
    assert (caught.value.found, caught.value.position) == ("\r", 2)


def test_pattern_keeps_its_star_only() -> None:
    """`?`, which would be a wildcard too, is encoded."""
    assert encode_path("videos/42/*", kind="pattern") == "/videos/42/*"
    assert encode_path("a?/b c/*", kind="pattern") == "/a%3F/b%20c/*"


NAME = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/"), min_size=1, max_size=20
).filter(lambda name: name not in (".", ".."))


@given(st.lists(NAME, max_size=4).map("/".join), st.sampled_from(["", "/"]))
def test_decoded_path_is_the_original(path: str, end: str) -> None:
    """Decoded once, as an origin does."""
    path += end if path else ""
    assert unquote(encode_path(path)) == "/" + path


@given(st.lists(st.tuples(NAME, st.text(st.characters(exclude_categories=["Cs"]), max_size=9))))
def test_parsed_query_is_the_original(pairs: list[tuple[str, str]]) -> None:
    """In order, with duplicates and empty values."""
    assert parse_qsl(encode_query(pairs), keep_blank_values=True) == pairs


@pytest.mark.parametrize(
    ("query", "text"),
    [
        (None, ""),
        ("", ""),
        ({}, ""),
        ([], ""),
        ("a=b&c", "a=b&c"),
        ({"a b": "c/d", "é": "'"}, "a%20b=c/d&%C3%A9=%27"),
        ({"-._~!$(),/:@": "*'?;=&+%#[]"}, "-._~!$(),/:@=%2A%27%3F%3B%3D%26%2B%25%23%5B%5D"),
        ([("a", "1"), ("a", "2"), ("b", "")], "a=1&a=2&b="),
        ((("a", "+ &="),), "a=%2B%20%26%3D"),
        ([["a", "1"], ["b", "2"]], "a=1&b=2"),  # as JSON has pairs
    ],
)
def test_query_is_text_or_pairs(query: Any, text: str) -> None:
    """Text is already encoded; names and values are encoded, a space as %20."""
    assert encode_query(query) == text


@pytest.mark.parametrize(
    ("query", "hint"),
    [
        (7, "text, or pairs of a name and a value, got int; write the pairs"),
        (["a"], "text, or pairs"),
        ([("a",)], "text, or pairs"),
        ([("a", "b", "c")], "text, or pairs"),
        ({"a": 1}, r"names and values of a query must be text \(str\), got int"),
        ({"a": None}, r"names and values of a query must be text \(str\), got NoneType"),
        ([(b"a", "b")], r"names and values of a query must be text \(str\), got bytes"),
        ({"a": "\udcff"}, "not Unicode text"),
    ],
)
def test_bad_query_is_refused(query: Any, hint: str) -> None:
    with pytest.raises(ResourceError, match=hint):
        encode_query(query)
