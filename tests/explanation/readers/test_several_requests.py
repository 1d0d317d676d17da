"""One of several requests is explained, by a rule or by `--entry`."""

from __future__ import annotations

import json

import pytest

from cfsign.explanation.readers import find_candidates, read_text
from tests.explanation.readers.forms import DATE, build_entry
from tests.explanation.readers.test_forms import run

SIGNED = "Expires=1&Signature=s&Key-Pair-Id=K"
MEDIA = "https://media.example.com"

SITE_REDIRECT = """\
*   Trying 203.0.113.9:80...
> GET /content/a HTTP/1.1
> Host: www.example.com
> Cookie: session=1
>
< HTTP/1.1 303 See Other
< Location: https://media.example.com/a.jpg?x=1
<
"""
REFUSED = f"""\
*   Trying 203.0.113.7:443...
* TLSv1.3 (OUT), TLS handshake, Client hello (1):
> GET /a.jpg?x=1 HTTP/2
> Host: media.example.com
> Cookie: session=1
> Cookie: CloudFront-Key-Pair-Id=K1
>
< HTTP/2 403
< server: CloudFront
< date: {DATE}
<
<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code></Error>
"""


def test_redirect_before_and_after() -> None:
    assert read_text(SITE_REDIRECT).exchanges[0].url == "http://www.example.com/content/a"
    for text in (SITE_REDIRECT + REFUSED, REFUSED + SITE_REDIRECT):
        (chosen,) = find_candidates(read_text(text).exchanges)
        assert chosen.url == "https://media.example.com/a.jpg?x=1"
        assert chosen.cookies == "session=1; CloudFront-Key-Pair-Id=K1"


@pytest.mark.parametrize(
    ("address", "scheme"),
    [
        ("203.0.113.7:443", "https"),
        ("[2001:db8::1]:443", "https"),
        ("203.0.113.7:80", "http"),
        ("203.0.113.44:8080", "http"),
    ],
)
def test_scheme_from_the_port_of_a_connection(address: str, scheme: str) -> None:
    """Some copies have only the first of curl's notes."""
    text = f"*   Trying {address}...\n> GET /a HTTP/2\n> Host: media.example.com\n>\n"
    (exchange,) = read_text(text).exchanges
    assert exchange.url == f"{scheme}://media.example.com/a"


def test_a_proxy_is_not_the_host() -> None:
    text = f"> CONNECT media.example.com:443 HTTP/1.1\n> Host: proxy.example:3128\n\n{REFUSED}"
    (exchange,) = read_text(text).exchanges
    assert exchange.url == "https://media.example.com/a.jpg?x=1"


def write_har(*entries: tuple[str, int]) -> str:
    built = [build_entry(url, "a=1", "GET", status) for url, status in entries]
    for entry, (url, _) in zip(built, entries, strict=True):
        if not url.startswith(MEDIA):
            entry["response"]["headers"] = []  # type: ignore[index]
    return json.dumps({"log": {"entries": built}})


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        # The file of CloudFront, not the site's missing icon.
        ([("https://www.example.com/favicon.ico", 404), (f"{MEDIA}/a?{SIGNED}", 200)], [2]),
        ([(f"{MEDIA}/a?{SIGNED}", 200), (f"{MEDIA}/b", 403)], [2]),
        ([(f"{MEDIA}/a?{SIGNED}", 403), (f"{MEDIA}/b?{SIGNED}", 404)], [1]),
        ([(f"{MEDIA}/a?{SIGNED}", 200), (f"{MEDIA}/b?{SIGNED}", 502)], [2]),
        ([(f"{MEDIA}/a?{SIGNED}", 403), (f"{MEDIA}/a?{SIGNED}", 403)], [2]),
        ([("https://www.example.com/a", 403), ("https://www.example.com/b", 200)], [1]),
        ([(f"{MEDIA}/a?{SIGNED}", 403), (f"{MEDIA}/b?{SIGNED}", 403)], [1, 2]),
        ([(f"{MEDIA}/a?{SIGNED}", 200), (f"{MEDIA}/b?{SIGNED}", 200)], [1, 2]),
    ],
)
def test_rule(entries: list[tuple[str, int]], expected: list[int]) -> None:
    exchanges = read_text(write_har(*entries)).exchanges
    candidates = find_candidates(exchanges)
    assert [
        number for number, one in enumerate(exchanges, 1) if any(one is it for it in candidates)
    ] == (expected)


