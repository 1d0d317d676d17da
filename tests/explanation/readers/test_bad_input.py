"""Input that is too large, cut, secret or of no known form is an error that shows nothing of it."""

from __future__ import annotations

import codecs

import pytest

from cfsign.cli import main
from cfsign.errors import CfsignError
from cfsign.explanation.readers import MAX_BYTES, READERS, decode_text, read_text
from cfsign.explanation.readers.exchange import MAX_REQUESTS
from tests.explanation.readers.test_forms import run

URL = "https://media.example.com/a.ts?Expires=1&Signature=s3cret&Key-Pair-Id=K"
LABEL = "PRIVATE KEY"  # so that no scanner finds a key here


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"-----BEGIN RSA {LABEL}-----\nMIIs3cret\n-----END RSA {LABEL}-----\n", "a private key"),
        (f"KEY='-----BEGIN {LABEL}-----\\nMIIs3cret'\n", "a private key"),
        (f"{URL}\n-----BEGIN EC {LABEL}-----\nMIIs3cret\n", "a private key"),
        (f"-----BEGIN ENCRYPTED {LABEL}-----\nMIIs3cret\n", "a private key"),
        ("PuTTY-User-Key-File-2: ssh-rsa\nPrivate-Lines: 14\ns3cret\n", "a private key"),
        ("SITE=https://a.example\n# a comment\nexport PASSWORD=s3cret\n", "list of settings"),
        ("[default]\naws_access_key_id = AKIAs3cret\naws_secret_access_key = s3cret", "settings"),
        (f'{{"log": {{"entries": [{{"request": {{"url": "{URL}', "line 1, column 42"),
        ('{"log": {"entries": [' + '{"request": ' * 50_000, "not valid JSON"),
        (f"curl '{URL}", "quoted text"),
        (f'curl "{URL}', "quoted text"),
        (f"curl $'{URL}", "quoted text"),
        ('curl "$s3cret"', "variable"),
        ("curl $(s3cret)", "variable"),
        ("curl `s3cret`", "variable"),
        ('curl.exe "$s3cret" `\n -v', "variable"),
        ('Invoke-WebRequest -Uri "$s3cret/a"', "variable"),
        ("curl 'https://h.example/s3cret[1-9]'", "several requests"),
        ("curl -G --data-urlencode 'q=s3cret s3cret' https://h.example/", "encoding"),
        (f"fetch('{URL}', {{", "not complete"),
        ("fetch(s3cret)", "variable"),
        ("fetch(`https://h.example/${s3cret}`)", "variable"),
        ("fetch({url: 's3cret'})", "URL in quotes"),
        (f"I get a 403 for {URL}, why?", "pass the URL alone, without other text, or one of"),
        (f"{URL[:40]}\n{URL[40:]}", "the URL is broken into several lines"),
        (f"> {URL[:30]}\n> {URL[30:50]}\n> {URL[50:]}\n", "the URL is broken into several lines"),
        (f"<{URL[:30]}\n\n{URL[30:]}>", "the URL is broken into several lines"),
        ("iwr https://h.example/s3cret", "has no URL in quotes"),
        ("Origin: https://s3cret.example", "none of the known forms"),
        ("Access to fetch at 'https://s3cret.example/a' from origin 'https://b.example'", "none"),
        ('{"s3cret": 1}', "none of the known forms"),
        ("s3cret", "none of the known forms"),
        ("MIIEs3cret" * 100, "none of the known forms"),
        ("Cookie: a=s3cret", "no URL was found"),
        ("Host: media.example.com\nOrigin: https://www.example.com\nCookie: a=s3cret", "no URL"),
        ("GET /s3cret HTTP/1.1\nCookie: a=1\nOrigin: https://www.example.com", "Host header"),
        ("GET * HTTP/1.1\nHost: s3cret", "no URL was found"),
        (":path: /s3cret\nreferer: https://a.example/", "no URL was found"),
        ("fetch('/s3cret')", "no URL was found"),
        ("curl -s", "none of the known forms"),
        ("HTTP/1.1 303 See Other\nLocation: https://s3cret.example/", "no URL was found"),
    ],
)
def test_input_that_is_refused(text: str, words: str) -> None:
    code, output, errors = run(text)
    assert (code, output, errors.count("\n")) == (2, "", 1)
    assert words in errors
    assert "s3cret" not in errors


