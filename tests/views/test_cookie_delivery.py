"""`delivery = "cookies"`: signed cookies for the file's folder."""

from __future__ import annotations

from http.cookies import SimpleCookie
from typing import Any

import pytest

from cfsign import ConfigurationError, Distribution, Signer, TrustedKeyGroup
from cfsign.views import ViewHandler, ViewOptions, ViewResponse
from tests.views.helpers import allow

DOMAIN = "https://media.example.com"


def get_set_cookies(response: ViewResponse) -> list[str]:
    """Return the values of the `Set-Cookie` headers."""
    return [value for name, value in response.headers if name == "Set-Cookie"]


def get_cookies(response: ViewResponse) -> dict[str, str]:
    """Return the cookies that a browser keeps."""
    jar = SimpleCookie()
    for value in get_set_cookies(response):
        jar.load(value)
    return {name: morsel.value for name, morsel in jar.items() if morsel["max-age"] != "0"}


def get_paths(response: ViewResponse) -> set[str]:
    """Return the `Path` attributes of all cookies."""
    parts = [part for value in get_set_cookies(response) for part in value.split("; ")]
    return {part for part in parts if part.startswith("Path=")}


def test_cookies_open_only_the_folder(
    distribution: Distribution, trusted_keys: TrustedKeyGroup, clock: Any
) -> None:
    """The redirect leads to the unsigned URL, and is not cached."""
    response = allow(distribution, "videos/42/é.m3u8", delivery="cookies")
    assert (response.status, response.location) == (303, f"{DOMAIN}/videos/42/%C3%A9.m3u8")
    assert dict(response.headers)["Cache-Control"] == "no-store"
    assert get_paths(response) == {"Path=/videos/42/"}
    cookies = get_cookies(response)
    assert set(cookies) == {"CloudFront-Policy", "CloudFront-Signature", "CloudFront-Key-Pair-Id"}

    def is_allowed(url: str) -> bool:
        return trusted_keys.check(url, cookies=cookies).allowed

    assert not trusted_keys.check(response.location or "")
    for inside in ("%C3%A9.m3u8", "1.ts", "hd/1.ts", "1.ts?x=1", ""):
        assert is_allowed(f"{DOMAIN}/videos/42/{inside}")
    for outside in ("videos/420/1.ts", "videos/42", "videos/1.ts", "1.ts", "x/videos/42/1.ts"):
        assert not is_allowed(f"{DOMAIN}/{outside}")
    assert not is_allowed("http://media.example.com/videos/42/1.ts")
    assert not is_allowed("https://other.example.com/videos/42/1.ts")


def test_cookie_path_is_spelled_like_the_url(
    distribution: Distribution, trusted_keys: TrustedKeyGroup, clock: Any
) -> None:
    """Browsers compare the bytes; a `;` would end the attribute."""
    response = allow(distribution, "R&D, it's (1)=a@b;c/1.ts", delivery="cookies")
    assert get_paths(response) == {"Path=/R&D,%20it's%20(1)=a@b%3Bc/"}
    assert response.location == f"{DOMAIN}/R&D,%20it's%20(1)=a@b%3Bc/1.ts"
    pairs = (value.split(";")[0].split("=", 1) for value in get_set_cookies(response))
    cookies = {name: value for name, value in pairs if value}
    assert trusted_keys.check(response.location, cookies=cookies)


def test_cookies_at_the_top_open_one_file(
    distribution: Distribution, trusted_keys: TrustedKeyGroup, clock: Any
) -> None:
    """The folder would be the whole distribution."""
    response = allow(distribution, "film.mp4", delivery="cookies")
    cookies = get_cookies(response)
    assert get_paths(response) == {"Path=/film.mp4"}
    assert trusted_keys.check(f"{DOMAIN}/film.mp4", cookies=cookies)
    assert not trusted_keys.check(f"{DOMAIN}/other.mp4", cookies=cookies)
    assert not trusted_keys.check(f"{DOMAIN}/", cookies=cookies)


def test_star_in_a_folder_name_is_not_a_wildcard(
    distribution: Distribution, trusted_keys: TrustedKeyGroup, clock: Any
) -> None:
    """The only wildcard is the one at the end."""
    cookies = get_cookies(allow(distribution, "*/u?/a", delivery="cookies"))
    assert trusted_keys.check(f"{DOMAIN}/%2A/u%3F/b", cookies=cookies)
    assert not trusted_keys.check(f"{DOMAIN}/x/ux/b", cookies=cookies)


@pytest.mark.parametrize(
    ("domain", "options", "expected"),
    [
        (DOMAIN, {}, {"Path=/v/", "Secure", "HttpOnly"}),
        ("http://media.example.com", {}, {"Path=/v/", "HttpOnly"}),
        (
            DOMAIN,
            {"cookie_domain": "example.com", "cookie_samesite": "Lax"},
            {"Domain=example.com", "Path=/v/", "Secure", "HttpOnly", "SameSite=Lax"},
        ),
        (
            DOMAIN,
            {"cookie_samesite": "None"},
            {"Path=/v/", "Secure", "HttpOnly", "SameSite=None"},
        ),
    ],
    ids=["https", "http", "domain", "samesite"],
)
def test_cookie_attributes(
    recording_signer: Signer, clock: Any, domain: str, options: dict[str, Any], expected: set[str]
) -> None:
    """`Secure` if the distribution is https; `Domain` and `SameSite` from the options."""
    response = allow(Distribution(domain, recording_signer), "v/a", delivery="cookies", **options)
    values = get_set_cookies(response)
    assert len(values) == 5
    for value in values:
        attributes = set(value.split("; ")[1:])
        if "Max-Age=0" in attributes:  # clears a cookie of another form
            attributes -= {"Max-Age=0", "expires=Thu, 01 Jan 1970 00:00:00 GMT"}
        else:
            attributes.remove("Max-Age=60")
        assert attributes == expected


