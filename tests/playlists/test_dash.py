"""Signed MPDs: which URLs carry the signature, and that nothing else changes."""

from __future__ import annotations

import re
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from cfsign import CfsignError, ResourceError, SignedPolicy, TrustedKeyGroup
from cfsign.playlists import sign_dash
from tests.playlists.conftest import FOLDER, HOST, Resolve
from tests.playlists.mpd_reader import fill, read
from tests.playlists.test_hls import NOT_SIGNED as NOT_SIGNED_IN_HLS
from tests.playlists.test_hls import SIGNED as SIGNED_IN_HLS

URL = f"{FOLDER}index.mpd"
SAMPLES = Path(__file__).parent / "samples"
START = '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011">'
# XML has no such characters, and a fragment is not worth a rule.
IN_XML = re.compile(r"[\t\n\r -\ud7ff\ue000-\ufffd]*")
SIGNED = [uri for uri in SIGNED_IN_HLS if "#" not in uri]
NOT_SIGNED = [uri for uri in NOT_SIGNED_IN_HLS if IN_XML.fullmatch(uri)]


def mark(document: bytes, query: str) -> str:
    """Return an MPD with `^` in place of each signature."""
    text = document.decode()
    for each in (query.replace("&", "&amp;"), query):
        text = re.sub(rf"(?:[?&]|&amp;){re.escape(each)}", "^", text)
    assert "Signature" not in text
    return text


def sign(text: str, signed_policy: SignedPolicy, query: str) -> str:
    return mark(sign_dash(text.replace("^", ""), URL, signed_policy), query)


def escape(uri: str) -> str:
    return (
        uri.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace("'", "&apos;")
        .replace("\t", "&#9;")
        .replace("\r", "&#13;")
    )


def in_a_period(content: str) -> str:
    return f"{START}<Period><AdaptationSet>{content}</AdaptationSet></Period></MPD>"


# Each has a place for a URL.
PLACES = {
    "BaseURL": in_a_period('<Representation id="1"><BaseURL>{}</BaseURL></Representation>'),
    "BaseURL of the MPD": f"{START}<BaseURL>{{}}</BaseURL></MPD>",
    "CDATA": in_a_period("<BaseURL><![CDATA[{}]]></BaseURL>"),
    "comments": in_a_period("<BaseURL>\n <!-- a -->{}<!-- b --><?c d?>\n</BaseURL>"),
    "Location": f"{START}<Location>{{}}</Location></MPD>",
    "media": in_a_period("<Representation><SegmentTemplate media = '{}'/></Representation>"),
    "initialization": in_a_period(
        '<SegmentTemplate x=" initialization=\'y\'" initialization="{}"></SegmentTemplate>'
        "<Representation/>"
    ),
    "index": in_a_period('<Representation/><SegmentTemplate index="{}" />'),
    "Initialization": in_a_period(
        '<SegmentBase><Initialization sourceURL="{}" range="0-9"/></SegmentBase><Representation/>'
    ),
    "RepresentationIndex": in_a_period(
        "<SegmentTemplate><RepresentationIndex sourceURL='{}'/></SegmentTemplate><Representation/>"
    ),
    "BitstreamSwitching": in_a_period(
        '<SegmentList><BitstreamSwitching sourceURL="{}"/></SegmentList><Representation/>'
    ),
    "SegmentURL": in_a_period(
        '<SegmentList><SegmentURL media="{}"/><SegmentURL index="{}"/></SegmentList>'
        "<Representation/>"
    ),
    "white space": in_a_period('<SegmentTemplate media=" {} "/><Representation/>'),
    "prefix": '<a:MPD xmlns:a="urn:mpeg:dash:schema:mpd:2011"><a:BaseURL>{}</a:BaseURL></a:MPD>',
    "no namespace": "<MPD><BaseURL>{}</BaseURL></MPD>",
}


@pytest.mark.parametrize("place", PLACES)
def test_url_in_the_folder_is_signed(signed_policy: SignedPolicy, query: str, place: str) -> None:
    for uri in SIGNED:
        uri = uri if place == "CDATA" else escape(uri)
        text = PLACES[place].replace("{}", uri)
        assert sign(text, signed_policy, query) == text