def test_unknown_form_lists_the_known_ones() -> None:
    _, _, errors = run("hello")
    assert all(reader.form in errors for reader in READERS)


@pytest.mark.parametrize("option", ["", "--at", "--ip-address", "--entry", "--public-key"])
def test_private_key_as_an_argument(capsys: pytest.CaptureFixture[str], option: str) -> None:
    key = f"-----BEGIN {LABEL}-----\nMIIs3cret\n-----END {LABEL}-----"
    for argument in (key, f"\n{key}"):
        code = main(["explain", *filter(None, [option]), argument, *([URL] if option else [])])
        printed = "".join(capsys.readouterr())
        assert code in (1, 2)
        assert "MIIs3cret" not in printed


def test_settings_as_an_argument(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "SITE=https://a.example\nPASSWORD=s3cret"]) == 2
    assert "s3cret" not in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    "content",
    [
        URL.encode(),
        codecs.BOM_UTF8 + URL.encode(),
        URL.encode("utf-16"),
        codecs.BOM_UTF16_BE + URL.encode("utf-16-be"),
        f"{URL}\r\n".encode("utf-16"),
    ],
)
def test_encodings(content: bytes) -> None:
    """`>` of Windows PowerShell writes UTF-16 with a byte-order mark."""
    assert read_text(decode_text(content)).exchanges[0].url == URL


def test_bytes_of_no_encoding() -> None:
    """They become U+FFFD, also half of a character of UTF-16."""
    assert decode_text(b"https://h.example/\xff") == "https://h.example/\ufffd"
    assert decode_text(codecs.BOM_UTF16_LE + b"h\0t") == "h\ufffd"


def test_largest_input() -> None:
    with pytest.raises(CfsignError, match="larger than 1000000 bytes"):
        decode_text(b"a" * (MAX_BYTES + 1))
    with pytest.raises(CfsignError, match="larger than 1000000 bytes"):
        read_text("a" * (MAX_BYTES + 1))
    assert decode_text(b"a" * MAX_BYTES)


@pytest.mark.parametrize(
    "text",
    [
        f"curl {URL}\n" * (MAX_REQUESTS + 1),
        f"fetch('{URL}')\n" * (MAX_REQUESTS + 1),
        f"iwr '{URL}'\n" * (MAX_REQUESTS + 1),
        "GET /a HTTP/1.1\nHost: h\n" * (MAX_REQUESTS + 1),
        f"curl '{URL}'" + " a" * 30_000,
        f'curl "{URL}" ^\n' + " ^a" * 30_000,
        f"curl.exe '{URL}' `\n" + " a" * 30_000,
        f"fetch('{URL}', [" + "1," * 10_000 + "])",
    ],
)
def test_work_is_limited(text: str) -> None:
    """So that 1 MB takes at most a second: more requests or words are an error."""
    with pytest.raises(CfsignError):
        read_text(text)


@pytest.mark.parametrize("character", ["\x1b", "\x07", "\0", "\x9b", "\u202e", "\u2066", "\u200b"])
@pytest.mark.parametrize(
    "text",
    [
        "https://h.example/{0}a?x={0}",
        "GET /a{0} HTTP/1.1\nHost: h.example\nCookie: {0}=1",
        "GET /a HTTP/1.1\nHost: {0}",
        "{0}",
        "curl 'https://h.example/{0}' 'https://h.example/b{0}' -X {0}",
        ":authority: h{0}\n:path: /{0}\n:method: {0}",
        "<Error><Code>{0}</Code><Message>{0}</Message></Error>",
        "https://h.example/\nHTTP/1.1 403\n\n<Error><Code>{0}</Code><Message>{0}</Message></Error>",
    ],
)
def test_control_characters_never_reach_the_terminal(text: str, character: str) -> None:
    _, output, errors = run(text.format(character))
    assert character not in output + errors
    _, output, errors = run(text.format(character), "--json")
    assert character not in output + errors
