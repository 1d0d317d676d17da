"""`Distribution`: plain paths to URLs, the default expiry and the steps."""

from __future__ import annotations

import asyncio
import ipaddress
import itertools
import re
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfsign import (
    CfsignWarning,
    ConfigurationError,
    Distribution,
    Policy,
    PolicyError,
    ResourceError,
    Signer,
    TrustedKeyGroup,
)
from cfsign.config.configuration import Configuration
from cfsign.limits import LATEST_EXPIRY

DOMAIN = "https://media.example.com"


def expiry(url: str) -> int:
    return int(re.search(r"[?&]Expires=(\d+)", url)[1])  # type: ignore[index]


@pytest.mark.parametrize(
    ("path", "query", "url"),
    [
        ("report.pdf", None, "/report.pdf"),
        ("/report.pdf", None, "/report.pdf"),
        ("a b.pdf", None, "/a%20b.pdf"),
        ("é.pdf", "", "/%C3%A9.pdf"),
        ("a*b?c#d", {}, "/a%2Ab%3Fc%23d"),
        ("a", "x=1&y=2", "/a?x=1&y=2"),
        ("a", "k&z=", "/a?k&z="),
        ("a", {"x": "1 2", "y": "&="}, "/a?x=1%202&y=%26%3D"),
        ("a", [("x", "1"), ("x", "1")], "/a?x=1&x=1"),
        ("docs/", None, "/docs/"),
        ("docs/", {"v": "1"}, "/docs/?v=1"),
        ("", None, "/"),
        ("/", "v=1", "/?v=1"),
    ],
)
def test_unsigned_url_encodes_a_plain_path_once(
    recording_distribution: Distribution, recorder: Any, path: str, query: Any, url: str
) -> None:
    assert recording_distribution.unsigned_url(path, query) == DOMAIN + url
    assert recorder.signed == []


@pytest.mark.parametrize(
    ("path", "query", "hint"),
    [
        ("../secret", None, "the path of the file itself"),
        ("a//b", None, "empty name"),
        ("//", None, "empty name"),
        ("a\r\nb", None, "remove it"),
        (None, None, "got NoneType"),
        ("a", "x y", "write %20"),
        ("a", "é", "write %C3%A9"),
        ("a", "x=1#y", "remove the fragment"),
        ("a", "it's", "write %27"),
        ("a", "x=*", "%2A"),
        ("a", "x=1\r\nSet-Cookie: y", "remove it"),
        ("a", "Expires=1", "rename it"),
        ("a", "%45xpires=1", "rename it"),
        ("a", {"Policy": "1"}, "rename it"),
        ("a", [("x", "1"), ("Key-Pair-Id", "")], "rename it"),
        ("a", {"x": 1}, r"text \(str\)"),
        ("a" * 8192, None, "shorten the path"),
    ],
)
def test_bad_path_or_query_is_refused_and_not_signed(
    recording_distribution: Distribution, recorder: Any, path: Any, query: Any, hint: str
) -> None:
    for method in (recording_distribution.unsigned_url, recording_distribution.sign_path):
        with pytest.raises(ResourceError, match=hint):
            method(path, query=query)
    assert recorder.signed == []


# What the WHATWG URL standard has a browser change on its way from an attribute to the wire: its
# path and special-query percent-encode sets, tabs and newlines, backslashes, dot segments, case.
CHANGED_IN_PATH = re.compile(r"[^!-~]|[\"#<>?^`{}\\]")
CHANGED_IN_QUERY = re.compile(r"[^!-~]|[\"#<>']")
DOT_SEGMENTS = {
    "".join(spelled) for n in (1, 2) for spelled in itertools.product((".", "%2e"), repeat=n)
}

NAMES = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/"), min_size=1, max_size=30
).filter(lambda name: name not in (".", ".."))
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
KEYS = st.text(st.characters(exclude_categories=["Cs"])).map(lambda name: name + "'")
QUERIES = st.lists(st.tuples(KEYS, st.text("aé '*&=/?#+%\n")))


