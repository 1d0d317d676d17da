"""`SignedPolicy.urls` returns in blocks what `url` returns one by one, and the same errors."""

from __future__ import annotations

import enum
import warnings
from collections.abc import Iterable, Iterator
from itertools import count, islice
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cfsign import CfsignWarning, Policy, ResourceError, SignedPolicy, Signer
from cfsign.signing.signed_policy import BLOCK, check_block
from cfsign.signing.url import MAX_URL_BYTES

HOST = "https://media.example.com"
FOLDER = f"{HOST}/videos/42/"
BEFORE_FULL = BLOCK - 1  # the URLs of the growing blocks, 1 + 2 + 4 ...


class Key:
    def sign(self, message: bytes, hash_algorithm: str) -> bytes:
        return b"\xff" * 256

    def public_key_pem(self) -> str:
        return "PEM"


class Named(str, enum.Enum):  # noqa: UP042  the older way, which prints its own name
    """A str subclass that adds and prints another text than its own."""

    FILE = f"{FOLDER}1.ts"
    REFUSED = f"{FOLDER}a b"

    def __add__(self, other: str) -> str:
        return "added"


def signed_policy(resource: str) -> SignedPolicy:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CfsignWarning)  # some are broad
        policy = Policy(resource, 1999999999)
    return Signer("K2JCJMDEHXQW5F", Key()).sign_policy(policy)


def collect(signed: Iterable[str]) -> tuple[list[tuple[type, str]], tuple[object, ...]]:
    """Return all results, and the error after them."""
    urls = []
    try:
        for url in signed:
            urls.append((type(url), str.__str__(url)))
    except Exception as error:
        return urls, (type(error), str(error), *map(repr, vars(error).items()))
    return urls, ()


def good(number: int) -> str:
    return f"{FOLDER}{number:05}.ts"


# Each is odd in one way. The resources below match some of them, and some may not be signed.
ODD: list[Any] = [
    FOLDER,
    f"{FOLDER}a?x=1&y=%20",
    f"{FOLDER}a?Expires=1",
    f"{FOLDER}a?x&%45xpires",
    f"{FOLDER}a?",
    f"{FOLDER}a?b?c",
    f"{FOLDER}a?it's",
    f"{FOLDER}it's",
    f"{FOLDER}.",
    f"{FOLDER}..",
    f"{FOLDER}../43/a",
    f"{FOLDER}%2e%2E/43",
    f"{FOLDER}.hidden/...",
    f"{FOLDER}a/../b",
    f"{FOLDER}a/.?x",
    f"{FOLDER}a%2",
    f"{FOLDER}a%zz",
    f"{FOLDER}%c3%A9",
    f"{FOLDER}*",
    f"{FOLDER}a b",
    f"{FOLDER}é",
    f"{FOLDER}\ud800",
    f"{FOLDER}a\n",
    f"\n{FOLDER}a",
    f"{FOLDER}a\r",
    f"{FOLDER}a\u2028b",
    f"{FOLDER}a\n{FOLDER}b",
    f"{FOLDER}{FOLDER}",
    f"{FOLDER}".ljust(MAX_URL_BYTES - 800, "a"),
    f"{FOLDER}".ljust(MAX_URL_BYTES, "a"),
    f"{HOST}/videos/42",
    f"{HOST}/videos/43/a",
    f"{HOST}/videos/42/..a",
    "https://media.example.com:443/videos/42/a",
    "https://mediaxexample.com/videos/42/a",
    "http://media.example.com/videos/42/a",
    "HTTPS://media.example.com/videos/42/a",
    "",
    "\n",
    Named.FILE,
    Named.REFUSED,
    None,
    7,
    FOLDER.encode(),
]

RESOURCES = [
    f"{FOLDER}*",
    f"{HOST}/*",
    f"{HOST}/videos/42/.*",
    f"{HOST}/videos/42/%2e*",
    f"{HOST}/videos/42/0*",
    f"{HOST}/videos/*/*",
    f"{FOLDER}*.ts",
    f"{FOLDER}*?x=*",
    "*://media.example.com/*",
    "http*://media.example.com/videos/*",
    "https://*.example.com/videos/*",
    f"{HOST}*",
    "*",
    good(0),
    f"{FOLDER}a?x=1",
]


@pytest.mark.parametrize("place", [0, 1, 2, 6, BEFORE_FULL, BEFORE_FULL + 7, BEFORE_FULL + BLOCK])
@pytest.mark.parametrize("resource", RESOURCES)
def test_odd_url_at_each_place_gives_the_result_of_url(resource: str, place: int) -> None:
    """Alone in a block or in the middle of one."""
    signed = signed_policy(resource)
    for odd in ODD:
        urls = [good(number) for number in range(place)] + [odd] + [good(7)] * BLOCK
        assert collect(signed.urls(urls)) == collect(map(signed.url, urls)), odd