@pytest.mark.parametrize("place", PLACES)
def test_other_url_is_not_signed(signed_policy: SignedPolicy, place: str) -> None:
    for uri in NOT_SIGNED:
        if place != "CDATA" or not re.search("[\t\r]", uri):
            uri = uri if place == "CDATA" else escape(uri)
            text = PLACES[place].replace("{}", uri)
            assert sign_dash(text, URL, signed_policy) == text.encode()


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.mpd")), ids=lambda path: path.stem)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_sample(signed_policy: SignedPolicy, query: str, path: Path, end: str) -> None:
    """The samples have a `^` where a signature belongs."""
    expected = path.read_text("utf-8").replace("\n", end)
    assert sign(expected, signed_policy, query) == expected
    for mark_of_order in ("", "\ufeff"):
        text = mark_of_order + expected.replace("^", "")
        signed = sign_dash(text.encode(), URL, signed_policy)
        assert signed != text.encode()
        assert sign_dash(text, URL, signed_policy) == signed
        assert sign_dash(signed, URL, signed_policy) == signed


def test_signature_is_escaped_where_it_must_be(signed_policy: SignedPolicy, query: str) -> None:
    uri = f"{FOLDER}a.mp4?b=c&d"
    signed = f"{uri}&{query}"
    assert signed_policy.url(uri) == signed
    for place in ("CDATA", "comments", "media"):
        text = PLACES[place].replace("{}", uri if place == "CDATA" else escape(uri))
        assert text.count(uri if place == "CDATA" else escape(uri)) == 1
        expected = PLACES[place].replace("{}", signed if place == "CDATA" else escape(signed))
        assert sign_dash(text, URL, signed_policy).decode() == expected


@pytest.mark.parametrize(
    "content",
    [
        '<SegmentTemplate media="^$Number$.m4s"/>',
        '<SegmentTimeline media="a.m4s"/><Representation/>',
        '<SegmentTemplate media=""/><Representation/>',
        '<SegmentTemplate media="&#9;"/><Representation/>',
        '<SegmentTemplate media=" " initialization="a.m4s&#9;"/><Representation/>',
        '<Representation><SegmentURL media="a.m4s"/></Representation>',
        "<Representation><BaseURL>low/</BaseURL></Representation>",
        "<Representation><BaseURL>.</BaseURL></Representation>",
        "<Representation><BaseURL/></Representation>",
        "<Representation><BaseURL> \n</BaseURL></Representation>",
        "<Representation><BaseURL>a.mp4<b/></BaseURL></Representation>",
        "<Representation><BaseURL>a.mp4#t=5</BaseURL></Representation>",
        "<!-- <BaseURL>a.mp4</BaseURL> --><Representation/>",
        "<![CDATA[<BaseURL>a.mp4</BaseURL>]]><Representation/>",
        '<x:Representation xmlns:x="x"><BaseURL>a.mp4</BaseURL></x:Representation>'.replace(
            "x:Representation", "x:Other"
        ),
        '<Representation id="1" bandwidth="//evil.example/"><SegmentTemplate media="$Bandwidth$"/>'
        "</Representation>",
        '<Representation id="//evil.example/a"><SegmentTemplate media="$RepresentationID$"/>'
        "</Representation>",
        '<Representation id="//evil.example/a"><SegmentTemplate media="$RepresentationID%01d$"/>'
        "</Representation>",
        '<Representation id="a/../../43"><SegmentTemplate media="$RepresentationID$/a.m4s"/>'
        "</Representation>",
    ],
)
def test_nothing_to_sign(signed_policy: SignedPolicy, content: str) -> None:
    text = in_a_period(content.replace("^", ""))
    assert sign_dash(text, URL, signed_policy) == text.encode()


@pytest.mark.parametrize(
    "template",
    [
        "$RepresentationID$/$Number$.m4s",
        "$RepresentationID$/$Number%05d$.m4s",
        "$Bandwidth$/$Time$.m4s?a=$Number$",
        "$$/$SubNumber$.m4s",
        "a$b.m4s",
    ],
)
def test_identifiers_stay(signed_policy: SignedPolicy, query: str, template: str) -> None:
    text = in_a_period(
        f'<SegmentTemplate media="{template}^"/><Representation id="a/b" bandwidth="5"/>'
    )
    assert sign(text, signed_policy, query) == text


EVIL = "<BaseURL>https://evil.example/</BaseURL>"