@given(PATHS, QUERIES)
def test_browsers_do_not_change_an_unsigned_url(
    signer: Signer, path: str, query: list[tuple[str, str]]
) -> None:
    """For any file name and any query."""
    url = Distribution(DOMAIN, signer).unsigned_url(path, query)
    assert url.startswith(f"{DOMAIN}/")
    encoded, _, rest = url.removeprefix(DOMAIN).partition("?")
    assert not CHANGED_IN_PATH.search(encoded)
    assert not CHANGED_IN_QUERY.search(rest)
    assert not DOT_SEGMENTS.intersection(encoded.lower().split("/"))
    assert not re.search(r"%(?![0-9A-F]{2})", url)
    assert "*" not in url
    assert urlsplit(url).geturl() == url
    assert unquote(encoded, errors="strict") == "/" + path


def test_sign_path_signs_the_unsigned_url(
    recording_distribution: Distribution, recorder: Any, clock: Any, now: int
) -> None:
    """With the default expiry of one minute, canned."""
    signed = recording_distribution.sign_path("a b.pdf", query={"v": "1"})
    assert signed.startswith(f"{DOMAIN}/a%20b.pdf?v=1&Expires={now + 60}&Signature=")
    assert b'"Resource":"https://media.example.com/a%20b.pdf?v=1"' in recorder.signed[0][0]


@pytest.mark.parametrize(
    ("options", "end"),
    [
        ({}, 300),
        ({"expires_in": 5}, 5),
        ({"expires_in": timedelta(hours=1)}, 3600),
        ({"expires_at": 1767225600 + 7}, 7),
        ({"expires_at": datetime(2026, 1, 1, 0, 0, 9, tzinfo=UTC)}, 9),
    ],
)
def test_expiry_argument_replaces_the_default(
    recording_signer: Signer, clock: Any, now: int, options: dict[str, Any], end: int
) -> None:
    distribution = Distribution(DOMAIN, recording_signer, expires_in=timedelta(minutes=5))
    assert distribution.expires_in == 300
    assert expiry(distribution.sign_path("a", **options)) == now + end
    cookies = distribution.sign_resource(f"{DOMAIN}/a", **options).cookies()
    assert cookies["CloudFront-Expires"] == str(now + end)


def test_start_and_address_make_the_policy_custom(
    recording_distribution: Distribution,
    clock: Any,
    now: int,
    decode_base64: Callable[..., bytes],
) -> None:
    for options in ({"starts_at": now}, {"ip_address": "192.0.2.1"}):
        signed = recording_distribution.sign_path("a", **options)
        policy = decode_base64(signed.partition("?Policy=")[2].partition("&")[0])
        expected = Policy(f"{DOMAIN}/a", now + 60, **options)
        assert policy.decode() == expected.to_json()


def test_sign_cookies_keeps_the_wildcard_of_the_pattern(
    recording_distribution: Distribution, recorder: Any, clock: Any
) -> None:
    """Everything else is encoded, including `?`."""
    recording_distribution.sign_cookies(pattern="videos/é 42/*")
    assert b'"Resource":"https://media.example.com/videos/%C3%A9%2042/*"' in recorder.signed[0][0]
    recording_distribution.sign_cookies(pattern="/what?/*")
    assert b'"https://media.example.com/what%3F/*"' in recorder.signed[1][0]
    for bad in ("../*", "a//*", "", "a\n*", "*/.."):
        with pytest.raises(ResourceError):
            recording_distribution.sign_cookies(pattern=bad)
    assert len(recorder.signed) == 2


@pytest.mark.parametrize("path", ["a*b.pdf", "*", "x/*"])
def test_star_in_a_path_is_not_a_wildcard(
    signer: Signer, trusted_keys: TrustedKeyGroup, clock: Any, path: str
) -> None:
    distribution = Distribution(DOMAIN, signer)
    signed = distribution.sign_path(path)
    assert trusted_keys.check(signed)
    assert "%2A" in signed
    assert not trusted_keys.check(signed.replace("%2A", "y"))
    assert not trusted_keys.check(signed.replace("%2A", "*"))


