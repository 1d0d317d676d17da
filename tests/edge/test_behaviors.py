"""Cache behaviours: which path pattern counts, and that no spelling of a path slips past one."""

from __future__ import annotations

import fnmatch
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfsign.edge import Behavior, WSGIEdge
from cfsign.edge.behaviors import Behaviors
from cfsign.errors import ConfigurationError

NOW = 1_767_200_000
TEXTS = st.text("ab/?*.", max_size=8)


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("/open/*", "/open/a", True),
        ("open/*", "/open/a/b", True),
        ("open/*", "/open", False),
        ("/Open/*", "/open/a", False),
        ("*.jpg", "/a/b.jpg", True),
        ("*.jpg", "/a/b.jpg.txt", False),
        ("/a?c", "/abc", True),
        ("/a?c", "/a/c", True),
        ("/a?c", "/ac", False),
        ("*", "/", True),
        ("/*/x/*.ts", "/1/x/2/3.ts", True),
        ("/a.b", "/aXb", False),
    ],
)
def test_path_patterns(pattern: str, path: str, matches: bool) -> None:
    """`*` and `?` are wildcards, also for "/"; a leading slash may be left out."""
    assert Behavior(pattern, None).matches(path) is matches


@given(pattern=TEXTS.filter(bool), path=TEXTS)
def test_matching_agrees_with_fnmatch(pattern: str, path: str) -> None:
    """Python's own, which goes another way, says the same."""
    expected = re.match(fnmatch.translate(pattern.removeprefix("/")), path) is not None
    assert Behavior(pattern, None).matches(f"/{path}") is expected


@pytest.mark.parametrize(
    "pattern", ["", "/a b", "/a%20", "/\xe4", "/a#", "/a=1", "https://h/a", "a" * 256]
)
def test_patterns_that_cloudfront_does_not_take(pattern: str) -> None:
    """A pattern that could never match as it was meant is refused."""
    with pytest.raises(ConfigurationError, match="path pattern"):
        Behavior(pattern, None)


@pytest.mark.parametrize(
    "path",
    [
        "/private/a",
        "/open/../private/a",
        "/open/%2e%2E/private/a",
        "/open/%2e./private/a",
        "/open/..%2Fprivate/a",
        "/open/..%2fprivate%2fa",
        "/./private/a",
        "//private/a",
        "/open//../private/a",
        "/open/./../private/a",
        "/%70rivate/a",
        "/open/..",
        "/open/a/../..",
        "/Open/a",
        "/",
        "",
    ],
)
def test_no_spelling_of_a_private_path_is_open(group: Any, path: str) -> None:
    """Dots, slashes and escapes are read as CloudFront and as an origin reads them."""
    assert Behaviors([Behavior("/open/*", None)], group).find_key_groups(path) == (group,)


@pytest.mark.parametrize(
    "path", ["/open/", "/open/a", "/o%70en/a", "/private/../open/a", "//open/a"]
)
def test_spellings_of_an_open_path(group: Any, path: str) -> None:
    """The same reading opens what is open."""
    assert Behaviors([Behavior("/open/*", None)], group).find_key_groups(path) == ()


def test_the_first_that_matches_counts(group: Any) -> None:
    """An open pattern before a private one opens what both match; and the default is the last."""
    open_, private = Behavior("/a/*", None), Behavior("/a/b*", group)
    assert Behaviors([open_, private], group).find_key_groups("/a/b") == ()
    assert Behaviors([private, open_], group).find_key_groups("/a/b") == (group,)
    assert Behaviors([private], None).find_key_groups("/c") == ()


def answer(edge: WSGIEdge, target: str, **headers: str) -> str:
    environ = {
        "REQUEST_METHOD": "GET",
        "REQUEST_URI": target,
        "QUERY_STRING": target.partition("?")[2],
        "HTTP_HOST": "h",
        "wsgi.url_scheme": "http",
        **headers,
    }
    statuses: list[str] = []
    list(edge(environ, lambda status, *_: statuses.append(status)))  # type: ignore[arg-type,return-value]
    return statuses[0]


