"""Signed HLS playlists: which URIs carry the signature, and that nothing else changes."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from cfsign import CfsignError, Policy, SignedPolicy, Signer
from cfsign.playlists import sign_hls
from tests.playlists.conftest import EXPIRY, FOLDER, HOST, mark

m3u8 = pytest.importorskip("m3u8")

URL = f"{FOLDER}index.m3u8"
TAGS = (
    *("KEY", "SESSION-KEY", "MAP", "MEDIA", "I-FRAME-STREAM-INF", "IMAGE-STREAM-INF", "PART"),
    *("PRELOAD-HINT", "RENDITION-REPORT", "SESSION-DATA"),
)
SAMPLES = Path(__file__).parent / "samples"

# The `^` is where the signature belongs.
SIGNED = [
    "seg.ts^",
    "low/seg.ts^",
    "./seg.ts^",
    "../42/seg.ts^",
    "x/../seg.ts^",
    "/videos/42/seg.ts^",
    "/videos/../videos/./42/seg.ts^",
    "//media.example.com/videos/42/seg.ts^",
    "https://media.example.com/videos/42/seg.ts^",
    "seg.ts?v=2^",
    "seg.ts?v=2&w=%20^",
    "https://media.example.com/videos/42/seg.ts?url=https://evil.example/a^",
    "?v=2^",
    "seg.ts^#t=5",
    "seg.ts ^#t=5",
    "größe 1.ts^",
    "größe.ts^",
    "a b.ts^",
    "%C3%A4.ts^",
    "a,b;c=d.ts^",
    "1:2.ts^",
    "/videos/42//b.ts^",
]
NOT_SIGNED = [
    "/videos/43/seg.ts",
    "../43/seg.ts",
    "../420/seg.ts",
    "..",
    "/videos/42",
    "/VIDEOS/42/seg.ts",
    "../../../../etc/seg.ts",
    "https://evil.example/videos/42/seg.ts",
    "//evil.example/videos/42/seg.ts",
    "https://media.example.com.evil.example/videos/42/seg.ts",
    "https://media.example.com@evil.example/videos/42/seg.ts",
    "https://user@media.example.com/videos/42/seg.ts",
    "https://user:pass@media.example.com/videos/42/seg.ts",
    "//user@media.example.com/videos/42/seg.ts",
    "https://media.example.com:443/videos/42/seg.ts",
    "https://media.example.com:8443/videos/42/seg.ts",
    "https://media.example.com./videos/42/seg.ts",
    "https://media.example.com?/videos/42/seg.ts",
    "https://media.example.com",
    "http://media.example.com/videos/42/seg.ts",
    "HTTPS://media.example.com/videos/42/seg.ts",
    "hTtps://media.example.com/videos/42/seg.ts",
    "https://MEDIA.example.com/videos/42/seg.ts",
    "//Media.example.com/videos/42/seg.ts",
    "https:///media.example.com/videos/42/seg.ts",
    "https:////media.example.com/videos/42/seg.ts",
    "https:/media.example.com/videos/42/seg.ts",
    "https:media.example.com/videos/42/seg.ts",
    "https:seg.ts",
    "///media.example.com/videos/42/seg.ts",
    "///evil.example/videos/42/seg.ts",
    "/\\evil.example/videos/42/seg.ts",
    "\\\\evil.example\\seg.ts",
    "https:\\\\media.example.com\\videos\\42\\seg.ts",
    "https://media.example.com/videos/42\\seg.ts",
    "low\\seg.ts",
    "https://evil.example\\@media.example.com/videos/42/seg.ts",
    "ht\ttps://evil.example/seg.ts",
    "/\t/evil.example/seg.ts",
    "seg\t.ts",
    "seg\0.ts",
    "seg\x0b.ts",
    "seg\x85.ts",
    "seg\r.ts",
    "seg.ts\u2028https://evil.example/seg.ts",
    "\u00a0https://evil.example/seg.ts",
    "\ufeffhttps://evil.example/seg.ts",
    "\u3000seg.ts",
    "seg\ud800.ts",
    "%2e%2e/43/seg.ts",
    "%2E./42/seg.ts",
    ".%2e/42/seg.ts",
    "a//b.ts",
    "a//../b.ts",
    "a//../../42/b.ts",
    "..;a/seg.ts",
    "../42/..;a",
    "https://media.example.com/videos/43/../42/seg.ts",
    "//media.example.com/videos/42/../42/seg.ts",
    "data:text/plain,seg.ts",
    "skd://key-server/id",
    "javascript:alert(1)",
    "file:///videos/42/seg.ts",
    "blob:https://media.example.com/videos/42/seg.ts",
    "seg:1.ts",
    "a|b.ts",
    "seg.ts?a='b'",
    "seg*.ts",
    "%zz.ts",
    "seg.ts?Policy=x&Signature=y&Key-Pair-Id=z",
    "seg.ts?%50olicy=x",
    "#seg.ts",
    "a" * 9000,
]


def sign(text: str, signed_policy: SignedPolicy, query: str, **options: Any) -> str:
    """Sign a playlist, and return it with `^` in place of each signature."""
    return mark(sign_hls(text, URL, signed_policy, **options), query)


@pytest.mark.parametrize("uri", SIGNED)
def test_uri_in_the_folder_is_signed(signed_policy: SignedPolicy, query: str, uri: str) -> None:
    text = f"#EXTM3U\n#EXTINF:4,\n{uri}\n"
    assert sign(text.replace("^", ""), signed_policy, query) == text
    signed = sign_hls(text.replace("^", ""), URL, signed_policy)
    assert f"&{query}" in signed if "?" in uri else f"?{query}" in signed


@pytest.mark.parametrize("uri", NOT_SIGNED, ids=lambda uri: ascii(uri[:60]))
@pytest.mark.parametrize("absolute", [False, True])
def test_other_uri_is_not_signed(
    signed_policy: SignedPolicy, query: str, uri: str, absolute: bool
) -> None:
    for text in (f"#EXTM3U\n#EXTINF:4,\n{uri}\n", f'#EXTM3U\n#EXT-X-MAP:URI="{uri}"\n'):
        signed = sign_hls(text, URL, signed_policy, absolute=absolute)
        assert "Signature" not in signed.replace(uri, "")
        if not absolute:
            assert signed == text


@pytest.mark.parametrize("tag", TAGS)
def test_uri_of_a_tag_is_signed(signed_policy: SignedPolicy, query: str, tag: str) -> None:
    text = (
        f'#EXTM3U\n#EXT-X-{tag}:URI="a.bin^"\n#EXT-X-{tag}:METHOD=X,A="b,c", URI="a.bin^" ,C=D,\n'
    )
    assert sign(text.replace("^", ""), signed_policy, query) == text


@pytest.mark.parametrize(
    "line",
    [
        '#EXT-X-SOMETHING:URI="a.bin"',
        '#EXT-X-KEYS:URI="a.bin"',
        '#ext-x-key:URI="a.bin"',
        ' #EXT-X-KEY:URI="a.bin"',
        '#EXT-X-CONTENT-STEERING:SERVER-URI="a.bin"',
        '#EXT-X-DATERANGE:ID="1",X-ASSET-URI="a.bin"',
        "#EXT-X-KEY:METHOD=NONE",
        "#EXT-X-KEY:URI=a.bin",
        '#EXT-X-KEY:URI=""',
        '#EXT-X-KEY:uri="a.bin"',
        '#EXT-X-KEY:X-URI="a.bin"',
        '#EXT-X-KEY:A="URI=",B="a.bin"',
        '#EXT-X-KEY:A=",URI=",B="a.bin"',
        '#EXT-X-KEY:A="b,URI="a.bin"',
        '#EXT-X-KEY:URI="a.bin"b',
        '#EXT-X-KEY:URI="a.bin',
        '#EXT-X-KEY:URI="a.bin",URI="https://evil.example/a.bin"',
        '#EXT-X-KEY:URI="https://evil.example/a.bin",URI="a.bin"',
        '#EXT-X-KEY:URI="a.bin",B="c',
        '#EXT-X-KEY:URI="a.bin",B',
        '#EXT-X-KEY:A="\u2028https://evil.example/",URI="a.bin"',
        '#EXT-X-KEY:A="\x85https://evil.example/",URI="a.bin"',
        '#EXT-X-KEY:A="\rhttps://evil.example/",URI="a.bin"',
        "#EXTINF:4.0,a.ts",
        "# a.ts",
        "#",
        "",
        "   ",
    ],
    ids=ascii,
)
def test_other_line_is_left_as_it_is(signed_policy: SignedPolicy, query: str, line: str) -> None:
    for end in ("\n", "\r\n"):
        text = end.join(["\ufeff#EXTM3U", line, "b.ts^", ""])
        assert sign(text.replace("^", ""), signed_policy, query) == text


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.m3u8")), ids=lambda path: path.stem)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_sample(signed_policy: SignedPolicy, query: str, path: Path, end: str) -> None:
    """The samples have a `^` where a signature belongs."""
    expected = path.read_text("utf-8").replace("\n", end)
    text = expected.replace("^", "")
    assert text != expected
    assert sign(text, signed_policy, query) == expected
    assert sign(sign_hls(text, URL, signed_policy), signed_policy, query) == expected
    compare(m3u8.loads(text).data, m3u8.loads(sign_hls(text, URL, signed_policy)).data, query)


def compare(original: Any, signed: Any, query: str) -> None:
    """Compare what m3u8 reads: the signed playlist has the same entries, with the signature."""
    if isinstance(original, dict):
        assert original.keys() == signed.keys()
        for name, value in original.items():
            if name.endswith("uri") and value and signed[name] != value:
                assert signed[name] in (f"{value}?{query}", f"{value}&{query}")
            else:
                compare(value, signed[name], query)
    elif isinstance(original, list):
        assert len(original) == len(signed)
        for one, other in zip(original, signed, strict=True):
            compare(one, other, query)
    else:
        assert original == signed


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("seg.ts", f"{FOLDER}seg.ts^"),
        ("../42/seg.ts?v=2#t=5", f"{FOLDER}seg.ts?v=2^#t=5"),
        ("../43/seg.ts", f"{HOST}/videos/43/seg.ts"),
        ("../..", f"{HOST}/"),
        ("?v=2", f"{URL}?v=2^"),
        ("/free/", f"{HOST}/free/"),
        (".", f"{FOLDER}^"),
        ("//media.example.com/a.ts", f"{HOST}/a.ts"),
        ("http://media.example.com/a.ts", "http://media.example.com/a.ts"),
        ("größe 1.ts", f"{FOLDER}gr%C3%B6%C3%9Fe%201.ts^"),
        ("//evil.example/a.ts", "//evil.example/a.ts"),
        ("skd://a", "skd://a"),
        ("/\\a.ts", "/\\a.ts"),
        ("seg.ts?t={$unknown}", f"{FOLDER}seg.ts?t={{$unknown}}^"),
        ("{$unknown}.ts", "{$unknown}.ts"),
    ],
)
def test_absolute(signed_policy: SignedPolicy, query: str, uri: str, expected: str) -> None:
    for text in ('#EXTM3U\n#EXT-X-MAP:URI="{}",X="a.ts"\n', "#EXTM3U\r\n {} \r\n"):
        signed = sign(text.replace("{}", uri), signed_policy, query, absolute=True)
        assert signed == text.replace("{}", expected)


VARIABLES = f"""#EXTM3U
#EXT-X-DEFINE:NAME="n",VALUE="5"
#EXT-X-DEFINE:NAME="host",VALUE="media.example.com"
#EXT-X-DEFINE:NAME="base",VALUE="{FOLDER}low"
#EXT-X-DEFINE:NAME="auth",VALUE="?a=b"
#EXT-X-DEFINE:NAME="empty",VALUE=""
#EXT-X-DEFINE:NAME="up",VALUE=".."
#EXT-X-DEFINE:NAME="evil",VALUE="https://evil.example"
#EXT-X-DEFINE:NAME="slash",VALUE="/"
#EXT-X-DEFINE:NAME="ours",VALUE="media.example.com/videos/42/"
#EXT-X-DEFINE:NAME="nested",VALUE="{{$n}}"
#EXT-X-DEFINE:NAME="twice",VALUE="a"
#EXT-X-DEFINE:NAME="twice",VALUE="a"
#EXT-X-DEFINE:NAME="long",VALUE="{"a" * 5000}"
#EXT-X-DEFINE:QUERYPARAM="query"
#EXT-X-DEFINE:IMPORT="imported"
"""


@pytest.mark.parametrize(
    "uri",
    [
        "seg{$n}.ts^",
        "{$base}/seg.ts^",
        "https://{$host}/videos/42/seg.ts^",
        "//{$host}/videos/42/seg.ts^",
        "seg.ts?a={$query}^",
        "seg.ts?a={$imported}&b={$n}^",
        "{$up}/42/seg.ts^",
        "{$up}/43/seg.ts",
        "{$query}/seg.ts",
        "{$imported}.ts",
        "{$nested}.ts",
        "{$twice}.ts",
        "{$nowhere}.ts",
        "{$evil}/seg.ts",
        "/{$slash}evil.example/videos/42/seg.ts",
        "{$slash}{$slash}evil.example/seg.ts",
        "https://{$host}.evil.example/videos/42/seg.ts",
        "https://{$ours}.evil.example/seg.ts",
        "https:/{$slash}{$ours}.evil.example/seg.ts",
        "https:{$slash}{$slash}{$ours}.evil.example/seg.ts",
        "//{$ours}.evil.example/seg.ts",
        "{$long}{$long}.ts",
        "seg{n}.ts",
        "seg{$n.ts",
    ],
)
def test_variables(signed_policy: SignedPolicy, query: str, uri: str) -> None:
    text = f'{VARIABLES}{uri}\n#EXT-X-MAP:URI="{uri}"\n'
    assert sign(text.replace("^", ""), signed_policy, query) == text


def test_query_in_a_variable(signed_policy: SignedPolicy) -> None:
    signed = sign_hls(f"{VARIABLES}seg.ts{{$auth}}\n", URL, signed_policy)
    assert "seg.ts{$auth}&Policy=" in signed


@pytest.mark.parametrize("hidden", ["\u2028", "\r", "\x0b", "\x85"], ids=ascii)
def test_variables_of_a_hidden_line_are_not_trusted(
    signed_policy: SignedPolicy, hidden: str
) -> None:
    """A client that splits the comment reads another definition."""
    comment = f'#EXTINF:4,{hidden}#EXT-X-DEFINE:NAME="n",VALUE="https://evil.example"\n'
    text = f"{comment}{VARIABLES}{{$n}}/seg.ts\n"
    assert sign_hls(text, URL, signed_policy) == text


def test_reference_in_the_hidden_line_is_not_needed(signed_policy: SignedPolicy) -> None:
    """A tab and CRLF hide no line."""
    text = f"# a\tb\r\n{VARIABLES}{{$n}}.ts\n"
    assert "{$n}.ts?Policy=" in sign_hls(text, URL, signed_policy)


def test_other_folders_and_patterns(signer: Signer) -> None:
    """The rule is that of SignedPolicy.url: a pattern may end in the middle of a name."""
    policy = signer.sign_policy(Policy(f"{HOST}/videos/4*.ts", EXPIRY))
    signed = sign_hls("a.ts\na.mp4\n../41/a.ts\n../51/a.ts\na.ts?b=c\n", URL, policy)
    lines = ["?Policy=" in line for line in signed.splitlines()]
    assert lines == [True, False, True, False, False]


def test_canned_policy_signs_its_one_file(signer: Signer) -> None:
    policy = signer.sign_policy(Policy(f"{FOLDER}a.ts", EXPIRY))
    assert (
        sign_hls("a.ts\nb.ts\n", URL, policy)
        == f"a.ts{policy.url(FOLDER + 'a.ts')[len(FOLDER + 'a.ts') :]}\nb.ts\n"
    )


def test_every_host_is_not_ours(signer: Signer) -> None:
    """Also where the policy covers every host."""
    with pytest.warns(UserWarning, match="wildcard"):
        policy = signer.sign_policy(Policy("https://*", EXPIRY))
    for uri in [*NOT_SIGNED, "https://evil.example/a.ts", "//evil.example/a.ts"]:
        if not uri.startswith((".", "/videos", "/VIDEOS")):
            assert sign_hls(uri, URL, policy) == uri
    assert "Policy=" in sign_hls("/a.ts", URL, policy)


def test_both_schemes(signer: Signer, query: str) -> None:
    policy = signer.sign_policy(Policy("*://media.example.com/videos/42/*", EXPIRY))
    signed = sign_hls("//media.example.com/videos/42/a.ts\na.ts\nhttp:" + FOLDER[6:], URL, policy)
    assert signed.count("Policy=") == 3
    for base in (URL, URL.replace("https:", "http:")):
        signed = sign_hls("//media.example.com/videos/42/a\n", base, policy, absolute=True)
        assert signed.startswith(f"{base[:-10]}a?")


def test_empty_name_in_the_url_of_the_playlist(signer: Signer) -> None:
    """Python's urljoin drops it, and would leave the folder."""
    policy = signer.sign_policy(Policy(f"{HOST}//videos/*", EXPIRY))
    text = "a.ts\n../videos/a.ts\n"
    assert sign_hls(text, f"{HOST}//videos/a.m3u8", policy) == text
    assert "Policy=" in sign_hls("//media.example.com//videos/a.ts", URL, policy)