def test_step_rounds_the_expiry_up(recording_signer: Signer, clock: Any, now: int) -> None:
    """URLs stay the same within a step and last at least the requested duration."""
    distribution = Distribution(DOMAIN, recording_signer, expires_in=60, expiry_step=300)
    assert now % 300 == 0
    first = distribution.sign_path("a")
    assert expiry(first) == now + 300
    clock.shift(240)
    assert distribution.sign_path("a") == first
    clock.shift(1)
    assert expiry(distribution.sign_path("a")) == now + 600
    assert expiry(distribution.sign_path("a", expires_in=2)) == now + 243
    assert expiry(distribution.sign_path("a", expires_at=now + 777)) == now + 777


def test_step_does_not_round_past_2262(recording_signer: Signer, clock: Any) -> None:
    clock.move_to(LATEST_EXPIRY - 500)
    distribution = Distribution(DOMAIN, recording_signer, expires_in=60, expiry_step=400)
    assert expiry(distribution.sign_path("a")) == 9223371600
    distribution = Distribution(DOMAIN, recording_signer, expires_in=490, expiry_step=400)
    assert expiry(distribution.sign_path("a")) == LATEST_EXPIRY


@given(st.integers(1, 10**6), st.integers(1, 10**5))
def test_step_never_shortens_the_duration(signer: Signer, duration: int, step: int) -> None:
    """It adds less than a step, and the expiry is a multiple of it."""
    distribution = Distribution(DOMAIN, signer, expires_in=duration, expiry_step=step)
    before = int(datetime.now(UTC).timestamp())
    end = distribution.sign_resource(f"{DOMAIN}/a").policy.expires_at
    after = int(datetime.now(UTC).timestamp())
    assert before + duration <= end < after + duration + step
    assert end % step == 0


def test_redirect_max_age_ends_when_the_policy_changes(
    recording_signer: Signer, clock: Any, now: int
) -> None:
    """In the same second the policy is still the same; one second later it is not."""
    distribution = Distribution(DOMAIN, recording_signer, expires_in=60, expiry_step=300)
    signed = distribution.sign_resource(f"{DOMAIN}/a")
    assert distribution.redirect_max_age(signed) == 240
    clock.shift(240)
    assert distribution.sign_resource(f"{DOMAIN}/a").policy == signed.policy
    assert distribution.redirect_max_age(signed) == 0
    clock.shift(1)
    assert distribution.sign_resource(f"{DOMAIN}/a").policy != signed.policy
    assert distribution.redirect_max_age(signed) == 0


@pytest.mark.parametrize("signed", [f"{DOMAIN}/a?Expires=1&Signature=s3cret", None])
def test_redirect_max_age_takes_only_a_signed_policy(recording_signer: Signer, signed: Any) -> None:
    """A URL is refused, and not shown."""
    distribution = Distribution(DOMAIN, recording_signer, expiry_step=300)
    with pytest.raises(
        PolicyError, match="takes the SignedPolicy that sign_resource returns"
    ) as caught:
        distribution.redirect_max_age(signed)
    assert "s3cret" not in str(caught.value)


def test_redirect_max_age_is_rounded_down(recording_signer: Signer, clock: Any, now: int) -> None:
    distribution = Distribution(DOMAIN, recording_signer, expires_in=60, expiry_step=300)
    signed = distribution.sign_resource(f"{DOMAIN}/a")
    for seconds, max_age in ((100, 140), (0.001, 139), (140.5, 0)):
        clock.shift(seconds)
        assert distribution.redirect_max_age(signed) == max_age


def test_redirect_max_age_is_0_without_the_default_expiry(
    recording_signer: Signer, clock: Any, now: int
) -> None:
    stepped = Distribution(DOMAIN, recording_signer, expires_in=60, expiry_step=300)
    plain = Distribution(DOMAIN, recording_signer, expires_in=60)
    for options in ({"expires_in": 7}, {"expires_in": 7200}, {"expires_at": now + 301}):
        assert stepped.redirect_max_age(stepped.sign_resource(f"{DOMAIN}/a", **options)) == 0
    assert plain.redirect_max_age(plain.sign_resource(f"{DOMAIN}/a")) == 0
    assert plain.redirect_max_age(stepped.sign_resource(f"{DOMAIN}/a")) == 0


