"""The option `forward_query`: query parameters of the request in the signed URL."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfsign import Deny, Distribution, TrustedKeyGroup
from cfsign.views import ViewHandler, ViewOptions, ViewResponse
from tests.views.helpers import allow, get_location, respond

DOMAIN = "https://media.example.com"


def test_only_listed_names_are_forwarded(recording_distribution: Distribution, clock: Any) -> None:
    """In the order of the request; names are case-sensitive."""
    query = "v=%C3%A9&utm=x&response-content-disposition=attachment%3B%20a+b&V=2&x=&w"
    names = ("response-content-disposition", "v", "x")
    response = allow(recording_distribution, "a", 200, query, forward_query=names)
    pairs = parse_qsl(urlsplit(get_location(response)).query, keep_blank_values=True)
    assert pairs[:3] == [
        ("v", "é"),
        ("response-content-disposition", "attachment; a b"),
        ("x", ""),
    ]
    assert [name for name, _ in pairs[3:]] == ["Expires", "Signature", "Key-Pair-Id"]


@pytest.mark.parametrize(
    ("query", "forwarded"),
    [
        (b"v=a+b", "v=a%20b"),
        (b"v=%FF", "v=%FF"),
        (b"v=\xff", "v=%FF"),
        ("v=\xff", "v=%FF"),
        (b"v=\xc3\xa9", "v=%C3%A9"),
        ("v=\xc3\xa9", "v=%C3%A9"),
        (b"v=\xc3%A9", "v=%C3%A9"),
        (b"%c3%a9=1&v=2", "%C3%A9=1&v=2"),
        (b"\xc3\xa9=1&v=2", "%C3%A9=1&v=2"),
        (b"v=%e9%ff%fe", "v=%E9%FF%FE"),
        (b"%E9=1&v\xff=2&v=3", "v=3"),
        (b"v=%zz%", "v=%25zz%25"),
    ],
)
def test_bytes_are_forwarded_unchanged(
    distribution: Distribution,
    trusted_keys: TrustedKeyGroup,
    clock: Any,
    query: str | bytes,
    forwarded: str,
) -> None:
    """Also bytes that are not UTF-8; percent-encoded so that no browser changes them."""
    location = get_location(allow(distribution, "a", 200, query, forward_query=("v", "é")))
    assert location.startswith(f"{DOMAIN}/a?{forwarded}&Expires=")
    assert trusted_keys.check(location)


@pytest.mark.parametrize("query", ["v=\u20ac", "v=1&x=\ud800"])
def test_text_that_is_not_bytes_is_a_404(
    recording_distribution: Distribution, recorder: Any, query: str
) -> None:
    """WSGI text has one character for each byte, so these bytes are unknown."""
    assert respond(recording_distribution, "a", 200, query, forward_query=("v",)) == Deny(404)
    assert recorder.signed == []


def test_query_is_checked_before_authorize(recording_distribution: Distribution) -> None:
    """A query that cannot be forwarded is refused as an invalid name is."""
    handler = ViewHandler(recording_distribution, ViewOptions(forward_query=("v",)))
    assert handler.file_request("a", "v=\u20ac") == Deny(404)
    assert handler.file_request("a", b"v=" + b"x" * 9000) == Deny(404)


@pytest.mark.parametrize(
    "query", [b"v=1&v=2", b"v=1&x=&v=1", b"v&v", b"v=1&%76=2", b"%c3%a9=1&\xc3\xa9=2", "v=1&v=2"]
)
def test_forwarded_name_given_twice_is_a_404(
    recording_distribution: Distribution, query: str | bytes
) -> None:
    """`authorize` may look at the first value, and the origin at the last."""
    handler = ViewHandler(recording_distribution, ViewOptions(forward_query=("v", "é")))
    assert handler.file_request("a", query) == Deny(404)


def test_name_that_is_not_forwarded_may_be_given_twice(
    recording_distribution: Distribution, clock: Any
) -> None:
    """It is dropped."""
    response = allow(recording_distribution, "a", 200, "x=1&v=1&x=2", forward_query=("v",))
    assert get_location(response).startswith(f"{DOMAIN}/a?v=1&Expires=")


@pytest.mark.parametrize("query", [b"x=" + b"y" * 8192, "&" * 8193])
def test_long_query_is_not_parsed(
    recording_distribution: Distribution, monkeypatch: pytest.MonkeyPatch, query: str | bytes
) -> None:
    """240 KB took 0.3 seconds."""

    def fail(*arguments: object, **options: object) -> None:
        raise AssertionError("parsed")

    monkeypatch.setattr("cfsign.views.forwarded_query.parse_qsl", fail)
    handler = ViewHandler(recording_distribution, ViewOptions(forward_query=("v",)))
    assert handler.file_request("a", query) == Deny(404)
    with pytest.raises(AssertionError, match="parsed"):
        handler.file_request("a", "v=1")


def test_nothing_is_forwarded_by_default(recording_distribution: Distribution, clock: Any) -> None:
    """The query string is ignored."""
    response = allow(recording_distribution, "a", 200, "v=1&Expires=9")
    assert response.location == recording_distribution.sign_path("a")


@pytest.mark.parametrize("as_bytes", [False, True])
@pytest.mark.parametrize(
    "query",
    [
        "v=1%26Expires%3D9999999999",
        "v=1%26Policy%3Dx%26Signature%3Dy",
        "Expires=9&v=1&Signature=x&Policy=y&Key-Pair-Id=z&Hash-Algorithm=SHA256",
        "%45xpires=9&v=1",
        "v=1%23&x",
        "v=1%0D%0ASet-Cookie:%20a=b",
        "v=%00",
        "v=*",
        "v=%2A",
        "v='\"<>\\^`{|}",
        "v=%FF%FE",
        "v=é",
        "v=%zz%",
        "v[]=1&v=2;Expires=1",
        "&&=&v&",
    ],
)
def test_query_cannot_inject_parameters(
    distribution: Distribution,
    trusted_keys: TrustedKeyGroup,
    clock: Any,
    now: int,
    query: str,
    as_bytes: bool,
) -> None:
    """The URL is allowed, and has each of CloudFront's parameters once."""
    raw = query.encode() if as_bytes else query
    location = get_location(allow(distribution, "a", 200, raw, forward_query=("v",)))
    names = [name for name, _ in parse_qsl(urlsplit(location).query, keep_blank_values=True)]
    assert [name for name in names if name != "v"] == ["Expires", "Signature", "Key-Pair-Id"]
    assert f"Expires={now + 60}&" in location
    assert location.isascii()
    assert not set("\r\n\0 \"'<>\\^`{|}*#") & set(location)
    assert trusted_keys.check(location)


@given(query=st.text(max_size=60) | st.binary(max_size=60))
def test_no_query_raises(distribution: Distribution, query: str | bytes) -> None:
    """Every query is forwarded, ignored, or a 404."""
    for sent in (query, b"v=" + query if isinstance(query, bytes) else "v=" + query):
        response = respond(distribution, "a", 200, sent, forward_query=("v", "é", "a b"))
        assert response == Deny(404) or (
            isinstance(response, ViewResponse) and response.status == 303
        )