def test_each_behaviour_has_its_own_keys(group: Any, rsa_peer: Any, stranger: Any) -> None:
    """A key that may sign for one path opens no other."""
    from cfsign import TrustedKeyGroup

    def origin(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return []

    other = TrustedKeyGroup({"KOTHER": stranger.public_pem})
    edge = WSGIEdge(origin, group, behaviors=[Behavior("/other/*", other)], clock=lambda: NOW)
    for path, status in (("/a", "200 OK"), ("/other/a", "403 Forbidden")):
        url = rsa_peer.canned_url(f"http://h{path}", NOW + 60)
        assert answer(edge, url.removeprefix("http://h")) == status


def test_an_open_path_gets_the_request_as_it_is(group: Any) -> None:
    """Without signers nothing is a credential (AWS strips nothing there)."""
    seen: list[Any] = []

    def origin(environ: Any, start_response: Any) -> list[bytes]:
        seen.append(environ)
        start_response("200 OK", [])
        return []

    edge = WSGIEdge(origin, group, behaviors=[Behavior("/open/*", None)])
    assert answer(edge, "/open/a?Expires=1&x", HTTP_COOKIE="CloudFront-Policy=x") == "200 OK"
    assert seen[0]["QUERY_STRING"] == "Expires=1&x"
    assert seen[0]["HTTP_COOKIE"] == "CloudFront-Policy=x"


@pytest.mark.parametrize(
    "target", ["/open/a#/b", "/private/#/../../open/a", "/open/\xe4", "open/a"]
)
def test_what_no_viewer_can_send_is_refused_on_open_paths_too(group: Any, target: str) -> None:
    """Servers differ on where such a path ends."""

    def origin(environ: Any, start_response: Any) -> list[bytes]:
        raise AssertionError("the origin was asked")

    edge = WSGIEdge(origin, group, behaviors=[Behavior("/open/*", None)])
    assert answer(edge, target) == "403 Forbidden"


@pytest.mark.parametrize(
    ("target", "origins"),
    [
        ("http://evil/open/x?q=1", "/open/x?q=1"),
        ("HTTPS://evil/open//x", "/open//x"),
        ("/open/http://evil/x", "/open/http://evil/x"),
    ],
)
def test_the_origin_gets_no_host_in_its_target(group: Any, target: str, origins: str) -> None:
    """It is the edge that knows the origin's name."""
    seen: list[Any] = []

    def origin(environ: Any, start_response: Any) -> list[bytes]:
        seen.append(environ["REQUEST_URI"])
        start_response("200 OK", [])
        return []

    edge = WSGIEdge(origin, group, behaviors=[Behavior("/open/*", None)])
    assert answer(edge, target) == "200 OK"
    assert seen == [origins]


def test_a_signed_target_loses_its_host_too(group: Any, rsa_peer: Any) -> None:
    """With its credential; an empty path is "/" (RFC 9112, section 3.2.1)."""
    seen: list[Any] = []

    def origin(environ: Any, start_response: Any) -> list[bytes]:
        seen.append(environ["REQUEST_URI"])
        start_response("200 OK", [])
        return []

    edge = WSGIEdge(origin, group, clock=lambda: NOW)
    assert answer(edge, rsa_peer.canned_url("http://h/a?q", NOW + 60)) == "200 OK"
    assert seen == ["/a?q"]


@pytest.mark.parametrize("path", ["/a/..%2Fb/secret", "/a/..%2fb%2fsecret", "/a/%2e%2e%2Fb/x"])
def test_no_key_crosses_into_anothers_paths(
    group: Any, rsa_peer: Any, stranger: Any, path: str
) -> None:
    """A path that two groups guard, by two readings, asks for the keys of both."""
    from cfsign import TrustedKeyGroup

    def origin(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return []

    b = {"KB": stranger.public_pem}
    target = rsa_peer.canned_url(f"http://h{path}", NOW + 60).removeprefix("http://h")
    for others, status in (
        (TrustedKeyGroup(b), "403 Forbidden"),
        (TrustedKeyGroup({**b, rsa_peer.key_pair_id: rsa_peer.public_pem}), "200 OK"),
    ):
        behaviors = [Behavior("/a/*", group), Behavior("/b/*", others)]
        edge = WSGIEdge(origin, None, behaviors=behaviors, clock=lambda: NOW)
        assert answer(edge, target) == status