# What is signed on some Representations only, and the result.
INHERITED = {
    "all": (
        '<SegmentTemplate media="a^"/><Representation id="1"/><Representation id="2"/>',
        '<SegmentTemplate media="a^"/><Representation id="1"/><Representation id="2"/>',
    ),
    "some": (
        f'<SegmentTemplate media="a&amp;b" index="c"/><Representation id="1"/>'
        f'<Representation id="2">{EVIL}</Representation><Representation id="3"> </Representation>',
        f'<SegmentTemplate media="a&amp;b" index="c"/><Representation id="1">'
        f'<SegmentTemplate media="a&amp;b^" index="c^"/></Representation>'
        f'<Representation id="2">{EVIL}</Representation><Representation id="3"> '
        f'<SegmentTemplate media="a&amp;b^" index="c^"/></Representation>',
    ),
    "own template": (
        f'<SegmentTemplate media="a" timescale="1"/><Representation>{EVIL}</Representation>'
        "<Representation><SegmentTemplate startNumber='2'/></Representation>"
        "<Representation><SegmentTemplate media='b^'/></Representation>",
        f'<SegmentTemplate media="a" timescale="1"/><Representation>{EVIL}</Representation>'
        "<Representation><SegmentTemplate media=\"a^\" startNumber='2'/></Representation>"
        "<Representation><SegmentTemplate media='b^'/></Representation>",
    ),
    "none": (
        f'<SegmentTemplate media="a"/><Representation>{EVIL}</Representation>',
        f'<SegmentTemplate media="a"/><Representation>{EVIL}</Representation>',
    ),
    "absolute": (
        f'<SegmentTemplate media="{FOLDER}a^"/><Representation>{EVIL}</Representation>',
        f'<SegmentTemplate media="{FOLDER}a^"/><Representation>{EVIL}</Representation>',
    ),
    "scheme-relative below another host": (
        f'<SegmentTemplate media="//media.example.com/videos/42/a"/><Representation>{EVIL}'
        "</Representation>",
        f'<SegmentTemplate media="//media.example.com/videos/42/a"/><Representation>{EVIL}'
        "</Representation>",
    ),
    "by id": (
        '<SegmentTemplate media="$RepresentationID$/a"/><Representation id="1"/>'
        '<Representation id="//evil.example"/>',
        '<SegmentTemplate media="$RepresentationID$/a"/><Representation id="1">'
        '<SegmentTemplate media="$RepresentationID$/a^"/></Representation>'
        '<Representation id="//evil.example"/>',
    ),
    "by the query": (
        '<SegmentTemplate media="$RepresentationID$"/><Representation id="1"/>'
        '<Representation id="1?a=b"/>',
        '<SegmentTemplate media="$RepresentationID$"/><Representation id="1">'
        '<SegmentTemplate media="$RepresentationID$^"/></Representation>'
        '<Representation id="1?a=b"><SegmentTemplate media="$RepresentationID$^"/>'
        "</Representation>",
    ),
    "alternatives": (
        f"<Representation>{EVIL}<BaseURL>a/</BaseURL><SegmentTemplate media='a'/></Representation>"
        f"<Representation><BaseURL>a/</BaseURL><BaseURL>b/</BaseURL><SegmentTemplate media='a^'/>"
        "</Representation>",
        f"<Representation>{EVIL}<BaseURL>a/</BaseURL><SegmentTemplate media='a'/></Representation>"
        f"<Representation><BaseURL>a/</BaseURL><BaseURL>b/</BaseURL><SegmentTemplate media='a^'/>"
        "</Representation>",
    ),
    "markup in a format": (
        f"<SegmentTemplate media='$Time%&lt;\"&gt;$'/><Representation>{EVIL}</Representation>"
        "<Representation/>",
        f"<SegmentTemplate media='$Time%&lt;\"&gt;$'/><Representation>{EVIL}</Representation>"
        '<Representation><SegmentTemplate media="$Time%&lt;&quot;>$^"/></Representation>',
    ),
    "white space": (
        f'<SegmentTemplate media=" a&#32; "/><Representation/><Representation>{EVIL}'
        "</Representation>",
        f'<SegmentTemplate media=" a&#32; "/><Representation><SegmentTemplate media=" a^"/>'
        f"</Representation><Representation>{EVIL}</Representation>",
    ),
    "list": (
        '<SegmentList><Initialization sourceURL="a"/><SegmentURL media="b"> </SegmentURL>'
        f'<SegmentURL mediaRange="0-1"/></SegmentList><Representation>{EVIL}</Representation>'
        '<Representation/><Representation><SegmentList duration="5"/></Representation>',
        '<SegmentList><Initialization sourceURL="a"/><SegmentURL media="b"> </SegmentURL>'
        f'<SegmentURL mediaRange="0-1"/></SegmentList><Representation>{EVIL}</Representation>'
        '<Representation><SegmentList><Initialization sourceURL="a^"/><SegmentURL media="b^"> '
        '</SegmentURL><SegmentURL mediaRange="0-1"/></SegmentList></Representation>'
        '<Representation><SegmentList duration="5"><Initialization sourceURL="a^"/>'
        '<SegmentURL media="b^"> </SegmentURL><SegmentURL mediaRange="0-1"/></SegmentList>'
        "</Representation>",
    ),
}


