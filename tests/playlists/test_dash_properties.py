"""No signature ever leaves the host and the folder: generated MPDs, read by lxml and node."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from urllib.parse import urljoin
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cfsign import SignedPolicy, TrustedKeyGroup
from cfsign.playlists import sign_dash
from tests.playlists.conftest import FOLDER, Resolve
from tests.playlists.mpd_reader import Representation, fill, read
from tests.playlists.test_dash import START, URL
from tests.playlists.test_hls_properties import OURS, PIECES

pytest.importorskip("lxml")

PLAIN = st.sampled_from(
    [
        *("a/", "b.m4s", "low/c.m4s?v=1&w=2", "../42/d.m4s", "../43/e.m4s", "/f.m4s", FOLDER),
        *("https://evil.example/", f"{FOLDER}g.m4s", "$RepresentationID$/$Number%03d$.m4s"),
        *("//evil.example/videos/42/", "größe.m4s"),
    ]
)
IN_XML = [piece for piece in PIECES if piece.isprintable() or piece == "\t"]
HOSTILE = st.builds(
    "".join,
    st.lists(
        st.sampled_from([*IN_XML, *OURS, "$RepresentationID$", "$Bandwidth$"]),
        min_size=1,
        max_size=5,
    ),
)


def documents(uris: st.SearchStrategy[str], ids: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return a strategy for MPDs with two Periods."""
    attribute = uris.map(quoteattr)
    base_urls = st.lists(uris, max_size=2).map(
        lambda texts: "".join(f"<BaseURL>{escape(text)}</BaseURL>" for text in texts)
    )
    segments = st.one_of(
        st.just(""),
        st.builds("<SegmentTemplate media={}/>".format, attribute),
        st.builds("<SegmentTemplate initialization={} index={}/>".format, attribute, attribute),
        st.builds(
            "<SegmentList><Initialization sourceURL={}/><SegmentURL media={} index={}/>"
            "<SegmentURL media={}/></SegmentList>".format,
            *[attribute] * 4,
        ),
        st.just("<SegmentTemplate startNumber='1'/>"),
        st.just("<SegmentList/>"),
    )
    representation = st.builds(
        "<Representation id={} bandwidth={}>{}{}</Representation>".format,
        ids.map(quoteattr),
        st.just('"5"') | ids.map(quoteattr),
        base_urls,
        segments,
    )
    empty = st.builds("<Representation id={}/>".format, ids.map(quoteattr))
    both = st.lists(representation | empty, max_size=3).map("".join)
    sets = st.builds("<AdaptationSet>{}{}{}</AdaptationSet>".format, base_urls, segments, both)
    period = st.builds("<Period>{}{}{}{}</Period>".format, base_urls, segments, sets, sets)
    return st.builds(f"{START}{{}}{{}}{{}}</MPD>".format, base_urls, period, period)


def unsign(value: str, query: str) -> str:
    return value.replace(f"?{query}", "").replace(f"&{query}", "")


def find_urls(
    representation: Representation, value: str, resolve: Resolve
) -> Iterator[tuple[str | None, str | None]]:
    """Yield where a value of a Representation leads, for each choice of its BaseURLs."""
    for choice in product(*representation.base_urls):
        browser = python = URL
        for text in choice:
            browser = resolve(text, browser) or "about:blank"
            python = resolve_in_python(text, python)
        yield resolve(value, browser), resolve_in_python(value, python)


def resolve_in_python(uri: str, base: str) -> str:
    try:
        return urljoin(base, uri)
    except ValueError:  # a host with a full-width slash
        return "about:blank"


def check(
    text: str,
    signed_policy: SignedPolicy,
    query: str,
    resolve: Resolve,
    trusted_keys: TrustedKeyGroup,
    now: int,
) -> Iterator[tuple[str, bool, bool]]:
    """
    Check the signed values of all Representations.

    Yield each value, whether it is signed, and whether it leads into the folder for each BaseURL.
    """
    originals, representations = read(text.encode()), read(sign_dash(text, URL, signed_policy))
    assert len(originals) == len(representations)
    for original, each in zip(originals, representations, strict=True):
        assert (original.id, original.bandwidth) == (each.id, each.bandwidth)
        values = {k: unsign(v, query).rstrip(" ") for k, v in each.values.items()}
        assert values == {k: v.rstrip(" ") for k, v in original.values.items()}
        levels = [[unsign(text, query) for text in level] for level in each.base_urls]
        assert levels == original.base_urls
        for place, value in each.values.items():
            filled = fill(value, each) if place.startswith("SegmentTemplate") else value
            is_inside = True
            for browser, python in find_urls(each, filled, resolve):
                is_ours = str(browser).startswith(FOLDER) and python.startswith(FOLDER)
                is_inside = is_inside and is_ours
                if "Signature=" in value:
                    assert is_ours
                    assert trusted_keys.check(str(browser), at=now)
            yield value, "Signature=" in value, is_inside
        for browser, python in find_urls(each, "", resolve):  # a BaseURL may be the file itself
            if "Signature=" in str(browser):
                assert str(browser).startswith(FOLDER)
                assert python.startswith(FOLDER)
                assert trusted_keys.check(str(browser), at=now)


@settings(max_examples=150)
@given(documents(HOSTILE, HOSTILE))
def test_signatures_stay_in_the_folder(
    signed_policy: SignedPolicy,
    query: str,
    resolve: Resolve,
    trusted_keys: TrustedKeyGroup,
    now: int,
    text: str,
) -> None:
    for _ in check(text, signed_policy, query, resolve, trusted_keys, now):
        pass


@settings(max_examples=150)
@given(documents(PLAIN, st.sampled_from(["1", "a/b", "//evil.example/a"])))
def test_plain_urls_are_signed_if_all_lead_into_the_folder(
    signed_policy: SignedPolicy,
    query: str,
    resolve: Resolve,
    trusted_keys: TrustedKeyGroup,
    now: int,
    text: str,
) -> None:
    text = text.replace('bandwidth="//evil.example/a"', 'bandwidth="5"').replace(
        'bandwidth="a/b"', 'bandwidth="5"'
    )
    for value, is_signed, is_inside in check(
        text, signed_policy, query, resolve, trusted_keys, now
    ):
        if value and not value.endswith("/"):
            assert is_signed == is_inside, value