@given(
    resource=st.sampled_from(RESOURCES),
    odd=st.dictionaries(st.integers(0, 4 * BLOCK), st.sampled_from(ODD), max_size=3),
    text=st.dictionaries(
        st.integers(0, 4 * BLOCK), st.text("./%2eE?&=axX~*'\n", max_size=12), max_size=3
    ),
    length=st.integers(0, 4 * BLOCK),
)
@example(resource=RESOURCES[0], odd={}, text={}, length=4 * BLOCK)
@example(resource=RESOURCES[0], odd={2 * BLOCK: f"{FOLDER}a?x"}, text={}, length=4 * BLOCK)
def test_urls_agree_with_url(
    resource: str, odd: dict[int, Any], text: dict[int, str], length: int
) -> None:
    """For any mixture of URLs."""
    endings = {place: f"{FOLDER}{rest}" for place, rest in text.items()}
    urls = [odd.get(place, endings.get(place, good(place))) for place in range(length)]
    signed = signed_policy(resource)
    assert collect(signed.urls(iter(urls))) == collect(map(signed.url, urls))


@given(
    start=st.text("./%2eaA-", max_size=6),
    rests=st.lists(st.text("./%2eE?&=axX", max_size=8), min_size=1, max_size=3),
)
@example(start=".", rests=["a", "/a"])
@example(start="a/%2e", rests=["a", "."])
def test_block_is_accepted_if_each_url_is(start: str, rests: list[str]) -> None:
    """Also if a segment starts in the literal part of the resource and ends after it."""
    try:
        signed = signed_policy(f"{FOLDER}{start}*")
    except ResourceError:
        return
    urls = [f"{FOLDER}{start}{rest}" for rest in rests]
    errors = collect(map(signed.url, urls))[1]
    block = (urls * BLOCK)[:BLOCK]
    accepted = check_block(signed.policy.resource, block, MAX_URL_BYTES - 500)
    if errors:
        assert not accepted
    elif "." not in start.rpartition("/")[2] and "%" not in start.rpartition("/")[2]:
        assert accepted


@pytest.mark.parametrize("more", [0, 1])
def test_longest_url_of_a_block(more: int) -> None:
    signed = signed_policy(f"{FOLDER}*")
    overhead = len(signed.url(FOLDER)) - len(FOLDER)
    for url in (FOLDER, f"{FOLDER}?x="):
        longest = url.ljust(MAX_URL_BYTES - overhead + more, "a")
        urls = [good(number) for number in range(3 * BLOCK)]
        urls[2 * BLOCK] = longest
        assert collect(signed.urls(urls)) == collect(map(signed.url, urls))
        assert bool(collect(signed.urls(urls))[1]) is bool(more)


def test_good_urls_of_a_full_block_are_not_checked_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Otherwise `urls` would not be faster than `url`."""
    signed = signed_policy(f"{FOLDER}*")
    expected = [signed.url(good(number)) for number in range(5 * BLOCK)]
    checked_singly = []
    single = SignedPolicy.url

    def url(self: SignedPolicy, one: str) -> str:
        checked_singly.append(one)
        return single(self, one)

    monkeypatch.setattr(SignedPolicy, "url", url)
    assert list(signed.urls(good(number) for number in range(5 * BLOCK))) == expected
    assert len(checked_singly) < 2 * BLOCK


def test_read_ahead_is_bounded_by_the_results_so_far() -> None:
    """So a slow source does not wait long, and an endless one works."""
    read = 0

    def source() -> Iterator[str]:
        nonlocal read
        for read in count(1):
            yield good(read)

    signed = signed_policy(f"{FOLDER}*").urls(source())
    assert read == 0
    for taken, _ in enumerate(islice(signed, 1000), 1):
        assert taken <= read <= min(2 * taken, taken + BLOCK)


def then_raise(urls: Iterable[str]) -> Iterator[str]:
    yield from urls
    raise KeyError("the source")


@pytest.mark.parametrize("length", [0, 1, 2, 5, BLOCK, 2 * BLOCK + 5])
def test_error_of_the_source_follows_its_urls(length: int) -> None:
    urls, error = collect(signed_policy(f"{FOLDER}*").urls(then_raise(map(good, range(length)))))
    assert [url.partition("?")[0] for _, url in urls] == [good(n) for n in range(length)]
    assert error == (KeyError, "'the source'")


def test_error_of_a_url_precedes_that_of_the_source() -> None:
    source = then_raise([*map(good, range(BLOCK + 3)), f"{FOLDER}a b", good(0)])
    urls, error = collect(signed_policy(f"{FOLDER}*").urls(source))
    assert len(urls) == BLOCK + 3
    assert error[0] is ResourceError


def test_non_iterable_is_refused_at_the_call() -> None:
    urls: Any = None
    with pytest.raises(TypeError):
        signed_policy(f"{FOLDER}*").urls(urls)


@pytest.mark.parametrize("one", [f"{FOLDER}1.ts", f"{FOLDER}1.ts".encode()])
def test_single_text_is_refused_at_the_call(one: Any) -> None:
    """It would be read character by character."""
    signer = Signer("K1", Key())
    signed = signer.sign_policy(Policy(f"{FOLDER}*", 2000000000))
    with pytest.raises(ResourceError, match="use a list, or url for one"):
        signed.urls(one)
    for options in ({}, {"pattern": f"{FOLDER}*"}, {"workers": 2}):
        with pytest.raises(ResourceError, match="use a list, or sign_url for one"):
            signer.sign_urls(one, expires_at=2000000000, **options)  # type: ignore[arg-type]
