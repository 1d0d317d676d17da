"""A site: its settings, and the desk of each of its views."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest

from cfsign import ConfigurationError, Delivery, Distribution, Signer, Site, ViewOptions
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
def site(recording_distribution: Distribution) -> Site:
    """A site that says 307."""
    return Site(recording_distribution, Delivery(code=307, headers={"X-Site": "1"}))


def test_from_its_settings(pem: str) -> None:
    """All of them, and every mistake at once."""
    config = {"key_pair_id": "K1", "private_key": pem, "code": 302}
    site = Site.from_config({"CLOUDFRONT_DOMAIN": DOMAIN, "CLOUDFRONT_CONFIG": config})
    assert (site.distribution.domain, site.delivery.code) == (DOMAIN, 302)
    assert repr(site) == f"<Site {DOMAIN}>"
    with pytest.raises(ConfigurationError) as caught:
        Site.from_config({})
    assert len(caught.value.problems) >= 4


def test_a_views_options_go_before_the_sites(site: Site) -> None:
    """Each for itself; None takes the site's."""
    options = site.desk(View(code=302, headers=None)).options
    assert (options.code, dict(options.headers)) == (302, {"X-Site": "1"})
    assert site.desk(ViewOptions()).options == site.delivery


def test_a_view_may_say_no_to_the_site(recording_signer: Signer) -> None:
    """False is an option's value, and not none."""
    distribution = Distribution(DOMAIN, recording_signer, expiry_step=300)
    site = Site(distribution, Delivery(cache_redirect=True))
    assert site.desk(View(delivery="json")).options.cache_redirect
    with pytest.raises(ConfigurationError, match="not for cookies"):
        site.desk(View(delivery="cookies"))
    view = View(delivery="cookies", cache_redirect=False, cookie_domain="")
    assert site.desk(view).options.delivery == "cookies"


def test_a_desk_is_made_once(site: Site) -> None:
    """For a view, or for what all of the views of a kind have in common."""
    view, kind = View(code=302), View()
    kept = site.desk(view)
    assert site.desk(view) is kept
    assert site.desk(View(code=302)) is not kept
    assert site.desk(View(code=302), kind) is site.desk(View(code=302), kind)


def test_what_is_made_for_one_request_is_not_kept(site: Site) -> None:
    """Neither the view nor its desk, which goes with what it is found by."""
    for _ in range(3):
        view = View(code=302)
        gone = weakref.ref(view)
        assert site.desk(view)
        assert site.desk(View(), View())
        del view
        gc.collect()
        assert gone() is None
        assert len(site._desks) == 0


def test_what_a_view_cannot_deliver_is_an_error_each_time(site: Site) -> None:
    """It is not kept, key or no key."""
    view = View(delivery="cookies", cookie_domain="example.org")
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="no parent of"):
            site.desk(view)


def test_a_site_whose_own_options_cannot_work_is_none(
    recording_distribution: Distribution,
) -> None:
    """Whatever its views say."""
    with pytest.raises(ConfigurationError, match="needs an expiry_step"):
        Site(recording_distribution, Delivery(cache_redirect=True))


def test_a_key_that_a_view_does_not_await() -> None:
    """Said of that view alone."""
    site = Site(Distribution(DOMAIN, Signer("K1", AsyncKey())), Delivery())
    assert site.desk(ViewOptions()).is_async
    with pytest.raises(ConfigurationError, match="this view awaits nothing"):
        site.desk(ViewOptions(), awaits=False)


def test_the_attributes_of_a_view_are_the_options() -> None:
    """No more and no fewer."""
    names = {name for name in vars(ViewOptions) if not name.startswith("_")}
    assert names == set(Delivery.__dataclass_fields__)
