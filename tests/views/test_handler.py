"""The desk: what is asked for before the site's own rule, and answered after it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from cfsign import (
    Allow,
    Configuration,
    ConfigurationError,
    Deny,
    Distribution,
    Signer,
    TrustedKeyGroup,
)
from cfsign.views import FileRequest, ViewHandler, ViewOptions, ViewResponse

DOMAIN = "https://media.example.com"
STEP = 300


def asked(desk: ViewHandler, resource: str = "a.pdf", query: str | bytes = "") -> FileRequest:
    found = desk.file_request(resource, query)
    assert isinstance(found, FileRequest)
    return found


def answer(desk: ViewHandler, result: object = 200, resource: str = "a.pdf") -> ViewResponse:
    found = asked(desk, resource).respond(result)
    assert isinstance(found, ViewResponse)
    return found


@pytest.fixture
def stable(recording_signer: Signer) -> Distribution:
    """A distribution whose URLs stay the same for a step."""
    return Distribution(DOMAIN, recording_signer, expires_in=60, expiry_step=STEP)


def keeping(distribution: Distribution, **options: Any) -> ViewHandler:
    return ViewHandler(distribution, ViewOptions(cache_redirect=True, **options))


def cache_control(found: ViewResponse) -> str:
    (value,) = [value for name, value in found.headers if name.lower() == "cache-control"]
    return value


def test_asking_signs_nothing(recording_distribution: Distribution, recorder: Any) -> None:
    """Nor does a no; one yes is one signature."""
    found = asked(ViewHandler(recording_distribution, ViewOptions()))
    assert recorder.signed == []
    assert found.respond(403) == Deny(403)
    assert recorder.signed == []
    assert isinstance(found.respond(200), ViewResponse)
    assert len(recorder.signed) == 1


def test_the_query_is_settled_before_anybody_is_asked(recording_distribution: Distribution) -> None:
    """What cannot be forwarded is a 404 like a name that cannot be."""
    desk = ViewHandler(recording_distribution, ViewOptions(forward_query=("v",)))
    assert desk.file_request("a", "v=\u20ac") == Deny(404)
    assert desk.file_request("a", b"v=" + b"x" * 9000) == Deny(404)
    found = asked(desk, "a", b"v=1&w=2").respond(200)
    assert isinstance(found, ViewResponse)
    assert (found.location or "").startswith(f"{DOMAIN}/a?v=1&Expires=")


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("delivery", ["redirect", "json", "cookies"])
def test_each_delivery_is_the_one_that_was_asked_for(
    recording_distribution: Distribution, clock: Any, delivery: Any, is_async: bool
) -> None:
    """The signed URL in a header, or in a body; or the plain one, and cookies."""
    at = asked(ViewHandler(recording_distribution, ViewOptions(delivery=delivery)))
    found = asyncio.run(at.respond_async(200)) if is_async else at.respond(200)
    assert isinstance(found, ViewResponse)
    names = [name for name, _ in found.headers]
    signed = f"{DOMAIN}/a.pdf?Expires="
    assert found.status == (200 if delivery == "json" else 303)
    assert (found.location or "").startswith(signed) == (delivery == "redirect")
    assert (signed.encode() in found.body) == (delivery == "json")
    assert ("Set-Cookie" in names) == (delivery == "cookies")


def test_what_is_asked_for_shows_no_secret(recording_distribution: Distribution) -> None:
    """Its URL is not signed, and a desk shows no key."""
    desk = ViewHandler(recording_distribution, ViewOptions())
    assert repr(desk) == f"<ViewHandler {DOMAIN} redirect>"
    assert repr(asked(desk)) == f"<FileRequest {DOMAIN}/a.pdf>"


def test_a_desk_with_other_options_is_another(recording_distribution: Distribution) -> None:
    """Checked as they are when made; the location stays."""
    desk = ViewHandler(recording_distribution, ViewOptions(), location=f"{DOMAIN}/fixed")
    other = desk.replace(allowed_statuses=(202,))
    assert (answer(other, 202).location or "").startswith(f"{DOMAIN}/fixed?")
    assert answer(desk, 200)
    with pytest.raises(ConfigurationError):
        desk.replace(code=301)


@pytest.mark.parametrize("name", ["Cache-Control", "cache-control", "CACHE-CONTROL"])
def test_the_sites_own_cache_control_wins(recording_distribution: Distribution, name: str) -> None:
    """In whatever letters it is written, there is one of it."""
    headers = {name: "private, max-age=5", "X-A": "b"}
    found = answer(ViewHandler(recording_distribution, ViewOptions(headers=headers)))
    assert found.headers[1:] == ((name, "private, max-age=5"), ("X-A", "b"))


@pytest.mark.parametrize("mode", ["redirect", "json"])
def test_a_stable_answer_may_be_kept(stable: Distribution, clock: Any, now: int, mode: Any) -> None:
    """By the viewer's browser alone, and for so long as the next would be the same."""
    desk = keeping(stable, delivery=mode, headers={"X-A": "b"})
    clock.shift(10)
    found = answer(desk)
    # The step ends at 300 s, and the last 60 s before it are the life of the next URL.
    assert found.headers[1:] == (
        ("Cache-Control", "private, max-age=230"),
        ("Vary", "Cookie, Authorization"),
        ("X-A", "b"),
    )
    if mode == "json":
        assert json.loads(found.body)["expires_at"] == now + STEP


