"""The configuration of a site, and the handlers of its views."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest

from cfsign import ConfigurationError, Distribution, ResourceError, Signer
from cfsign.views import OptionAttributes, SiteConfig, ViewHandler, ViewOptions
from tests.conftest import RecordingKey

DOMAIN = "https://media.example.com"


class View:
    """A view without a framework."""

    def __init__(self, **options: object) -> None:
        vars(self).update(options)


class AsyncKey(RecordingKey):
    """An asynchronous key."""

    async def sign(self, message: bytes, hash_algorithm: str) -> bytes:  # type: ignore[override]
        await asyncio.sleep(0)
        return super().sign(message, hash_algorithm)


@pytest.fixture
def site(recording_distribution: Distribution) -> SiteConfig:
    """A site with two options."""
    return SiteConfig(recording_distribution, ViewOptions(code=307, headers={"X-Site": "1"}))


def test_settings_are_loaded(pem: str) -> None:
    """All mistakes are reported at once."""
    config = {"key_pair_id": "K1", "private_key": pem, "code": 302}
    site = SiteConfig.from_config({"CLOUDFRONT_DOMAIN": DOMAIN, "CLOUDFRONT_CONFIG": config})
    assert (site.distribution.domain, site.options.code) == (DOMAIN, 302)
    assert repr(site) == f"<SiteConfig {DOMAIN}>"
    with pytest.raises(ConfigurationError) as caught:
        SiteConfig.from_config({})
    assert len(caught.value.problems) >= 4


@pytest.mark.parametrize(
    ("location", "signed"),
    [("https://other.example.com", ""), ("https://other.example.com/a.pdf?v=1", "/a.pdf?v=1")],
)
def test_location_replaces_the_domain(pem: str, location: str, signed: str) -> None:
    """A URL with a path is signed for every request."""
    settings = {
        "CLOUDFRONT_DOMAIN": DOMAIN,
        "CLOUDFRONT_CONFIG": {"key_pair_id": "K1", "private_key": pem},
    }
    site = SiteConfig.from_config(settings, location=location)
    assert site.distribution.domain == "https://other.example.com"
    handler = site.handler(View(delivery="json"))
    assert handler.location == (site.distribution.domain + signed if signed else "")
    with pytest.raises(ResourceError):
        SiteConfig.from_config(settings, location="other.example.com")


def test_options_of_a_view_override_those_of_the_site(site: SiteConfig) -> None:
    """None stands for the site's."""
    options = site.handler(View(code=302, headers=None)).options
    assert (options.code, dict(options.headers)) == (302, {"X-Site": "1"})
    assert site.handler(OptionAttributes()).options == site.options


def test_view_can_switch_an_option_off(recording_signer: Signer) -> None:
    """False is a value, unlike None."""
    distribution = Distribution(DOMAIN, recording_signer, expiry_step=300)
    site = SiteConfig(distribution, ViewOptions(cache_redirect=True))
    assert site.handler(View(delivery="json")).options.cache_redirect
    with pytest.raises(ConfigurationError, match="cannot be combined with delivery="):
        site.handler(View(delivery="cookies"))
    view = View(delivery="cookies", cache_redirect=False, cookie_domain="")
    assert site.handler(view).options.delivery == "cookies"


def test_handler_is_built_once(site: SiteConfig) -> None:
    """For each view, or for each cache key."""
    view, cache_key = View(code=302), View()
    handler = site.handler(view)
    assert site.handler(view) is handler
    assert site.handler(View(code=302)) is not handler
    first, second = (site.handler(View(code=302), cache_key) for _ in range(2))
    assert first is second


def test_view_and_handler_of_one_request_are_freed(site: SiteConfig) -> None:
    """The cache holds weak references."""
    for _ in range(3):
        view = View(code=302)
        reference = weakref.ref(view)
        assert site.handler(view)
        assert site.handler(View(), View())
        del view
        gc.collect()
        assert reference() is None
    handlers = [each for each in gc.get_objects() if type(each) is ViewHandler]
    assert [each for each in handlers if each.distribution is site.distribution] == [
        site.default_handler
    ]


def test_view_that_cannot_work_is_an_error_each_time(site: SiteConfig) -> None:
    """The error is not cached away."""
    view = View(delivery="cookies", cookie_domain="example.org")
    for _ in range(2):
        with pytest.raises(ConfigurationError, match=r"example\.org"):
            site.handler(view)


def test_options_of_the_site_are_checked(recording_distribution: Distribution) -> None:
    """The constructor raises, even if every view overrides them."""
    with pytest.raises(ConfigurationError, match="needs an expiry_step"):
        SiteConfig(recording_distribution, ViewOptions(cache_redirect=True))


def test_asynchronous_key_needs_a_view_that_can_await() -> None:
    """The error is that of the view, not of the site."""
    site = SiteConfig(Distribution(DOMAIN, Signer("K1", AsyncKey())), ViewOptions())
    assert site.handler(View()).has_async_key
    with pytest.raises(ConfigurationError, match="cannot await an asynchronous private key"):
        site.handler(View(), can_await=False)
