"""`folder=`: a signature that opens everything below a plain folder name."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfsign import Distribution, ResourceError, Signer, TrustedKeyGroup
from cfsign.signing.folder import encode_folder

DOMAIN = "https://media.example.com"


@pytest.fixture(scope="module")
def distribution(signer: Signer) -> Distribution:
    """A distribution with a real key."""
    return Distribution(DOMAIN, signer)


def is_allowed(trusted_keys: TrustedKeyGroup, distribution: Distribution, folder: str) -> Any:
    """Return a function: whether the cookies of *folder* open a path, given as it is sent."""
    cookies = distribution.sign_cookies(folder=folder)
    return lambda path: trusted_keys.check(f"{DOMAIN}{path}", cookies=cookies).allowed


@pytest.mark.parametrize(
    ("folder", "inside", "outside"),
    [
        (
            "videos/42",
            ["/videos/42/1.ts", "/videos/42/hd/1.ts", "/videos/42/", "/videos/42/1.ts?x=1"],
            ["/videos/42", "/videos/420/1.ts", "/videos/4", "/Videos/42/1.ts", "/x/videos/42/1.ts"],
        ),
        ("a b/é", ["/a%20b/%C3%A9/1"], ["/a%20b/%C3%A8/1", "/a%20b/e/1"]),
        ("/", ["/", "/1.ts", "/a/b"], []),
        ("*", ["/%2A/1"], ["/x/1", "/1"]),
        ("u?", ["/u%3F/1"], ["/ux/1", "/u/1"]),
        ("100%", ["/100%25/1"], ["/100/1"]),
        ("%2e%2e", ["/%252e%252e/1"], ["/1"]),
        ("R&D;x", ["/R&D%3Bx/1"], ["/R&D/1"]),
    ],
)
def test_folder_opens_everything_below_it_and_nothing_else(
    distribution: Distribution,
    trusted_keys: TrustedKeyGroup,
    folder: str,
    inside: list[str],
    outside: list[str],
) -> None:
    """Its own text holds no wildcard, so a user's folder name is safe."""
    check = is_allowed(trusted_keys, distribution, folder)
    assert [path for path in inside if not check(path)] == []
    assert [path for path in outside if check(path)] == []


def test_one_slash_at_the_end_is_dropped(recording_distribution: Distribution, clock: Any) -> None:
    """`sign_folder`, `sign_path` and `sign_cookies` sign the same policy."""
    policies = {
        recording_distribution.sign_folder("videos/42").policy,
        recording_distribution.sign_folder("videos/42/").policy,
        recording_distribution.sign_resource(f"{DOMAIN}/videos/42/*").policy,
    }
    assert len(policies) == 1
    cookies = recording_distribution.sign_cookies(folder="videos/42/")
    assert dict(cookies) == dict(recording_distribution.sign_cookies(pattern="videos/42/*"))
    assert recording_distribution.sign_path(
        "videos/42/1.ts", folder="videos/42/", expires_in=9
    ) == recording_distribution.sign_path("videos/42/1.ts", pattern="videos/42/*", expires_in=9)


def test_conditions_are_those_of_sign_path(distribution: Distribution, clock: Any) -> None:
    policy = distribution.sign_folder("v", expires_in=9, ip_address="192.0.2.1").policy
    assert (policy.expires_at, policy.ip_address) == (1767225609, "192.0.2.1/32")
    assert distribution.sign_folder("v").policy.expires_at == 1767225660


@pytest.mark.parametrize("folder", ["videos/42", "videos", "/"])
def test_path_is_signed_for_a_folder_it_lies_in(
    distribution: Distribution, trusted_keys: TrustedKeyGroup, folder: str
) -> None:
    """With an optional leading slash; the parameters also open another file."""
    signed = distribution.sign_path("/videos/42/a b.ts", query={"v": "1"}, folder=folder)
    assert signed.startswith(f"{DOMAIN}/videos/42/a%20b.ts?v=1&Policy=")
    assert trusted_keys.check(signed)
    assert trusted_keys.check(signed.replace("a%20b.ts?v=1&", "2.ts?"))
    assert not trusted_keys.check(signed.replace(DOMAIN, "https://other.example.com"))


def test_page_of_the_folder_is_inside_it(
    distribution: Distribution, trusted_keys: TrustedKeyGroup
) -> None:
    """A path with a `/` at its end is below the folder of that name, as CloudFront sees it."""
    assert trusted_keys.check(distribution.sign_path("docs/", folder="docs"))
    assert trusted_keys.check(distribution.sign_path("", folder="/"))


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("videos/42/1.ts", "videos/4"),
        ("videos/42/1.ts", "videos/43"),
        ("videos/42/1.ts", "Videos/42"),
        ("videos/42/1.ts", "42"),
        ("videos/42/1.ts", "*"),
        ("videos/42/1.ts", "videos/??"),
        ("videos/42", "videos/42"),
        ("e\u0301/1", "é"),
        ("a/1", "a%2F"),
        ("", "a"),
    ],
)
def test_path_outside_the_folder_is_refused(
    recording_distribution: Distribution, recorder: Any, path: str, folder: str
) -> None:
    """Nor is the folder a file of itself. Names and case are compared."""
    message = "the path is not inside the folder; sign the file's own folder or one above"
    with pytest.raises(ResourceError, match=message):
        recording_distribution.sign_path(path, folder=folder)
    with pytest.raises(ResourceError, match=message):
        asyncio.run(recording_distribution.sign_path_async(path, folder=folder))
    assert recorder.signed == []


