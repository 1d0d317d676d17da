"""Cache behaviors: path patterns, and spellings of a path that must not bypass them."""

from __future__ import annotations

import fnmatch
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfsign import TrustedKeyGroup
from cfsign.edge import Behavior, WSGIEdge
from cfsign.edge.behaviors import find_behaviors
from cfsign.errors import ConfigurationError
from tests.edge.common import NOW, RecordingOrigin

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
def test_path_pattern_matches(pattern: str, path: str, matches: bool) -> None:
    """`*` and `?` also match "/", and the leading slash is optional."""
    assert Behavior(pattern, None).matches(path) is matches


@given(pattern=TEXTS.filter(bool), path=TEXTS)
def test_matching_agrees_with_fnmatch(pattern: str, path: str) -> None:
    """Python's `fnmatch`, an independent implementation, gives the same result."""
    expected = re.match(fnmatch.translate(pattern.removeprefix("/")), path) is not None
    assert Behavior(pattern, None).matches(f"/{path}") is expected


@pytest.mark.parametrize(
    "pattern", ["", "/a b", "/a%20", "/\xe4", "/a#", "/a=1", "https://h/a", "a" * 256]
)
def test_invalid_pattern_is_refused(pattern: str) -> None:
    """CloudFront does not accept it either."""
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
def test_private_path_is_never_open(group: Any, path: str) -> None:
    """Paths are read both as CloudFront and as an origin reads them."""
    private = Behavior("*", group)
    assert private in find_behaviors([Behavior("/open/*", None), private], path)


@pytest.mark.parametrize(
    "path", ["/open/", "/open/a", "/o%70en/a", "/private/../open/a", "//open/a"]
)
def test_open_path_is_open_in_every_spelling(group: Any, path: str) -> None:
    """Normalization does not close it."""
    opened = Behavior("/open/*", None)
    assert find_behaviors([opened, Behavior("*", group)], path) == (opened,)


def test_first_matching_behavior_counts(group: Any) -> None:
    """An open behavior before a private one makes the path open; the default is the last."""
    opened, private, default = Behavior("/a/*", None), Behavior("/a/b*", group), Behavior("*", None)
    assert find_behaviors([opened, private, default], "/a/b") == (opened,)
    assert find_behaviors([private, opened, default], "/a/b") == (private,)
    assert find_behaviors([private, default], "/c") == (default,)


@pytest.mark.parametrize(
    "methods", [["GET"], ["HEAD", "OPTIONS"], ["GET", "HEAD", "PUT"], [], "GET"]
)
def test_methods_that_a_behavior_cannot_allow(methods: Any) -> None:
    """AWS has three choices ("Cache behavior settings", "Allowed HTTP methods")."""
    with pytest.raises(ConfigurationError, match="GET, HEAD and OPTIONS"):
        Behavior("*", None, methods)
    assert Behavior("*", None, ["HEAD", "GET"]).allowed_methods == ("GET", "HEAD")


def request_status(edge: WSGIEdge, target: str, **headers: str) -> str:
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


def test_behavior_has_its_own_keys(group: Any, rsa_peer: Any, untrusted_peer: Any) -> None:
    """A key of the default behavior does not open the paths of another."""
    other = TrustedKeyGroup({"KOTHER": untrusted_peer.public_pem})
    edge = WSGIEdge(
        RecordingOrigin(), group, behaviors=[Behavior("/other/*", other)], clock=lambda: NOW
    )
    for path, status in (("/a", "200 OK"), ("/other/a", "403 Forbidden")):
        url = rsa_peer.canned_url(f"http://h{path}", NOW + 60)
        assert request_status(edge, url.removeprefix("http://h")) == status


def test_request_for_an_open_path_is_not_changed(group: Any) -> None:
    """Reserved parameters and cookies stay, because the behavior has no trusted keys."""
    origin = RecordingOrigin()
    edge = WSGIEdge(origin, group, behaviors=[Behavior("/open/*", None)])
    assert (
        request_status(edge, "/open/a?Expires=1&x", HTTP_COOKIE="CloudFront-Policy=x") == "200 OK"
    )
    assert origin.environs[0]["QUERY_STRING"] == "Expires=1&x"
    assert origin.environs[0]["HTTP_COOKIE"] == "CloudFront-Policy=x"


@pytest.mark.parametrize(
    "target", ["/open/a#/b", "/private/#/../../open/a", "/open/\xe4", "open/a"]
)
def test_invalid_target_is_refused_on_open_paths(group: Any, target: str) -> None:
    """Servers disagree about the path of such a target."""
    origin = RecordingOrigin()
    edge = WSGIEdge(origin, group, behaviors=[Behavior("/open/*", None)])
    assert request_status(edge, target) == "403 Forbidden"
    assert origin.environs == []


@pytest.mark.parametrize(
    ("target", "forwarded"),
    [
        ("http://evil/open/x?q=1", "/open/x?q=1"),
        ("HTTPS://evil/open//x", "/open//x"),
        ("/open/http://evil/x", "/open/http://evil/x"),
    ],
)
def test_host_of_the_target_is_removed(group: Any, target: str, forwarded: str) -> None:
    """The origin must not receive a host that the client chose."""
    origin = RecordingOrigin()
    edge = WSGIEdge(origin, group, behaviors=[Behavior("/open/*", None)])
    assert request_status(edge, target) == "200 OK"
    assert [environ["REQUEST_URI"] for environ in origin.environs] == [forwarded]


def test_host_of_a_signed_target_is_removed(group: Any, rsa_peer: Any) -> None:
    """Together with the credential (RFC 9112, section 3.2.1)."""
    origin = RecordingOrigin()
    edge = WSGIEdge(origin, group, clock=lambda: NOW)
    assert request_status(edge, rsa_peer.canned_url("http://h/a?q", NOW + 60)) == "200 OK"
    assert [environ["REQUEST_URI"] for environ in origin.environs] == ["/a?q"]


@pytest.mark.parametrize("path", ["/a/..%2Fb/secret", "/a/..%2fb%2fsecret", "/a/%2e%2e%2Fb/x"])
def test_key_does_not_open_the_paths_of_another_behavior(
    group: Any, rsa_peer: Any, untrusted_peer: Any, path: str
) -> None:
    """A path with two readings, in two behaviors, needs a key that both trust."""
    b = {"KB": untrusted_peer.public_pem}
    target = rsa_peer.canned_url(f"http://h{path}", NOW + 60).removeprefix("http://h")
    for others, status in (
        (TrustedKeyGroup(b), "403 Forbidden"),
        (TrustedKeyGroup({**b, rsa_peer.key_pair_id: rsa_peer.public_pem}), "200 OK"),
    ):
        behaviors = [Behavior("/a/*", group), Behavior("/b/*", others)]
        edge = WSGIEdge(RecordingOrigin(), None, behaviors=behaviors, clock=lambda: NOW)
        assert request_status(edge, target) == status