@pytest.mark.parametrize(
    ("domain", "hint"),
    [
        (7, r"domain: a domain must be text \(str\), got int"),
        ("media.example.com", "domain: the domain has no scheme"),
        (f"{DOMAIN}/files", "domain: the domain has a path"),
        ("https://media.s3.amazonaws.com", "domain: media.s3.amazonaws.com is an address of S3"),
        ("https://s3.eu-west-1.amazonaws.com/media", "is an address of S3"),
        ("https://Media.example.com", "lower case"),
        (None, "got NoneType"),
    ],
)
def test_bad_domain_is_a_configuration_error(signer: Signer, domain: Any, hint: str) -> None:
    with pytest.raises(ConfigurationError, match=hint):
        Distribution(domain, signer)


def test_key_instead_of_a_signer_is_refused(key: Any) -> None:
    """A key has no id."""
    with pytest.raises(
        ConfigurationError,
        match=r"must be a Signer or a KeyRing.*; use Signer\(key_pair_id, private_key\)",
    ):
        Distribution(DOMAIN, key)


@pytest.mark.parametrize("name", ["expires_in", "expiry_step"])
@pytest.mark.parametrize("value", [0, -1, 1.5, "60", True, timedelta(0), 2**34, timedelta.max])
def test_bad_duration_is_refused_when_the_distribution_is_made(
    signer: Signer, name: str, value: Any
) -> None:
    """Not at the first request."""
    with pytest.raises(PolicyError, match=name):
        Distribution(DOMAIN, signer, **{name: value})


@pytest.mark.parametrize("name", ["expires_in", "expiry_step"])
def test_duration_that_no_float_can_hold_is_refused(signer: Signer, name: str) -> None:
    """It is compared without being converted."""
    with pytest.raises(PolicyError, match=f"{name} ends after 9223372036"):
        Distribution(DOMAIN, signer, **{name: 10**400})


def test_trailing_slash_of_the_domain_is_dropped(signer: Signer) -> None:
    assert Distribution(f"{DOMAIN}/", signer).unsigned_url("a") == f"{DOMAIN}/a"


def test_from_config_and_from_env_agree(pem: str, tmp_path: Path) -> None:
    (tmp_path / "k.pem").write_text(pem)
    one = Distribution.from_config(
        {
            "CLOUDFRONT_DOMAIN": DOMAIN,
            "CLOUDFRONT_CONFIG": {
                "private_key": pem,
                "key_pair_id": "ABCDEF",
                "expires_in": 90,
                "expiry_step": 30,
                "expiry_jitter": 20,
                "cache_bytes": 4096,
                "hash_algorithm": "SHA256",
            },
        }
    )
    two = Distribution.from_env(
        {
            "CLOUDFRONT_DOMAIN": DOMAIN,
            "CLOUDFRONT_PRIVATE_KEY_FILE": str(tmp_path / "k.pem"),
            "CLOUDFRONT_KEY_PAIR_ID": "ABCDEF",
            "CLOUDFRONT_EXPIRES_IN": "90",
            "CLOUDFRONT_EXPIRY_STEP": "30",
            "CLOUDFRONT_EXPIRY_JITTER": "20",
            "CLOUDFRONT_CACHE_BYTES": "4096",
            "CLOUDFRONT_HASH_ALGORITHM": "SHA256",
        }
    )
    for distribution in (one, two):
        assert (distribution.domain, distribution.expires_in) == (DOMAIN, 90)
        assert (distribution.expiry_step, distribution.signer.key_pair_id) == (30, "ABCDEF")
        assert distribution.signer.hash_algorithm == "SHA256"
        assert (distribution.expiry_jitter, distribution.cache_bytes) == (20, 4096)
    policy = Policy(f"{DOMAIN}/a", 1999999999)
    assert dict(one.signer.sign_policy(policy).params) == dict(
        two.signer.sign_policy(policy).params
    )


def test_from_config_reports_all_mistakes_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Distribution.from_config({})
    assert len(caught.value.problems) >= 3
    with pytest.raises(ConfigurationError, match="CLOUDFRONT_DOMAIN: missing"):
        Distribution.from_env({})


