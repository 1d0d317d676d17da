"""A site: its settings, and the desk of each of its views."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import weakref

import pytest

from cfsign import ConfigurationError, Distribution, Signer
from cfsign.views import OptionAttributes, SiteConfig, ViewHandler, ViewOptions
from tests.conftest import RecordingKey

DOMAIN = "https://media.example.com"


class View:
    """A view of no framework, with the options that it is given."""

    def __init__(self, **options: object) -> None:
        vars(self).update(options)


class AsyncKey(RecordingKey):
    """A key that must be awaited."""

    async def sign(self, message: bytes, hash_algorithm: str) -> bytes:  # type: ignore[override]
        await asyncio.sleep(0)
        return super().sign(message, hash_algorithm)


@pytest.fixture
def site(recording_distribution: Distribution) -> SiteConfig:
    """A site that says 307."""
    return SiteConfig(recording_distribution, ViewOptions(code=307, headers={"X-Site": "1"}))


def test_from_its_settings(pem: str) -> None:
    """All of them, and every mistake at once."""
    config = {"key_pair_id": "K1", "private_key": pem, "code": 302}
    site = SiteConfig.from_config({"CLOUDFRONT_DOMAIN": DOMAIN, "CLOUDFRONT_CONFIG": config})
    assert (site.distribution.domain, site.options.code) == (DOMAIN, 302)
    assert repr(site) == f"<SiteConfig {DOMAIN}>"
    with pytest.raises(ConfigurationError) as caught:
        SiteConfig.from_config({})
    assert len(caught.value.problems) >= 4


def test_a_views_options_go_before_the_sites(site: SiteConfig) -> None:
    """Each for itself; None takes the site's."""
    options = site.handler(View(code=302, headers=None)).options
    assert (options.code, dict(options.headers)) == (302, {"X-Site": "1"})
    assert site.handler(OptionAttributes()).options == site.options


def test_a_view_may_say_no_to_the_site(recording_signer: Signer) -> None:
    """False is an option's value, and not none."""
    distribution = Distribution(DOMAIN, recording_signer, expiry_step=300)
    site = SiteConfig(distribution, ViewOptions(cache_redirect=True))
    assert site.handler(View(delivery="json")).options.cache_redirect
    with pytest.raises(ConfigurationError, match="cannot be combined with delivery="):
        site.handler(View(delivery="cookies"))
    view = View(delivery="cookies", cache_redirect=False, cookie_domain="")
    assert site.handler(view).options.delivery == "cookies"


def test_a_desk_is_made_once(site: SiteConfig) -> None:
    """For a view, or for what all of the views of a kind have in common."""
    view, kind = View(code=302), View()
    kept = site.handler(view)
    assert site.handler(view) is kept
    assert site.handler(View(code=302)) is not kept
    assert site.handler(View(code=302), kind) is site.handler(View(code=302), kind)


def test_what_is_made_for_one_request_is_not_kept(site: SiteConfig) -> None:
    """Neither the view nor its desk, which goes with what it is found by."""
    for _ in range(3):
        view = View(code=302)
        gone = weakref.ref(view)
        assert site.handler(view)
        assert site.handler(View(), View())
        del view
        gc.collect()
        assert gone() is None
    handlers = [each for each in gc.get_objects() if type(each) is ViewHandler]
    assert [each for each in handlers if each.distribution is site.distribution] == [
        site.default_handler
    ]


def test_what_a_view_cannot_deliver_is_an_error_each_time(site: SiteConfig) -> None:
    """It is not kept, key or no key."""
    view = View(delivery="cookies", cookie_domain="example.org")
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="no parent of"):
            site.handler(view)


def test_a_site_whose_own_options_cannot_work_is_none(
    recording_distribution: Distribution,
) -> None:
    """Whatever its views say."""
    with pytest.raises(ConfigurationError, match="without an expiry_step"):
        SiteConfig(recording_distribution, ViewOptions(cache_redirect=True))


def test_a_key_that_a_view_does_not_await() -> None:
    """Said of that view alone."""
    site = SiteConfig(Distribution(DOMAIN, Signer("K1", AsyncKey())), ViewOptions())
    assert site.handler(OptionAttributes()).is_async
    with pytest.raises(ConfigurationError, match="cannot await an asynchronous private key"):
        site.handler(OptionAttributes(), can_await=False)


def test_the_attributes_of_a_view_are_the_options() -> None:
    """No more and no fewer."""
    names = {name for name in vars(OptionAttributes) if not name.startswith("_")}
    assert names == {field.name for field in dataclasses.fields(ViewOptions)}