def test_url_too_long_with_the_signature_is_not_signed(
    signed_policy: SignedPolicy, query: str
) -> None:
    longest = 8192 - len(FOLDER) - 1 - len(query)
    text = f"{'a' * longest}^\n{'a' * (longest + 1)}\n"
    assert sign(text.replace("^", ""), signed_policy, query) == text


def test_signed_url_of_the_playlist(signed_policy: SignedPolicy) -> None:
    """Its query is not that of the segments."""
    signed = sign_hls("a.ts\n?b=c\n", URL, signed_policy)
    assert sign_hls("a.ts\n?b=c\n", signed_policy.url(URL), signed_policy) == signed


def test_playlist_is_never_signed_twice(signed_policy: SignedPolicy) -> None:
    signed = sign_hls('a.ts\n#EXT-X-MAP:URI="b.mp4"\n', URL, signed_policy)
    assert sign_hls(signed, URL, signed_policy) == signed


@pytest.mark.parametrize(
    ("text", "url", "message"),
    [
        (b"#EXTM3U\n", URL, "must be text .*bytes; decode it"),
        (None, URL, "must be text .*NoneType"),
        ("#EXTM3U\n", "index.m3u8", "URL is relative"),
        ("#EXTM3U\n", "/videos/42/index.m3u8", "URL is relative"),
        ("#EXTM3U\n", f"{FOLDER}../index.m3u8", r"`\.\.`"),
        ("#EXTM3U\n", "https://user@media.example.com/a.m3u8", "user-info"),
        ("#EXTM3U\n", HOST, "no path"),
        ("#EXTM3U\n", None, "must be text"),
    ],
)
def test_wrong_arguments(signed_policy: SignedPolicy, text: Any, url: Any, message: str) -> None:
    with pytest.raises(CfsignError, match=message):
        sign_hls(text, url, signed_policy)