@pytest.mark.parametrize("name", INHERITED)
def test_inherited_attribute(signed_policy: SignedPolicy, query: str, name: str) -> None:
    before, after = map(in_a_period, INHERITED[name])
    assert sign(before, signed_policy, query) == after


def test_prefix_of_a_new_element(signed_policy: SignedPolicy, query: str) -> None:
    before = in_a_period(INHERITED["some"][0]).replace(START, "<MPD>")
    after = in_a_period(INHERITED["some"][1]).replace(START, "<MPD>")
    with_prefix = [
        re.sub(r"(</?)", r"\1a:", each).replace(
            "<a:MPD>", '<a:MPD xmlns:a="urn:mpeg:dash:schema:mpd:2011">'
        )
        for each in (before, after)
    ]
    assert sign(with_prefix[0], signed_policy, query) == with_prefix[1]


def test_periods_are_resolved_alone(signed_policy: SignedPolicy, query: str) -> None:
    period = (
        "<Period>{}<SegmentTemplate media='a{}'/><AdaptationSet><Representation/></AdaptationSet>"
        "</Period>"
    )
    text = f"{START}{period.format(EVIL, '')}{period.format('', '^')}{period.format('', '^')}</MPD>"
    assert sign(text, signed_policy, query) == text


def test_base_urls_are_a_chain(signed_policy: SignedPolicy, query: str) -> None:
    for bases, is_signed in (
        (["https://media.example.com/", "videos/", "42/"], True),
        (["https://media.example.com/", "videos/", "43/"], False),
        (["https://media.example.com/", "//evil.example/", "/videos/42/"], False),
        (["https://evil.example/", "videos/", FOLDER], True),
        (["low/", "../", "high/"], True),
        (["low/", "../../", "high/"], False),
        (["low\\", "high/", "a/"], False),
        (["https://media.example.com/a|b/", "low/", "a/"], False),
    ):
        mpd, period, representation = (f"<BaseURL>{base}</BaseURL>" for base in bases)
        template = f"<SegmentTemplate media='a{'^' * is_signed}'/>"
        text = (
            f"{START}{mpd}<Period>{period}<AdaptationSet>{template}"
            f"<Representation>{representation}</Representation></AdaptationSet></Period></MPD>"
        )
        assert sign(text, signed_policy, query) == text


ENTITIES = '<!DOCTYPE MPD [<!ENTITY a "' + "b" * 9999 + '">]>'
LAUGHS = "<!DOCTYPE MPD [<!ENTITY a0 'ha'>{}]>".format(
    "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(20))
)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (f"{LAUGHS}<MPD>&a20;</MPD>", "DTD"),
        (f"{ENTITIES}<MPD>{'&a;' * 99999}</MPD>", "DTD"),
        ('<!DOCTYPE MPD [<!ENTITY a SYSTEM "file:///etc/passwd">]><MPD>&a;</MPD>', "DTD"),
        ('<!DOCTYPE MPD SYSTEM "https://evil.example/a.dtd"><MPD/>', "DTD"),
        ("<!DOCTYPE html><html></html>", "DTD"),
        ("<html></html>", "not an MPD"),
        ("<svg xmlns='http://www.w3.org/2000/svg'/>", "not an MPD"),
        ("#EXTM3U\n", "not well-formed XML: .*line 1, column 1"),
        ("", "not well-formed XML: no element found"),
        ("<MPD>\n<Period></MPD>", "not well-formed XML: mismatched tag, line 2"),
        ("<MPD>&a;</MPD>", "not well-formed XML: undefined entity"),
        ("<MPD>\0</MPD>", "not in UTF-8; convert"),
        ("<MPD/><MPD/>", "not well-formed XML: junk"),
        ('<MPD a="1" a="2"/>', "not well-formed XML: duplicate attribute"),
        (b"<MPD>\xff</MPD>", "not in UTF-8; convert"),
        ("<MPD/>".encode("utf-16"), "not in UTF-8; convert"),
        ("<MPD/>".encode("utf-16-le"), "not in UTF-8; convert"),
        ("<MPD>\ud800</MPD>", "not in UTF-8; convert"),
        ("<?xml version='1.0' encoding='utf-7'?><MPD/>", "not in UTF-8; convert"),
        ("<?xml version='1.0' encoding='iso-8859-1'?><MPD/>", "not in UTF-8; convert"),
        (None, "must be bytes or text, got NoneType"),
        (
            '<MPD xmlns="a"><b:BaseURL xmlns:b="b">https://evil.example/</b:BaseURL></MPD>',
            "element BaseURL of another namespace",
        ),
        (
            in_a_period('<SegmentTemplate/><SegmentTemplate media="a"/><Representation/>'),
            "AdaptationSet has more than one SegmentTemplate",
        ),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_refused_document(signed_policy: SignedPolicy, document: Any, message: str) -> None:
    with pytest.raises(ResourceError, match=message):
        sign_dash(document, URL, signed_policy)


