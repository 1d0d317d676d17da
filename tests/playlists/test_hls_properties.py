"""No signature ever leaves the host and the folder: generated playlists, read by other programs."""

from __future__ import annotations

import re
from urllib.parse import urljoin

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cfsign import SignedPolicy, TrustedKeyGroup
from cfsign.playlists import sign_hls
from tests.playlists.conftest import FOLDER, Resolve, mark
from tests.playlists.test_hls import TAGS, URL, compare

m3u8 = pytest.importorskip("m3u8")

PIECES = [
    *("https:", "HTTPS:", "hTTp:", "http:", "/", "//", "///", "\\", "\t", "\r", "\0", "\x0b", " "),
    *("media.example.com", "MEDIA.example.com", "evil.example", "user@", "user:pass@", ":443", "."),
    *("..", "../", "./", "%2e", "%2E%2e/", "videos/42/", "/videos/42/", "42", "seg", "seg.ts", ";"),
    *(
        "?",
        "?a=1",
        "&b",
        "#",
        "#x",
        "é",
        "\u2028",
        "\u00a0",
        "\ufeff",
        "\uff0f",
        "\u3002",
        "%",
        "%2f",
        "@",
    ),
    *(
        "{$a}",
        "{$b}",
        "{$c}",
        "{$",
        "}",
        "data:",
        "skd://",
        "javascript:",
        "x:",
        "'",
        "|",
        "*",
        ",",
    ),
]
OURS = ["https://media.example.com/videos/42/", "//media.example.com/videos/42/", "seg.ts"]
URIS = st.builds(
    "".join, st.lists(st.sampled_from(PIECES) | st.sampled_from(OURS), min_size=1, max_size=7)
)
VALUES = st.builds("".join, st.lists(st.sampled_from(PIECES), max_size=4))
LINES = st.one_of(
    URIS,
    st.builds('#EXT-X-{}:A={},URI="{}"'.format, st.sampled_from(TAGS), URIS, URIS),
    st.builds('#EXT-X-{}:A="{}",URI="{}"'.format, st.sampled_from(TAGS), URIS, URIS),
    st.builds('#EXT-X-DEFINE:NAME="{}",VALUE="{}"'.format, st.sampled_from("abc"), VALUES),
    st.builds("#EXTINF:4,{}".format, URIS),
)
PLAYLISTS = st.builds(
    lambda lines, end: end.join(["#EXTM3U", *lines, ""]),
    st.lists(LINES, max_size=6),
    st.sampled_from(["\n", "\r\n"]),
)
# All that any client takes for the end of a line.
LINE_ENDS = r"[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]"


def find_signed_uris(text: str) -> set[str]:
    """Return what clients may take for a URI with a signature, by different rules."""
    found: set[str] = set()
    for lines in (text.split("\n"), re.split(LINE_ENDS, text)):
        for line in filter(re.compile("Signature=").search, lines):
            if line.startswith("#"):
                values = re.findall(r'URI="(.*?)"', line) + re.findall(r'="([^"]*)"', line)
                found |= {value for value in values if "Signature=" in value}
            else:
                found |= {line, line.strip(), line.strip("\ufeff \r")}
    return found


def substitute(uri: str, text: str) -> str:
    for name, value in re.findall(r'#EXT-X-DEFINE:NAME="([abc])",VALUE="(.*)"', text):
        uri = uri.replace(f"{{${name}}}", value)
    return uri


@settings(max_examples=400)
@given(PLAYLISTS)
@example("#EXTM3U\nhttps://{$a}.evil.example/x\n")
@example('#EXTM3U\n#EXT-X-DEFINE:NAME="a",VALUE="media.example.com/videos/42/"\nhttps://{$a}.x/y\n')
def test_signatures_stay_in_the_folder(
    resolve: Resolve,
    signed_policy: SignedPolicy,
    trusted_keys: TrustedKeyGroup,
    query: str,
    now: int,
    text: str,
) -> None:
    signed = sign_hls(text, URL, signed_policy)
    assert mark(signed, query).replace("^", "") == text.replace("^", "")
    absolute = sign_hls(text, URL, signed_policy, absolute=True)
    assert absolute.count("Signature=") == signed.count("Signature=")
    for uri in find_signed_uris(signed) | find_signed_uris(absolute):
        for sent in (uri, substitute(uri, text)):
            in_browser = resolve(sent, URL)
            assert in_browser is not None
            # A client that knows no variables asks for another file, or for a host that no one has.
            if "{$" not in sent or not in_browser.startswith("https://{$"):
                assert in_browser.startswith("https://media.example.com/")
        assert in_browser.startswith(FOLDER)
        assert urljoin(URL, sent.strip()).startswith(FOLDER)
        verdict = trusted_keys.check(in_browser.partition("#")[0], at=now)
        assert verdict or "{$" in sent


NAMES = st.text("abcäö01 _-./,?&=%;:", min_size=1, max_size=12).filter(
    lambda name: name == name.strip()
)
ENTRIES = st.one_of(
    st.builds("#EXTINF:{:.3f},{}\n{}.ts".format, st.floats(1, 9), NAMES, NAMES),
    st.builds("#EXTINF:6,\n#EXT-X-BYTERANGE:{}@{}\nmain.ts".format, *[st.integers(0, 9**9)] * 2),
    st.builds('#EXT-X-KEY:METHOD=AES-128,URI="{}"\n#EXTINF:1,\na.ts'.format, NAMES),
    st.builds('#EXT-X-MAP:URI="{}",BYTERANGE="9@0"\n#EXTINF:1,\na.m4s'.format, NAMES),
    st.builds('#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="{}",URI="{}"'.format, NAMES, NAMES),
    st.builds("#EXT-X-STREAM-INF:BANDWIDTH={}\n{}.m3u8".format, st.integers(1, 9**9), NAMES),
)


@settings(max_examples=100)
@given(st.lists(ENTRIES, min_size=1, max_size=8))
def test_m3u8_reads_the_same_entries(
    signed_policy: SignedPolicy, query: str, entries: list[str]
) -> None:
    text = "\n".join(["#EXTM3U", "#EXT-X-TARGETDURATION:9", *entries, ""])
    signed = sign_hls(text, URL, signed_policy)
    compare(m3u8.loads(text).data, m3u8.loads(signed).data, query)


def test_many_generated_playlists_are_signed(signed_policy: SignedPolicy) -> None:
    """Otherwise the tests above would compare nothing."""
    counts = []

    @settings(max_examples=200, database=None, derandomize=True)
    @given(PLAYLISTS)
    def count(text: str) -> None:
        counts.append(sign_hls(text, URL, signed_policy).count("Signature="))

    count()
    assert sum(map(bool, counts)) > 20
