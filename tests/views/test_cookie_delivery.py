"""`delivery = "cookies"`: signed cookies for a folder."""

from __future__ import annotations

from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any

import pytest

from cfsign import (
    Allow,
    ConfigurationError,
    DecisionError,
    Deny,
    Distribution,
    PolicyError,
    Signer,
    TrustedKeyGroup,
)
from cfsign.views import ViewHandler, ViewOptions, ViewResponse
from tests.views.helpers import allow, respond

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


def test_nested_files_share_the_cookies_of_the_folder_that_the_site_names(
    distribution: Distribution, trusted_keys: TrustedKeyGroup, clock: Any
) -> None:
    """`master.m3u8` next to `1080p/`: one set of cookies, so none hides the other."""

    def name_video(resource: str) -> str:
        return "/".join(resource.split("/")[:2])

    for resource in ("videos/42/master.m3u8", "videos/42/1080p/index.m3u8"):
        response = allow(distribution, resource, delivery="cookies", folder=name_video)
        assert get_paths(response) == {"Path=/videos/42/"}
        assert response.location == f"{DOMAIN}/{resource}"
        for inside in ("videos/42/1.ts", "videos/42/1080p/1.ts"):
            assert trusted_keys.check(f"{DOMAIN}/{inside}", cookies=get_cookies(response))


@pytest.mark.parametrize("result", [200, Allow(expires_in=5)])
def test_cookies_without_a_folder_are_an_error(
    recording_distribution: Distribution, recorder: Any, result: Any
) -> None:
    """Nothing guesses the folder from the path."""
    with pytest.raises(DecisionError, match='"cookies" needs a folder to open; set the option'):
        allow(recording_distribution, "v/a", result, delivery="cookies", folder=None)
    assert recorder.signed == []


def test_cookies_for_the_folder_of_the_decision(
    distribution: Distribution, trusted_keys: TrustedKeyGroup, clock: Any
) -> None:
    response = allow(distribution, "v/hd/1.ts", Allow(folder="v"), delivery="cookies", folder=None)
    assert get_paths(response) == {"Path=/v/"}
    assert trusted_keys.check(f"{DOMAIN}/v/2.ts", cookies=get_cookies(response))


def test_204_sets_the_cookies_without_a_redirect(distribution: Distribution, clock: Any) -> None:
    """For a script, which fetches the files itself."""
    response = allow(distribution, "v/a", delivery="cookies", code=204)
    redirect = allow(distribution, "v/a", delivery="cookies")
    assert (response.status, response.location, response.body) == (204, None, b"")
    assert response.headers == redirect.headers[1:]


def test_204_needs_cookies() -> None:
    with pytest.raises(ConfigurationError, match='204 sends no URL, so it needs delivery "cookies'):
        ViewOptions(code=204)


def test_duration_of_cookies_is_an_option(distribution: Distribution, clock: Any) -> None:
    """60 seconds are right for a URL, and stop a video. An `Allow` overrides it."""
    hour: dict[str, Any] = {"delivery": "cookies", "cookie_expires_in": timedelta(hours=1)}
    for result, seconds in ((200, 3600), (Allow(expires_in=9), 9), (Allow(folder="v"), 3600)):
        response = allow(distribution, "v/a", result, **hour)
        assert any(f"Max-Age={seconds};" in value for value in get_set_cookies(response))
    assert ViewOptions(**hour).cookie_expires_in == 3600
    url = allow(distribution, "v/a", cookie_expires_in=3600).location or ""
    assert "Expires=1767225660&" in url


def test_further_cookie_options(distribution: Distribution, clock: Any) -> None:
    response = allow(
        distribution,
        "v/a",
        delivery="cookies",
        cookie_path="/",
        cookie_partitioned=True,
        cookie_persistent=False,
        cookie_samesite="None",
    )
    for value in get_set_cookies(response):
        attributes = set(value.split("; ")[1:])
        assert {"Path=/", "Partitioned", "SameSite=None", "Secure"} <= attributes
        assert "Max-Age=60" not in attributes


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cookie_path": "v"}, "cookie_path: must be the encoded prefix"),
        ({"cookie_path": ""}, "cookie_path: must be the encoded prefix"),
        ({"cookie_path": "/" + "a" * 1024}, "cookie_path: browsers ignore a Path of more than"),
        ({"cookie_partitioned": 1}, "cookie_partitioned must be True or False, got int"),
        ({"cookie_persistent": "no"}, "cookie_persistent must be True or False, got str"),
        ({"cookie_expires_in": 0}, "cookie_expires_in must be a positive number of seconds"),
        ({"cookie_expires_in": "1h"}, "cookie_expires_in must be a timedelta or whole seconds"),
    ],
)
def test_wrong_cookie_option_is_refused(options: Any, message: str) -> None:
    with pytest.raises((ConfigurationError, PolicyError), match=message):
        ViewOptions(**options)


def test_partitioned_cookies_need_https(recording_signer: Signer) -> None:
    options = ViewOptions(delivery="cookies", cookie_partitioned=True)
    with pytest.raises(ConfigurationError, match="cookie_partitioned: browsers drop"):
        ViewHandler(Distribution("http://localhost:8001", recording_signer), options)


@pytest.mark.parametrize("options", [{}, {"cookie_path": "/"}])
def test_path_that_is_too_long_for_a_cookie_is_a_404(
    recording_distribution: Distribution, recorder: Any, options: Any
) -> None:
    """The client chose it, so it is not an error of the site."""
    for length, is_valid in ((1022, True), (1023, False)):
        response = respond(
            recording_distribution, "a" * length + "/b", delivery="cookies", **options
        )
        assert isinstance(response, ViewResponse) == is_valid
        assert is_valid or response == Deny(404)
    assert len(recorder.signed) == 1


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