def test_from_env_reads_os_environ_by_default(monkeypatch: pytest.MonkeyPatch, pem: str) -> None:
    monkeypatch.setenv("CLOUDFRONT_DOMAIN", DOMAIN)
    monkeypatch.setenv("CLOUDFRONT_KEY_PAIR_ID", "ABCDEF")
    monkeypatch.setenv("CLOUDFRONT_PRIVATE_KEY", pem.replace("\n", "\\n"))
    assert Distribution.from_env().unsigned_url("a") == f"{DOMAIN}/a"
    assert Configuration.from_env().key_pair_id == "ABCDEF"


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example.com/a",
        "http://media.example.com/a",
        "https://media.example.com:8443/a",
        "https://media.example.com.evil.example/a",
    ],
)
def test_whole_url_of_another_host_is_refused(signer: Signer, url: str) -> None:
    distribution = Distribution(DOMAIN, signer)
    with pytest.raises(ResourceError, match=r"is not one of https://media\.example\.com"):
        distribution.sign_url(url)
    with pytest.raises(ResourceError, match=r"is not one of https://media\.example\.com"):
        asyncio.run(distribution.sign_url_async(url))


PRIVATE = ["10.1.2.3", "127.0.0.1", "192.168.0.0/16", "172.31.255.255", "100.64.0.1", "169.254.1.1"]
SIGN: dict[str, Callable[..., object]] = {
    "sign_path": lambda distribution, **more: distribution.sign_path("a", **more),
    "sign_url": lambda distribution, **more: distribution.sign_url(
        f"{distribution.domain}/a", **more
    ),
    "sign_folder": lambda distribution, **more: distribution.sign_folder("a", **more),
    "sign_cookies": lambda distribution, **more: distribution.sign_cookies(folder="a", **more),
    "sign_path_async": lambda distribution, **more: asyncio.run(
        distribution.sign_path_async("a", **more)
    ),
}


@pytest.mark.parametrize("step", [None, 60])
@pytest.mark.parametrize("method", SIGN)
def test_private_address_for_a_public_domain_warns(
    signer: Signer, method: str, step: int | None
) -> None:
    """CloudFront would refuse every request. Behind a proxy, a site sees the proxy's address."""
    distribution = Distribution("https://media.example.com", signer, expiry_step=step)
    for address in (*PRIVATE, ipaddress.IPv4Address("10.0.0.1"), "::ffff:10.0.0.1"):
        with pytest.warns(CfsignWarning, match="a private address, which CloudFront") as caught:
            SIGN[method](distribution, ip_address=address)
        # The line that signs; for the async method, that of the event loop.
        assert (caught[0].filename == __file__) is not method.endswith("async")


@pytest.mark.parametrize("pattern", [None, "https://media.example.com/*"])
def test_private_address_warns_once_in_a_signer_too(signer: Signer, pattern: str | None) -> None:
    conditions: Any = {"expires_in": 60, "ip_address": "10.0.0.1"}
    distribution = Distribution("https://media.example.com", signer)
    url = "https://media.example.com/a"
    for sign in (
        lambda: signer.sign_url(url, pattern=pattern, **conditions),
        lambda: asyncio.run(signer.sign_url_async(url, pattern=pattern, **conditions)),
        lambda: list(signer.sign_urls([url], pattern=pattern, **conditions)),
        lambda: signer.sign_cookies(pattern or url, **conditions),
        lambda: distribution.sign_path("a", **conditions),
        lambda: asyncio.run(distribution.sign_path_async("a", **conditions)),
    ):
        with pytest.warns(CfsignWarning, match="a private address") as caught:
            sign()
        assert len(caught) == 1


@pytest.mark.parametrize(
    ("domain", "address"),
    [
        ("https://media.example.com", "192.0.2.1"),
        ("https://media.example.com", "172.32.0.1"),
        ("https://media.example.com", "100.128.0.1"),
        ("https://media.example.com", "0.0.0.0/0"),
        ("http://localhost:8000", "127.0.0.1"),
        ("http://edge.localhost:8000", "127.0.0.1"),
        ("http://127.0.0.1:8000", "127.0.0.1"),
        ("http://192.168.1.2", "192.168.1.3"),
        ("http://edge:8000", "10.0.0.1"),
    ],
)
def test_address_that_the_distribution_can_see_does_not_warn(
    signer: Signer, domain: str, address: str
) -> None:
    """A local edge sees private addresses, and the examples of documents stand for public ones."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Distribution(domain, signer).sign_path("a", ip_address=address)