@pytest.mark.parametrize(
    ("folder", "message"),
    [
        ("", 'the folder is empty; name the folder; "/" opens the whole'),
        ("/videos/42", "the folder is absolute; remove the `/`"),
        ("/videos/", "the folder is absolute"),
        ("//", "the folder has `//` in it"),
        ("a//b", "the folder has `//` in it"),
        ("a//", "the folder has `//` in it"),
        (".", "the folder has a `.` or `..` in it; use the path of the folder"),
        ("..", "the folder has a `.` or `..`"),
        ("a/../b", "the folder has a `.` or `..`"),
        ("../", "the folder has a `.` or `..`"),
        ("a\n", r"the folder has the control character U\+000A"),
        ("a\0b", r"the folder has the control character U\+0000"),
        ("a\x85", r"the folder has the control character U\+0085"),
        (f"{DOMAIN}/videos/42", "the folder is a whole URL; remove the domain"),
        ("a\udcff", "the folder is not Unicode text"),
        (b"a", r"a folder must be text \(str\), got bytes"),
        (7, r"a folder must be text \(str\), got int"),
    ],
)
def test_bad_folder_is_refused(
    recording_distribution: Distribution, recorder: Any, folder: Any, message: str
) -> None:
    """By every method, and nothing is signed."""
    for sign in (
        lambda: recording_distribution.sign_folder(folder),
        lambda: recording_distribution.sign_cookies(folder=folder),
        lambda: recording_distribution.sign_path("videos/42/1.ts", folder=folder),
        lambda: asyncio.run(recording_distribution.sign_folder_async(folder)),
        lambda: asyncio.run(recording_distribution.sign_cookies_async(folder=folder)),
    ):
        with pytest.raises(ResourceError, match=message):
            sign()
    assert recorder.signed == []


def test_exactly_one_of_folder_and_pattern(recording_distribution: Distribution) -> None:
    with pytest.raises(ResourceError, match="folder and pattern cannot be combined; use one"):
        recording_distribution.sign_cookies(folder="a", pattern="a/*")
    with pytest.raises(ResourceError, match="folder and pattern cannot be combined; use one"):
        recording_distribution.sign_path("a/1", folder="a", pattern="a/*")
    with pytest.raises(ResourceError, match="a folder or a pattern is required; set folder"):
        recording_distribution.sign_cookies()
    with pytest.raises(ResourceError, match="a folder or a pattern is required"):
        asyncio.run(recording_distribution.sign_cookies_async())


def test_async_versions_give_the_same_results(distribution: Distribution, clock: Any) -> None:
    options: Any = {"folder": "v", "expires_in": 9}
    assert distribution.sign_path("v/1", **options) == asyncio.run(
        distribution.sign_path_async("v/1", **options)
    )
    assert (
        distribution.sign_folder("v").params
        == asyncio.run(distribution.sign_folder_async("v")).params
    )
    assert dict(distribution.sign_cookies(**options)) == dict(
        asyncio.run(distribution.sign_cookies_async(**options))
    )


def test_folder_is_signed_once_in_a_step(recording_signer: Signer, recorder: Any) -> None:
    """200 thumbnails on a page need one signature."""
    stepped = Distribution(DOMAIN, recording_signer, expires_in=60, expiry_step=86400)
    for number in range(200):
        stepped.sign_path(f"thumbs/{number}.jpg", folder="thumbs")
    assert len(recorder.signed) <= 2  # two at midnight


NAME = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/"), min_size=1, max_size=9
).filter(lambda name: name not in (".", ".."))
NAMES = st.lists(NAME, min_size=1, max_size=3)


@given(NAMES, NAMES)
def test_path_is_inside_if_and_only_if_its_names_start_with_those_of_the_folder(
    signer: Signer, folder: list[str], path: list[str]
) -> None:
    """For any names; both ways of putting them together are tried."""
    distribution = Distribution(DOMAIN, signer)
    for names in (path, folder + path):
        is_inside = len(names) > len(folder) and names[: len(folder)] == folder
        try:
            distribution.sign_path("/".join(names), folder="/".join(folder), expires_in=9)
        except ResourceError:
            assert not is_inside
        else:
            assert is_inside


@given(NAMES)
def test_encoded_folder_has_no_wildcard(folder: list[str]) -> None:
    encoded = encode_folder("/".join(folder))
    assert not set("*?;") & set(encoded)
    assert encoded[0] == encoded[-1] == "/"
