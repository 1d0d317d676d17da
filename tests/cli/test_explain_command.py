"""`cfsign explain`."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys

import pytest

URL = "https://media.example.com/a.jpg"
EXPIRES = 1767229200


@pytest.fixture
def run(run):
    return functools.partial(run, "explain")


@pytest.fixture
def key_options(tmp_path, public_pem):
    path = tmp_path / "public.pem"
    path.write_text(public_pem)
    return ("--public-key", f"K2JCJMDEHXQW5F={path}", "--at", str(EXPIRES - 60))


@pytest.fixture
def signed(signer, clock):
    return signer.sign_url(URL, expires_at=EXPIRES)


def test_allowed_request_is_exit_0(run, key_options, signed):
    done = run(signed, *key_options)
    expected = f"{signed}\nRead as a URL.\n200 Allowed.\n"
    assert (done.exit_code, done.stdout, done.stderr) == (0, expected, "")


@pytest.mark.parametrize("as_argument", [True, False])
def test_refused_request_is_exit_1_with_the_cause(run, key_options, signed, as_argument):
    url = signed.replace("https", "http", 1)
    done = run(url, *key_options) if as_argument else run("-", *key_options, stdin=f"{url}\n")
    assert (done.exit_code, done.stderr) == (1, "")
    assert done.stdout.startswith(f"{url}\nRead as a URL.\n403 AccessDenied: ")
    assert (
        "1. The URL was signed for https:// and is requested over http://; sign the" in done.stdout
    )
    assert "\x1b" not in done.stdout


def test_json_output(run, key_options, signed):
    done = run(signed.replace("https", "http", 1), *key_options, "--json")
    result = json.loads(done.stdout)
    assert done.exit_code == 1
    assert (result["allowed"], result["code"]) == (False, "AccessDenied")
    assert result["reason"] == "SIGNATURE_MISMATCH"
    (cause,) = result["causes"]
    assert (cause["mistake"], cause["certain"]) == ("scheme", True)


def test_cookies_by_option_or_on_stdin(run, key_options, signer, clock):
    cookies = signer.sign_cookies("https://media.example.com/*", expires_at=EXPIRES)
    header = "; ".join(f"{name}={value}" for name, value in cookies.items())
    assert run(URL, *key_options, "--cookie", header).exit_code == 0
    assert run(*key_options, stdin=f"{URL}\nCookie: {header}").exit_code == 0


def test_host_and_ip_address_options(run, key_options, signer, clock):
    other = signer.sign_url(URL, expires_at=EXPIRES).replace("media", "cdn")
    for host in ("media.example.com", "https://media.example.com/"):
        done = run(other, *key_options, "--host", host)
        assert "signed for the host media.example.com" in done.stdout
    pinned = signer.sign_url(URL, expires_at=EXPIRES, ip_address="192.0.2.1")
    assert run(pinned, *key_options, "--ip-address", "192.0.2.1").exit_code == 0
    assert run(pinned, *key_options, "--ip-address", "192.0.2.2").exit_code == 1


def test_xml_error_without_a_url_is_explained_and_exit_2(run):
    body = (
        "<Error><Code>AccessDenied</Code><Message>Access Denied</Message><HostId>x</HostId></Error>"
    )
    done = run(stdin=body)
    assert done.exit_code == 2
    first, second, third, *_ = done.stdout.splitlines()
    assert first == "No URL was found."
    assert second == "Read as an error response (XML, HTML)."
    assert third.startswith("403 from S3")


def test_xml_error_for_an_allowed_url_is_exit_1(run, key_options, signed):
    body = "<Error><Code>AccessDenied</Code><Message>Access denied</Message></Error>"
    done = run(*key_options, stdin=f"{signed}\n{body}")
    assert done.exit_code == 1
    assert done.stdout.startswith(f"{signed}\nRead as a URL.\n403 AccessDenied, although")


def test_input_without_a_url_is_exit_2_with_a_hint(run):
    done = run("nonsense")
    assert done.exit_code == 2
    assert "https://" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "stdin", "words"),
    [
        ((), "no URL", "curl -v"),
        ((), "Cookie: a=1", "no URL was found"),
        ((), "GET /a HTTP/1.1\nCookie: a=1", "Host header"),
        ((), "", "the input is empty"),
        ((), " \n", "the input is empty"),
        (("",), "", "the input is empty"),
        ((URL, "--public-key", "K1"), "", "public.pem"),
        ((URL, "--public-key", "K1=missing.pem"), "", "missing.pem"),
        ((URL, "--at", "noon"), "", "epoch seconds"),
        ((URL, "--ip-address", "x"), "", "'x' is not an address"),
        ((URL, "--ip-address", "192.0.2.0/24"), "", "'192.0.2.0/24' is not an address"),
        ((URL, "--host", "media.example.com/a"), "", "'media.example.com/a' is not a host"),
        ((URL, "--host", ""), "", "'' is not a host"),
        ((URL, "--entry", "2"), "", "there is no request 2: the input has 1"),
        ((URL, "--public-key", "undefined=a.pem"), "", "the value it was read from is missing"),
    ],
)
def test_unusable_input_is_one_line_and_exit_2(run, arguments, stdin, words):
    done = run(*arguments, stdin=stdin)
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert words in done.stderr


def test_signature_without_a_key_is_exit_2_with_a_hint(run, signed):
    done = run(signed, "--at", str(EXPIRES - 60))
    assert done.exit_code == 2
    assert "public key" in done.stdout


def test_transcript_with_another_status_blames_the_origin(run, key_options, signed):
    path = signed.partition("media.example.com")[2]
    transcript = f"* port 443\n> GET {path} HTTP/2\n> Host: media.example.com\n< HTTP/2 502\n"
    done = run(*key_options, stdin=transcript)
    assert "\nThe signature is right, but the response was 502.\n" in done.stdout


@pytest.mark.parametrize(
    "quoted",
    [
        "<{0}>",
        "'{0}'",
        '"{0}"',
        " {0}\n",
        "`{0}`",
        "\u201c{0}\u201d",
        "\u2018{0}\u2019",
        "[a video]({0})",
        "![]({0})",
        "<{0}|media.example.com/a.jpg>",
        "<{0}|a video>",
    ],
)
@pytest.mark.parametrize("as_argument", [True, False])
def test_quotes_around_a_pasted_url_are_ignored(run, key_options, signed, quoted, as_argument):
    text = quoted.format(signed)
    done = run(text, *key_options) if as_argument else run(*key_options, stdin=text)
    assert (done.exit_code, done.stdout) == (0, f"{signed}\nRead as a URL.\n200 Allowed.\n")


def test_cookie_option_may_hold_the_header_name(run, key_options, signer, clock):
    cookies = signer.sign_cookies("https://media.example.com/*", expires_at=EXPIRES)
    header = "; ".join(f"{name}={value}" for name, value in cookies.items())
    for text in (f"Cookie: {header}", f"cookie:{header}", f'"{header}"', f"'Cookie: {header}'\n"):
        assert run(URL, *key_options, "--cookie", text).exit_code == 0


def test_url_that_is_too_long_is_not_printed_whole(run):
    done = run(f"{URL}?a={'a' * 100_000}")
    assert done.exit_code == 1
    assert len(done.stdout.splitlines()[0]) < 40_000


@pytest.mark.parametrize(("status", "is_hinted"), [(403, True), (200, False)])
def test_options_request(run, status, is_hinted):
    request = "> OPTIONS /a HTTP/2\n> Host: media.example.com\n>\n< HTTP/2"
    done = run(stdin=f"{request} {status}\n")
    assert "does not check signatures of OPTIONS requests" in done.stdout
    assert ("allow this method in the cache behavior" in done.stdout) is is_hinted


def test_stdin_is_not_read_with_a_url_argument(key_options, signed):
    """Standard input may belong to a loop: while read url; do cfsign explain "$url"; done."""
    reading, writing = os.pipe()
    try:
        os.write(writing, b"https://other.example.com/a.jpg\n")
        command = [sys.executable, "-m", "cfsign", "explain", signed, *key_options]
        done = subprocess.run(command, stdin=reading, capture_output=True, text=True, timeout=60)
        assert os.read(reading, 5) == b"https"
    finally:
        os.close(reading)
        os.close(writing)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "200 Allowed.")


@pytest.mark.parametrize(("quote", "is_cut"), [("", True), ("'", False), ('"', False)])
def test_curl_command_whose_url_the_shell_cuts(run, key_options, signer, clock, quote, is_cut):
    """The URL that curl sent is judged, and the note says how to send the other one."""
    signed = signer.sign_url(f"{URL}?size=large", expires_at=EXPIRES)
    done = run(*key_options, stdin=f"$ curl -I {quote}{signed}{quote}\n")
    first, second, third, *_ = done.stdout.splitlines()
    assert (first, second) == (
        f"{URL}?size=large" if is_cut else signed,
        "Read as a curl command (bash).",
    )
    assert done.exit_code == (1 if is_cut else 0)
    assert third.startswith("The URL is not in quotes" if is_cut else "200 Allowed.")