@pytest.mark.parametrize("wrong", [None, "signature"])
def test_wrong_policy(signed_policy: SignedPolicy, wrong: Any) -> None:
    for value in (wrong, signed_policy.cookies(), signed_policy.policy):
        with pytest.raises(CfsignError, match=r"SignedPolicy is needed.*sign_folder"):
            sign_hls("#EXTM3U\n", URL, value)


HOSTILE = {
    "one line": "a" * 10 * 2**20,
    "commas": "#EXT-X-MEDIA:" + "," * 10**6,
    "attributes": "#EXT-X-MEDIA:" + "A=B," * 10**5,
    "equals": "#EXT-X-MEDIA:" + "=" * 10**6,
    "quotes": "#EXT-X-MEDIA:" + '"' * 10**6,
    "spaces in attributes": "#EXT-X-MEDIA:A" + " " * 10**6,
    "spaces": " " * 10**6 + "|",
    "empty lines": "\n" * 10**6,
    "carriage returns": "\r" * 10**6,
    "NUL": "\0" * 10**6,
    "slashes": "/" * 10**6,
    "fragments": "#" * 10**6,
    "dots": ("../" * 2500 + "\n") * 100,
    "open references": ("{$" * 4000 + "\n") * 100,
    "long values": f'#EXT-X-DEFINE:NAME="a",VALUE="{"b" * 8000}"\n' + ("{$a}" * 20 + "\n") * 10**3,
    "definitions": '#EXT-X-DEFINE:NAME="a",VALUE="b"\n' * 10**4 + "{$a}.ts\n",
    "foreign": "https://evil.example/a.ts\n" * 10**4,
    "outside": "/a.ts\n" * 10**4,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_playlist_takes_linear_time_and_memory(
    signed_policy: SignedPolicy, name: str
) -> None:
    """Quadratic time would be hours."""
    text = f"#EXTM3U\n{HOSTILE[name]}\n"
    assert sign_hls(text, URL, signed_policy) == text
    tracemalloc.start()
    sign_hls(text, URL, signed_policy)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * len(text)


def test_memory_of_many_segments(signed_policy: SignedPolicy) -> None:
    text = "#EXTM3U\n" + "".join(f"#EXTINF:6.0,\nsegment_{n:05}.ts\n" for n in range(10_000))
    tracemalloc.start()
    signed = sign_hls(text, URL, signed_policy)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert signed.count("&Signature=") == 10_000
    assert peak < 4 * len(signed)