def test_a_kept_redirect_leads_to_the_url_of_the_day(
    signer: Signer, trusted_keys: TrustedKeyGroup, clock: Any, now: int
) -> None:
    """Until the last second of its age: it is what a new one would be, with its whole life."""
    desk = keeping(Distribution(DOMAIN, signer, expires_in=60, expiry_step=STEP))
    for second in range(0, STEP, 7):
        clock.move_to(now + second)
        kept = answer(desk)
        age = cache_control(kept).removeprefix("private, max-age=")
        if age == "no-store":
            continue
        clock.move_to(now + second + int(age))
        assert answer(desk).location == kept.location
        assert trusted_keys.check(kept.location or "", at=now + second + int(age) + 59)


@pytest.mark.parametrize(
    "result",
    [
        Allow(expires_in=60),
        Allow(expires_in=240),
        Allow(expires_at=1767225600 + STEP),
        Allow(starts_at=1767225600 - 5),
        Allow(ip_address="192.0.2.7"),
    ],
)
@pytest.mark.usefixtures("clock")
def test_a_yes_with_conditions_is_for_this_once(stable: Distribution, result: Allow) -> None:
    """The viewer may be elsewhere the next time, or be given less."""
    found = answer(keeping(stable), result)
    assert cache_control(found) == "no-store"
    assert "Vary" not in dict(found.headers)
    assert cache_control(answer(keeping(stable), Allow())).startswith("private, max-age=")


def test_what_ends_now_is_not_kept(stable: Distribution, clock: Any) -> None:
    """Nor is anything without being told to be."""
    clock.shift(STEP - 60)
    assert cache_control(answer(keeping(stable))) == "no-store"
    clock.shift(-100)
    assert cache_control(answer(ViewHandler(stable, ViewOptions()))) == "no-store"


@pytest.mark.usefixtures("clock")
def test_the_sites_own_vary_stays(stable: Distribution) -> None:
    """In one line with ours, since some frameworks keep one of a name."""
    found = answer(keeping(stable, headers={"vary": "X-Site"}))
    vary = [value for name, value in found.headers if name.lower() == "vary"]
    assert vary == ["X-Site, Cookie, Authorization"]


@pytest.mark.usefixtures("clock")
def test_a_no_is_never_kept(stable: Distribution) -> None:
    """The viewer may be allowed the next moment."""
    deny = asked(keeping(stable)).respond(403)
    assert isinstance(deny, Deny)
    assert dict(deny.headers) == {"Cache-Control": "no-store"}


@pytest.mark.parametrize(
    ("options", "mend"),
    [
        ({"cache_redirect": "yes"}, "True or False"),
        ({"cache_redirect": 1}, "True or False"),
        ({"delivery": "cookies", "cache_redirect": True}, "cannot be combined with delivery="),
        (
            {"headers": {"cache-control": "private"}, "cache_redirect": True},
            "cannot be combined with Cache-Control",
        ),
    ],
)
def test_what_cannot_be_kept_is_refused_when_made(options: dict[str, Any], mend: str) -> None:
    """Alone, or beside the others."""
    with pytest.raises(ConfigurationError, match=mend):
        ViewOptions(**options)


def test_without_a_step_nothing_is_kept(recording_distribution: Distribution) -> None:
    """Said at start-up, with all else."""
    with pytest.raises(ConfigurationError, match="without an expiry_step"):
        ViewHandler(recording_distribution, ViewOptions(cache_redirect=True))


def test_keeping_is_a_setting_too(pem: str) -> None:
    """Of the whole site; it is off where nothing is said."""
    config = {"key_pair_id": "K1", "private_key": pem}
    for stated, expected in (({}, False), ({"cache_redirect": True}, True)):
        settings = {"CLOUDFRONT_DOMAIN": DOMAIN, "CLOUDFRONT_CONFIG": config | stated}
        configuration = Configuration.from_mapping(settings)
        assert ViewOptions.from_configuration(configuration).cache_redirect is expected
    with pytest.raises(ConfigurationError, match=r"\['cache_redirect'\]: .* True or False"):
        Configuration.from_mapping(
            {"CLOUDFRONT_DOMAIN": DOMAIN, "CLOUDFRONT_CONFIG": config | {"cache_redirect": "no"}}
        )
