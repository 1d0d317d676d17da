"""Cookies that cannot arrive: the host of the site's request against the distribution's."""

from __future__ import annotations

import concurrent.futures
import threading

import pytest

from cfsign import Distribution, Signer
from cfsign.views import ViewHandler, ViewOptions
from cfsign.views.site_check import MAX_CHECKED_SITES

HTTPS = "https://media.example.com"
HTTP = "http://media.example.com"
LOCAL = "http://127.0.0.1:8001"

SHARED = 'set cookie_domain to "example.com"'
CNAME = "give the distribution a domain name"


def make_handler(signer: Signer, domain: str, cookie_domain: str | None) -> ViewHandler:
    options = ViewOptions(delivery="cookies", cookie_domain=cookie_domain)
    return ViewHandler(Distribution(domain, signer), options)


@pytest.mark.parametrize(
    ("domain", "cookie_domain", "site", "expected"),
    [
        # The site is on another domain than cookie_domain.
        (HTTPS, "example.com", "https://www.example.org", CNAME),
        (HTTPS, "media.example.com", "https://www.example.com", SHARED),
        (HTTPS, ".Example.com", "https://notexample.com", CNAME),
        (HTTPS, "example.com", "https://192.0.2.7:8000", CNAME),
        # The site is on http, with https media.
        (HTTPS, "example.com", "http://www.example.com", "serve the site over https"),
        (HTTPS, "", "http://media.example.com", "serve the site over https"),
        # localhost and 127.0.0.1.
        (LOCAL, None, "http://localhost:5000", "open the site as 127.0.0.1"),
        (LOCAL, "", "http://localhost", "the edge as localhost"),
        (LOCAL, None, "http://[::1]:5000", "open the site as 127.0.0.1"),
        ("http://localhost:8001", "", "http://127.0.0.1:5000", "open the site as localhost"),
        # cookie_domain="" on two hosts.
        (HTTPS, "", "https://www.example.com", SHARED),
        (HTTPS, "", "https://example.com", SHARED),
        (HTTPS, "", "https://WWW.a.Example.com:444", SHARED),
        (HTTPS, "", "https://example.org", CNAME),
        ("https://m.a.example.com", "", "https://www.a.example.com", '"a.example.com"'),
        ("https://a.co.uk", "", "https://b.co.uk", CNAME),
        ("https://d1.cloudfront.net", "", "https://www.example.com", CNAME),
        ("https://d1.cloudfront.net", "", "https://d2.cloudfront.net", CNAME),
        ("http://10.1.2.3", "", "http://10.2.2.3", CNAME),
        ("https://10.1.2.3", "", "https://9.1.2.3", CNAME),
    ],
)
def test_cookies_that_cannot_arrive_are_logged_with_the_fix(
    recording_signer: Signer,
    caplog: pytest.LogCaptureFixture,
    domain: str,
    cookie_domain: str | None,
    site: str,
    expected: str,
) -> None:
    """Once for each host."""
    handler = make_handler(recording_signer, domain, cookie_domain)
    caplog.clear()
    for _ in range(2):
        handler.check_site(*site.split("://"))
    (line,) = caplog.messages
    assert line.startswith(f"signed cookies do not reach {domain}: ")
    assert expected in line


@pytest.mark.parametrize(
    ("domain", "cookie_domain", "site"),
    [
        (HTTPS, "example.com", "https://www.example.com"),
        (HTTPS, ".Example.com", "https://EXAMPLE.com:8443"),
        (HTTPS, "", "https://media.example.com:8443"),
        (HTTP, "example.com", "http://www.example.com"),
        (HTTP, "example.com", "https://www.example.com"),
        (LOCAL, "", "http://127.0.0.1:5000"),
        ("http://localhost:8001", "", "http://localhost:5000"),
        ("https://localhost:8001", "", "http://localhost:5000"),
    ],
)
def test_cookies_that_arrive_are_not_logged(
    recording_signer: Signer,
    caplog: pytest.LogCaptureFixture,
    domain: str,
    cookie_domain: str,
    site: str,
) -> None:
    """Ports and the case of letters do not matter."""
    make_handler(recording_signer, domain, cookie_domain).check_site(*site.split("://"))
    assert caplog.messages == []


@pytest.mark.parametrize("host", ["", "a b", "a\r\nb", "é", "[", "a" * 300, "user@www", "\x1b[0m"])
def test_text_that_is_not_a_host_is_not_logged(
    recording_signer: Signer, caplog: pytest.LogCaptureFixture, host: str
) -> None:
    """The client chose it."""
    handler = make_handler(recording_signer, HTTPS, "")
    handler.check_site("https", host)
    assert not any(host in line for line in caplog.messages if host)
    assert not any("\n" in line or "\x1b" in line for line in caplog.messages)


def test_number_of_hosts_is_limited(
    recording_signer: Signer, caplog: pytest.LogCaptureFixture
) -> None:
    """A client can send any Host header."""
    handler = make_handler(recording_signer, HTTPS, "")
    for number in range(2 * MAX_CHECKED_SITES):
        handler.check_site("https", f"h{number}.example.org")
    assert len(caplog.messages) == MAX_CHECKED_SITES


def test_ports_of_one_host_are_one_site(
    recording_signer: Signer, caplog: pytest.LogCaptureFixture
) -> None:
    """Cookies do not depend on the port (RFC 6265, section 8.5)."""
    handler = make_handler(recording_signer, HTTPS, "")
    for port in range(1, 2000):
        handler.check_site("https", f"www.example.com:{port}")
    assert len(caplog.messages) == 1


def test_views_of_one_site_log_once(
    recording_signer: Signer, caplog: pytest.LogCaptureFixture
) -> None:
    """Django makes a handler for each request if `setup` sets an option."""
    handler = make_handler(recording_signer, HTTPS, "")
    for _ in range(3):
        handler.replace(code=307).check_site("https", "www.example.com")
    assert len(caplog.messages) == 1
    handler.replace(cookie_domain="example.com").check_site("https", "www.example.org")
    assert len(caplog.messages) == 2


def test_concurrent_requests_log_once(
    recording_signer: Signer, caplog: pytest.LogCaptureFixture
) -> None:
    """Each thread starts with the same host."""
    handler = make_handler(recording_signer, HTTPS, "")
    barrier = threading.Barrier(8, timeout=60)

    def check(_: int) -> None:
        barrier.wait()
        handler.check_site("https", "www.example.com")

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(check, range(8)))
    assert len(caplog.messages) == 1
