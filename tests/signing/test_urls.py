"""`SignedPolicy.urls`: in blocks what `url` does one by one, to the byte and to the fault."""

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
    """Text of a class of its own, which adds and prints otherwise than it reads."""

    FILE = f"{FOLDER}1.ts"
    FAULT = f"{FOLDER}a b"

    def __add__(self, other: str) -> str:
        return "added"


def signed_policy(resource: str) -> SignedPolicy:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CfsignWarning)  # some are broad
        policy = Policy(resource, 1999999999)
    return Signer("K2JCJMDEHXQW5F", Key()).sign_policy(policy)


def outcome(signed: Iterable[str]) -> tuple[list[tuple[type, str]], tuple[object, ...]]:
    """Take all that comes, and what is raised behind it."""
    urls = []
    try:
        for url in signed:
            urls.append((type(url), str.__str__(url)))
    except Exception as error:
        return urls, (type(error), str(error), *map(repr, vars(error).items()))
    return urls, ()


def good(number: int) -> str:
    return f"{FOLDER}{number:05}.ts"


# What is odd in one way each; the resources below cover some of them, and some may not be signed.
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
    Named.FAULT,
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
def test_each_oddity_at_each_place_comes_out_as_from_url(resource: str, place: int) -> None:
    """Alone in a block or in the middle of one: the same bytes before it, and the same fault."""
    signed = signed_policy(resource)
    for odd in ODD:
        urls = [good(number) for number in range(place)] + [odd] + [good(7)] * BLOCK
        assert outcome(signed.urls(urls)) == outcome(map(signed.url, urls)), odd


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
def test_urls_do_what_url_does(
    resource: str, odd: dict[int, Any], text: dict[int, str], length: int
) -> None:
    """Whatever stands where."""
    behind = {place: f"{FOLDER}{rest}" for place, rest in text.items()}
    urls = [odd.get(place, behind.get(place, good(place))) for place in range(length)]
    signed = signed_policy(resource)
    assert outcome(signed.urls(iter(urls))) == outcome(map(signed.url, urls))


@given(
    start=st.text("./%2eaA-", max_size=6),
    rests=st.lists(st.text("./%2eE?&=axX", max_size=8), min_size=1, max_size=3),
)
@example(start=".", rests=["a", "/a"])
@example(start="a/%2e", rests=["a", "."])
def test_a_block_is_let_through_just_when_each_of_it_would_be(start: str, rests: list[str]) -> None:
    """Where a segment begins in what the resource fixes and ends behind it, too."""
    try:
        signed = signed_policy(f"{FOLDER}{start}*")
    except ResourceError:
        return
    urls = [f"{FOLDER}{start}{rest}" for rest in rests]
    faults = outcome(map(signed.url, urls))[1]
    block = (urls * BLOCK)[:BLOCK]
    through = check_block(signed.policy.resource, block, MAX_URL_BYTES - 500)
    if faults:
        assert not through
    elif "." not in start.rpartition("/")[2] and "%" not in start.rpartition("/")[2]:
        assert through


@pytest.mark.parametrize("more", [0, 1])
def test_the_longest_url_of_a_block_is_cloudfronts(more: int) -> None:
    """With its own query and without, the signature counted."""
    signed = signed_policy(f"{FOLDER}*")
    overhead = len(signed.url(FOLDER)) - len(FOLDER)
    for url in (FOLDER, f"{FOLDER}?x="):
        longest = url.ljust(MAX_URL_BYTES - overhead + more, "a")
        urls = [good(number) for number in range(3 * BLOCK)]
        urls[2 * BLOCK] = longest
        assert outcome(signed.urls(urls)) == outcome(map(signed.url, urls))
        assert bool(outcome(signed.urls(urls))[1]) is bool(more)


def test_full_blocks_are_checked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Good URLs of a full block are not looked at one by one; else nothing here would be faster."""
    signed = signed_policy(f"{FOLDER}*")
    expected = [signed.url(good(number)) for number in range(5 * BLOCK)]
    looked_at = []
    single = SignedPolicy.url

    def url(self: SignedPolicy, one: str) -> str:
        looked_at.append(one)
        return single(self, one)

    monkeypatch.setattr(SignedPolicy, "url", url)
    assert list(signed.urls(good(number) for number in range(5 * BLOCK))) == expected
    assert len(looked_at) < 2 * BLOCK


def test_what_is_read_ahead_is_no_more_than_what_has_come() -> None:
    """So a slow source is not waited for long, and an endless one serves."""
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
def test_what_the_source_raises_comes_behind_what_it_gave(length: int) -> None:
    """As it would if each were read by itself."""
    urls, fault = outcome(signed_policy(f"{FOLDER}*").urls(then_raise(map(good, range(length)))))
    assert [url.partition("?")[0] for _, url in urls] == [good(n) for n in range(length)]
    assert fault == (KeyError, "'the source'")


def test_a_fault_of_a_url_comes_before_one_of_the_source() -> None:
    """In the order in which they stand."""
    source = then_raise([*map(good, range(BLOCK + 3)), f"{FOLDER}a b", good(0)])
    urls, fault = outcome(signed_policy(f"{FOLDER}*").urls(source))
    assert len(urls) == BLOCK + 3
    assert fault[0] is ResourceError


def test_what_is_no_series_is_refused_at_the_call() -> None:
    """Not where the first URL is asked for."""
    urls: Any = None
    with pytest.raises(TypeError):
        signed_policy(f"{FOLDER}*").urls(urls)


@pytest.mark.parametrize("one", [f"{FOLDER}1.ts", f"{FOLDER}1.ts".encode()])
def test_one_text_is_no_series(one: Any) -> None:
    """It would be read letter by letter; told at the call, whoever takes several."""
    signer = Signer("K1", Key())
    signed = signer.sign_policy(Policy(f"{FOLDER}*", 2000000000))
    with pytest.raises(ResourceError, match="use a list, or url for one"):
        signed.urls(one)
    for options in ({}, {"pattern": f"{FOLDER}*"}, {"workers": 2}):
        with pytest.raises(ResourceError, match="use a list, or sign_url for one"):
            signer.sign_urls(one, expires_at=2000000000, **options)  # type: ignore[arg-type]
