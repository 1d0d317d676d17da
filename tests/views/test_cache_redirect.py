"""The option `cache_redirect`: browsers may cache a response while its URL stays the same."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cfsign import Allow, ConfigurationError, Deny, Distribution, Signer, TrustedKeyGroup
from cfsign.views import ViewHandler, ViewOptions, ViewResponse
from tests.views.helpers import allow, get_location, respond

DOMAIN = "https://media.example.com"
STEP = 300


@pytest.fixture
def stable(recording_signer: Signer) -> Distribution:
    """A distribution whose URLs stay the same for a step."""
    return Distribution(DOMAIN, recording_signer, expires_in=60, expiry_step=STEP)


def get_cache_control(response: ViewResponse) -> str:
    """Return the value of the only `Cache-Control` header."""
    (value,) = [value for name, value in response.headers if name.lower() == "cache-control"]
    return value


@pytest.mark.parametrize("delivery", ["redirect", "json"])
def test_stable_url_is_cached_by_the_browser(
    stable: Distribution, clock: Any, now: int, delivery: Any
) -> None:
    """Until the URL changes, and only by the client's browser."""
    clock.shift(10)
    response = allow(stable, cache_redirect=True, delivery=delivery, headers={"X-A": "b"})
    # The step ends after 300 s, and a URL must have 60 s left.
    assert response.headers[1:] == (
        ("Cache-Control", "private, max-age=230"),
        ("Vary", "Cookie, Authorization"),
        ("X-A", "b"),
    )
    if delivery == "json":
        assert json.loads(response.body)["expires_at"] == now + STEP


def test_cached_redirect_leads_to_the_current_url(
    signer: Signer, trusted_keys: TrustedKeyGroup, clock: Any, now: int
) -> None:
    """Until its last second, the URL is the same as a new one and has its whole duration left."""
    distribution = Distribution(DOMAIN, signer, expires_in=60, expiry_step=STEP)
    for second in range(0, STEP, 7):
        clock.move_to(now + second)
        cached = allow(distribution, cache_redirect=True)
        max_age = get_cache_control(cached).removeprefix("private, max-age=")
        if max_age == "no-store":
            continue
        end = now + second + int(max_age)
        clock.move_to(end)
        assert allow(distribution, cache_redirect=True).location == cached.location
        assert trusted_keys.check(get_location(cached), at=end + 59)


@pytest.mark.parametrize(
    "result",
    [
        Allow(expires_in=60),
        Allow(expires_in=240),
        Allow(expires_at=1767225600 + STEP),
        Allow(starts_at=1767225600 - 5),
        Allow(ip_address="192.0.2.7"),
    ],
    ids=repr,
)
@pytest.mark.usefixtures("clock")
def test_allow_with_conditions_is_not_cached(stable: Distribution, result: Allow) -> None:
    """The next request may get other conditions."""
    response = allow(stable, "a", result, cache_redirect=True)
    assert get_cache_control(response) == "no-store"
    assert "Vary" not in dict(response.headers)
    plain = allow(stable, "a", Allow(), cache_redirect=True)
    assert get_cache_control(plain).startswith("private, max-age=")


def test_url_that_changes_now_is_not_cached(stable: Distribution, clock: Any) -> None:
    """It has exactly its duration left."""
    clock.shift(STEP - 60)
    assert get_cache_control(allow(stable, cache_redirect=True)) == "no-store"


@pytest.mark.usefixtures("clock")
def test_nothing_is_cached_by_default(stable: Distribution) -> None:
    """The option is off."""
    assert get_cache_control(allow(stable)) == "no-store"


@pytest.mark.usefixtures("clock")
def test_vary_of_the_options_is_kept(stable: Distribution) -> None:
    """In one header, because some frameworks keep only one of a name."""
    response = allow(stable, cache_redirect=True, headers={"vary": "X-Site"})
    vary = [value for name, value in response.headers if name.lower() == "vary"]
    assert vary == ["X-Site, Cookie, Authorization"]


@pytest.mark.usefixtures("clock")
def test_refusal_is_not_cached(stable: Distribution) -> None:
    """The next request may be allowed."""
    deny = respond(stable, "a", 403, cache_redirect=True)
    assert isinstance(deny, Deny)
    assert dict(deny.headers) == {"Cache-Control": "no-store"}


def test_caching_without_expiry_step_is_refused(recording_distribution: Distribution) -> None:
    """Each URL would be another."""
    with pytest.raises(ConfigurationError, match="needs an expiry_step"):
        ViewHandler(recording_distribution, ViewOptions(cache_redirect=True))