@pytest.mark.parametrize(
    ("domain", "options"),
    [
        ("https://d1.cloudfront.net", {"cookie_domain": "example.com"}),
        (DOMAIN, {"cookie_domain": "com"}),
        ("https://media.example.co.uk", {"cookie_domain": ".CO.uk"}),
        ("https://media.example.com.au", {"cookie_domain": "com.au"}),
        ("http://127.0.0.1:8001", {"cookie_domain": "0.1"}),
        (DOMAIN, {"cookie_domain": "example.org"}),
        (DOMAIN, {"cookie_domain": "www.example.com"}),
        (DOMAIN, {"cookie_domain": "xample.com"}),
        (DOMAIN, {"cookie_domain": "a.media.example.com"}),
        ("http://media.example.com:8080", {"cookie_samesite": "None"}),
    ],
)
def test_cookies_that_cannot_reach_the_distribution_are_refused(
    recording_signer: Signer, domain: str, options: dict[str, Any]
) -> None:
    """With another delivery, the cookie options do not matter."""
    distribution = Distribution(domain, recording_signer)
    (value,) = options.values()
    with pytest.raises(ConfigurationError, match=value.replace(".", r"\.")):
        ViewHandler(distribution, ViewOptions(delivery="cookies", **options))
    assert ViewHandler(distribution, ViewOptions(delivery="json", **options))


def test_all_cookie_problems_are_reported_at_once(recording_signer: Signer) -> None:
    """Two mistakes are two problems."""
    options = ViewOptions(delivery="cookies", cookie_domain="example.org", cookie_samesite="None")
    with pytest.raises(ConfigurationError) as caught:
        ViewHandler(Distribution("http://media.example.com", recording_signer), options)
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    ("domain", "options"),
    [
        (DOMAIN, {"cookie_domain": "example.com"}),
        (DOMAIN, {"cookie_domain": ".Example.com"}),
        (DOMAIN, {"cookie_domain": "media.example.com", "cookie_samesite": "None"}),
        (DOMAIN, {"cookie_domain": ""}),
        (DOMAIN, {}),
        ("https://mycloudfront.net", {}),
        ("https://d1.cloudfront.net", {}),
        ("https://d1.cloudfront.net", {"cookie_domain": ""}),
        ("https://media.bbc.uk", {"cookie_domain": "bbc.uk"}),
        ("https://media.x.com", {"cookie_domain": "x.com"}),
        ("http://127.0.0.1:8001", {"cookie_domain": "127.0.0.1"}),
        ("http://127.0.0.1:8001", {"cookie_samesite": "Lax"}),
        ("http://localhost:8001", {"cookie_domain": "localhost"}),
    ],
)
def test_cookies_that_can_reach_the_distribution_are_allowed(
    recording_signer: Signer, domain: str, options: dict[str, Any]
) -> None:
    """A parent domain of the host, or none if the site may have the same host."""
    distribution = Distribution(domain, recording_signer)
    assert ViewHandler(distribution, ViewOptions(delivery="cookies", **options))


def test_missing_cookie_domain_is_logged_once(
    recording_signer: Signer, caplog: pytest.LogCaptureFixture
) -> None:
    """The site may have another host than the distribution."""
    distribution = Distribution("https://logged-once.example.com:8443", recording_signer)
    for _ in range(2):
        ViewHandler(distribution, ViewOptions(delivery="cookies"))
    assert [(record.name, record.levelname) for record in caplog.records] == [("cfsign", "WARNING")]
    (line,) = caplog.messages
    assert "logged-once.example.com" in line
    assert "set cookie_domain to a domain that both share" in line


@pytest.mark.parametrize(
    ("host", "options"),
    [
        ("silent-1.example.com", {"delivery": "cookies", "cookie_domain": ""}),
        ("silent-2.example.com", {"delivery": "cookies", "cookie_domain": "example.com"}),
        ("silent-3.example.com", {"delivery": "json"}),
        ("localhost:8001", {"delivery": "cookies"}),
        ("edge.localhost:8001", {"delivery": "cookies"}),
        ("127.0.0.1:8001", {"delivery": "cookies"}),
        ("127.9.0.1", {"delivery": "cookies"}),
    ],
)
def test_nothing_is_logged_if_the_cookies_arrive(
    recording_signer: Signer, caplog: pytest.LogCaptureFixture, host: str, options: dict[str, Any]
) -> None:
    """The domain is set, or the distribution is on this machine."""
    ViewHandler(Distribution(f"http://{host}", recording_signer), ViewOptions(**options))
    assert caplog.messages == []


def test_empty_cookie_domain_sets_no_domain(
    recording_distribution: Distribution, clock: Any
) -> None:
    """The cookies are the same as with None, which also logs a warning."""
    assert ViewOptions(cookie_domain="").cookie_domain == ""
    assert ViewOptions().cookie_domain is None
    empty, none = (
        allow(recording_distribution, "a/b", delivery="cookies", cookie_domain=domain)
        for domain in ("", None)
    )
    assert empty == none
    assert "Domain" not in str(empty.headers)