def test_several_refused_requests_ask_for_entry() -> None:
    text = write_har(*[(f"{MEDIA}/{number}?{SIGNED}", 403) for number in range(12)])
    code, output, errors = run(text)
    assert (code, output) == (2, "")
    assert "--entry" in errors
    assert f"1: 403 {MEDIA}/0; 2: 403 {MEDIA}/1;" in errors
    assert "and 2 more" in errors
    assert "Signature" not in errors
    code, output, _ = run(text, "--entry", "3")
    assert code == 1
    assert output.startswith(f"{MEDIA}/2?{SIGNED}\nRead as a HAR file, request 3 of 12.\n")
    shown = json.loads(run(text, "--entry", "3", "--json")[1])
    assert (shown["url"], shown["form"], shown["entry"]) == (f"{MEDIA}/2?{SIGNED}", "a HAR file", 3)
    assert shown["allowed"] is False


@pytest.mark.parametrize("entry", ["0", "3", "x"])
def test_entry_that_is_not_there(entry: str) -> None:
    code, output, errors = run(f"{SITE_REDIRECT}{REFUSED}", "--entry", entry)
    assert (code, output, errors.count("\n")) == (2, "", 1)


def test_response_of_the_chosen_request_counts() -> None:
    """Its code and its date are used, not those of another response."""
    other = (
        SITE_REDIRECT.replace("303 See Other", "200 OK") + "<Error><Code>InvalidKey</Code></Error>"
    )
    shown = json.loads(run(f"{other}\n{REFUSED}", "--json")[1])
    assert shown["url"] == f"{MEDIA}/a.jpg?x=1"
    assert "InvalidKey" not in str(shown)


def test_copy_of_all_requests() -> None:
    """Browsers join curl commands by ; and calls of fetch by ;."""
    for text in (
        f"curl '{MEDIA}/a' ;\ncurl '{MEDIA}/b' -b a=1",
        f"fetch('{MEDIA}/a'); ;\nfetch('{MEDIA}/b', {{headers: {{cookie: 'a=1'}}}});",
        f"{MEDIA}/a\n{MEDIA}/b\nCookie: a=1",
    ):
        exchanges = read_text(text).exchanges
        assert [one.url for one in exchanges] == [f"{MEDIA}/a", f"{MEDIA}/b"]
        assert exchanges[1].cookies == "a=1"


def test_notes() -> None:
    """OPTIONS is not checked by CloudFront; a browser's copy of fetch has no cookies."""
    options = run("OPTIONS /a HTTP/1.1\nHost: h.example\n")[1].splitlines()
    assert options[2].startswith("CloudFront does not check signatures of OPTIONS requests.")
    for text in (f"fetch('{MEDIA}/a')", f"curl -b jar.txt {MEDIA}/a", write_har((f"{MEDIA}/a", 0))):
        text = text.replace('"name": "Cookie"', '"name": "X"')
        assert "pass them with --cookie" in run(text)[1].splitlines()[2]
        assert "--cookie" not in run(text, "--cookie", "a=1")[1]
    assert "--cookie" not in run(f"fetch('{MEDIA}/a?{SIGNED}')")[1]
    assert "--cookie" not in run(f"fetch('{MEDIA}/a', {{credentials: 'omit'}})")[1]


def test_url_before_or_after_its_response() -> None:
    body = "<Error><Code>AccessDenied</Code>\n<Message>Access denied</Message></Error>"
    for text in (f"{MEDIA}/a\nCookie: a=1\n{body}", f"{body}\n\n{MEDIA}/a\nCookie: a=1"):
        (exchange,) = read_text(text).exchanges
        assert (exchange.url, exchange.cookies) == (f"{MEDIA}/a", "a=1")
        assert "AccessDenied" in exchange.body
    playlist = f"{MEDIA}/a.m3u8\nHTTP/1.1 200\n\n#EXTM3U\n{MEDIA}/1.ts\n"
    assert [one.url for one in read_text(playlist).exchanges] == [f"{MEDIA}/a.m3u8"]


@pytest.mark.parametrize(
    ("command", "url"),
    [
        (
            'curl "https://h.example/a?x=1&y=^%^2F" ^\n  -H "cookie: a=1" ^\n  --compressed',
            "&y=%2F",
        ),
        ('curl "https://h.example/a?x=1&y="%"2F" -H "Cookie: a=1" --compressed', "&y=%2F"),
        ('curl.exe ^"https://h.example/a?x=1^&y=%^2F^" -H ^"Cookie: a=1^"', "&y=%2F"),
        ('curl "https://h.example/a?x=1&y=2" ^\n -b a=1 & dir', "&y=2"),
        ("curl https://h.example/a?x=1^&y=2 -b a=1", "&y=2"),
    ],
)
def test_older_copies_for_windows(command: str, url: str) -> None:
    """Those of Chrome before 2024 and of Firefox."""
    for text in (command, command.replace("\n", "\r\n"), f"C:\\Users\\ada> {command}"):
        (exchange,) = read_text(text).exchanges
        assert (exchange.url, exchange.cookies) == (f"https://h.example/a?x=1{url}", "a=1")
