"""`cfsign explain`, as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

URL = "https://media.example.com/a.jpg"
EXPIRES = 1767229200


def run(*arguments, given=""):
    """Run `cfsign explain` and return the finished process."""
    return subprocess.run(
        [sys.executable, "-m", "cfsign", "explain", *arguments],
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def known(tmp_path, public_pem):
    path = tmp_path / "public.pem"
    path.write_text(public_pem)
    return ("--public-key", f"K2JCJMDEHXQW5F={path}", "--at", str(EXPIRES - 60))


@pytest.fixture
def signed(signer, clock):
    return signer.sign_url(URL, expires_at=EXPIRES)


def test_allowed(known, signed):
    """Exit 0."""
    done = run(signed, *known)
    assert (done.returncode, done.stdout, done.stderr) == (0, "200 Allowed.\n", "")


@pytest.mark.parametrize("as_argument", [True, False])
def test_refused(known, signed, as_argument):
    """Exit 1; the cause, the mend and the evidence, with no colour where there is no terminal."""
    asked = signed.replace("https", "http", 1)
    done = run(asked, *known) if as_argument else run("-", *known, given=f"{asked}\n")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("403 AccessDenied: ")
    assert "1. It was signed for https:// and is requested over http://; sign the" in done.stdout
    assert "\x1b" not in done.stdout


def test_for_machines(known, signed):
    """One JSON object."""
    done = run(signed.replace("https", "http", 1), *known, "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert (told["allowed"], told["code"]) == (False, "AccessDenied")
    assert told["reason"] == "SIGNATURE_MISMATCH"
    (cause,) = told["causes"]
    assert (cause["mistake"], cause["certain"]) == ("scheme", True)


def test_cookies(known, signer, clock):
    """By an option, or with their URL on standard input."""
    cookies = signer.sign_cookies("https://media.example.com/*", expires_at=EXPIRES)
    header = "; ".join(f"{name}={value}" for name, value in cookies.items())
    assert run(URL, *known, "--cookie", header).returncode == 0
    assert run(*known, given=f"{URL}\nCookie: {header}").returncode == 0
    assert run(*known, given=f"Cookie: {header}").returncode == 0


def test_hosts_and_addresses(known, signer, clock):
    """Another host to try, and the address that CloudFront saw."""
    other = signer.sign_url(URL, expires_at=EXPIRES).replace("media", "cdn")
    done = run(other, *known, "--host", "media.example.com")
    assert "signed for the host media.example.com" in done.stdout
    pinned = signer.sign_url(URL, expires_at=EXPIRES, ip_address="192.0.2.1")
    assert run(pinned, *known, "--ip-address", "192.0.2.1").returncode == 0
    assert run(pinned, *known, "--ip-address", "192.0.2.2").returncode == 1


def test_xml_alone():
    """It was refused: exit 1."""
    body = (
        "<Error><Code>AccessDenied</Code><Message>Access Denied</Message><HostId>x</HostId></Error>"
    )
    done = run(given=body)
    assert done.returncode == 1
    assert done.stdout.startswith("403 from S3")


def test_xml_that_refuses_what_the_keys_allow(known, signed):
    """It was refused all the same: exit 1."""
    body = "<Error><Code>AccessDenied</Code><Message>Access denied</Message></Error>"
    done = run(*known, given=f"{signed}\n{body}")
    assert done.returncode == 1
    assert done.stdout.startswith("403 AccessDenied was answered, though")


def test_nothing_that_is_a_url():
    """Exit 2, and what to give is said."""
    done = run("nonsense")
    assert done.returncode == 2
    assert "https://" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "given", "word"),
    [
        ((), "nothing of use", "curl -v"),
        ((), "", "nothing was given"),
        ((), " \n", "nothing was given"),
        (("",), "", "nothing was given"),
        ((URL, "--public-key", "K1"), "", "public.pem"),
        ((URL, "--public-key", "K1=no-such-file"), "", "no-such-file"),
        ((URL, "--at", "noon"), "", "epoch seconds"),
    ],
)
def test_unusable(arguments, given, word):
    """Exit 2, one line on standard error."""
    done = run(*arguments, given=given)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert word in done.stderr


def test_without_a_key_a_good_url_cannot_be_told(signed):
    """Exit 2, and what to give is said."""
    done = run(signed, "--at", str(EXPIRES - 60))
    assert done.returncode == 2
    assert "public key" in done.stdout


def test_a_transcript_with_another_status(known, signed):
    """The signature is right, and the answer is the origin's."""
    path = signed.partition("media.example.com")[2]
    sent = f"* port 443\n> GET {path} HTTP/2\n> Host: media.example.com\n< HTTP/2 502\n"
    assert run(*known, given=sent).stdout.startswith("The signature is right; the answer")


@pytest.mark.parametrize("wrapped", ["<{0}>", "'{0}'", '"{0}"', " {0}\n"])
@pytest.mark.parametrize("as_argument", [True, False])
def test_what_stands_about_a_pasted_url_is_left_out(known, signed, wrapped, as_argument):
    """Quotes and angle brackets, as mail programs and shells have them."""
    text = wrapped.format(signed)
    done = run(text, *known) if as_argument else run(*known, given=text)
    assert (done.returncode, done.stdout) == (0, "200 Allowed.\n")


def test_a_cookie_header_with_its_name(known, signer, clock):
    """As it is copied out of a browser."""
    cookies = signer.sign_cookies("https://media.example.com/*", expires_at=EXPIRES)
    header = "; ".join(f"{name}={value}" for name, value in cookies.items())
    for name in ("Cookie: ", "cookie:"):
        assert run(URL, *known, "--cookie", name + header).returncode == 0


def test_standard_input_beside_a_url_is_left_alone(known, signed):
    """It may be the loop's: `while read url; do cfsign explain "$url"; done < urls`."""
    reading, writing = os.pipe()
    try:
        os.write(writing, b"https://other.example.com/a.jpg\n")
        command = [sys.executable, "-m", "cfsign", "explain", signed, *known]
        done = subprocess.run(command, stdin=reading, capture_output=True, text=True, timeout=60)
        assert os.read(reading, 5) == b"https"
    finally:
        os.close(reading)
        os.close(writing)
    assert (done.returncode, done.stdout) == (0, "200 Allowed.\n")