def test_wrong_arguments(signed_policy: SignedPolicy) -> None:
    with pytest.raises(CfsignError, match="URL is relative"):
        sign_dash("<MPD/>", "index.mpd", signed_policy)
    wrong: Any = signed_policy.policy
    with pytest.raises(CfsignError, match="SignedPolicy is needed"):
        sign_dash("<MPD/>", URL, wrong)


REPRESENTATIONS = "<Representation><BaseURL>/a{}/</BaseURL></Representation>"
BASES = "".join(f"<BaseURL>/a{n}/</BaseURL>" for n in range(300))

# True if there are too many URLs to resolve.
HOSTILE = {
    "attribute": (in_a_period(f'<SegmentTemplate media="{"a" * 10**7}"/><Representation/>'), False),
    "text": (f"{START}<BaseURL>{'a' * 10**7}</BaseURL></MPD>", False),
    "comments": (f"{START}<BaseURL>{'<!---->' * 10**5}/a</BaseURL></MPD>", False),
    "depth": (f"{START}{'<a>' * 10**5}{'</a>' * 10**5}</MPD>", False),
    "attributes": (f"<MPD {' '.join(map('a{0}={0!r}'.format, map(str, range(10**4))))}/>", False),
    "commas": (in_a_period(f'<SegmentTemplate media="{"," * 10**6}"/><Representation/>'), False),
    "identifiers": (
        in_a_period(
            f'<SegmentTemplate media="{"$RepresentationID$" * 400}"/>'
            f'<Representation id="{"a" * 10**5}"/>' * 1
        ),
        False,
    ),
    "open identifiers": (
        in_a_period(f'<SegmentTemplate media="{"$Number%" * 10**5}"/><Representation/>'),
        False,
    ),
    "Representations": (
        in_a_period('<SegmentTemplate media="/a"/>' + "<Representation/>" * 10**4),
        False,
    ),
    "BaseURLs": (
        f"{START}{BASES}<Period>{BASES.replace('/a', 'a')}<AdaptationSet>"
        f"{BASES.replace('/a', 'a')}<Representation/></AdaptationSet></Period></MPD>",
        True,
    ),
    "inherited list": (
        in_a_period(
            "<SegmentList>"
            + '<SegmentURL media="a"/>' * 5000
            + "</SegmentList>"
            + "".join(map(REPRESENTATIONS.format, range(5000)))
        ),
        True,
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_document_takes_linear_time(signed_policy: SignedPolicy, name: str) -> None:
    """Quadratic time would be minutes."""
    text, is_refused = HOSTILE[name]
    if is_refused:
        with pytest.raises(ResourceError, match="more than 200000 URLs"):
            sign_dash(text, URL, signed_policy)
    else:
        assert sign_dash(text, URL, signed_policy) == text.encode()


def test_memory_of_many_segments(signed_policy: SignedPolicy) -> None:
    urls = "".join(f'<SegmentURL media="segment_{n:05}.m4s"/>\n' for n in range(10_000))
    text = in_a_period(f"<SegmentList>{urls}</SegmentList><Representation/>").encode()
    tracemalloc.start()
    signed = sign_dash(text, URL, signed_policy)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert signed.count(b"Signature=") == 10_000
    assert peak < 4 * len(signed)


def test_signed_urls_of_the_samples_are_allowed(
    signed_policy: SignedPolicy, resolve: Resolve, trusted_keys: TrustedKeyGroup, now: int
) -> None:
    """As a player resolves them."""
    allowed = 0
    for path in SAMPLES.glob("*.mpd"):
        text = path.read_text("utf-8").replace("^", "")
        for each in read(sign_dash(text, URL, signed_policy)):
            base: str | None = URL
            for texts in each.base_urls:
                base = resolve(texts[0], base or "")
            for value in each.values.values():
                url = resolve(fill(value, each), base or "") or ""
                assert ("Signature=" in value) == url.startswith(FOLDER)
                if url.startswith(FOLDER):
                    assert trusted_keys.check(url, at=now)
                    allowed += 1
                assert url.startswith(HOST) or "Signature=" not in url
    assert allowed > 5
