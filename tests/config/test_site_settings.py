"""The settings of a site: several distributions, and the environment of a site without settings."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from cfsign import ConfigurationError
from cfsign.config.settings import CONFIG, DISTRIBUTIONS, DOMAIN
from cfsign.views import SiteConfig

ID = "K2JCJMDEHXQW5F"
A, B = "https://a.example.com", "https://b.example.com"


@pytest.fixture
def entry(pem: str) -> dict[str, Any]:
    """The settings of a key."""
    return {"key_pair_id": ID, "private_key": pem}


@pytest.fixture
def environ(pem: str) -> dict[str, str]:
    """The environment of a site, with a variable of another program."""
    return {
        "CLOUDFRONT_DOMAIN": f" '{A}' ",
        "CLOUDFRONT_KEY_PAIR_ID": ID,
        "CLOUDFRONT_PRIVATE_KEY": pem,
        "CLOUDFRONT_EXPIRES": "15m",
        "SECRET": "x",
    }


def find_problems(mapping: Any, environ: Any = None) -> list[tuple[str, str]]:
    with pytest.raises(ConfigurationError) as caught:
        SiteConfig.from_config(mapping, environ=environ)
    return [(problem.setting, problem.message) for problem in caught.value.problems]


def test_each_alias_has_its_settings(entry: dict[str, Any]) -> None:
    entries = {"default": {**entry, "domain": A}, "videos": {**entry, "domain": B, "expires": 300}}
    site = SiteConfig.from_config({DISTRIBUTIONS: entries})
    assert list(site.distributions) == ["default", "videos"]
    assert site.distribution is site.distributions["default"]
    videos = site.distributions["videos"]
    assert (videos.domain, videos.expires_in) == (B, 300)
    assert site.distributions["default"].expires_in == 60


def test_domain_and_config_are_the_default(entry: dict[str, Any]) -> None:
    """So a site can add a distribution to its settings of 2012."""
    mapping = {DOMAIN: A, CONFIG: entry, DISTRIBUTIONS: {"videos": {**entry, "domain": B}}}
    site = SiteConfig.from_config(mapping)
    domains = {alias: each.domain for alias, each in site.distributions.items()}
    assert domains == {"default": A, "videos": B}


@pytest.mark.parametrize("given", [[DOMAIN], [CONFIG], [DOMAIN, CONFIG]], ids="+".join)
def test_default_given_twice_is_an_error(entry: dict[str, Any], given: list[str]) -> None:
    """The error names both settings."""
    single = {DOMAIN: A, CONFIG: entry}
    mapping = {name: single[name] for name in given}
    mapping[DISTRIBUTIONS] = {"default": {**entry, "domain": B}}
    ((setting, message),) = find_problems(mapping)
    assert setting == f'{DISTRIBUTIONS}["default"]'
    assert message == f"cannot be combined with {' and '.join(given)}"


def test_mistakes_of_all_aliases_are_reported_at_once(entry: dict[str, Any]) -> None:
    """The name of each setting has the alias."""
    entries = {
        "default": {**entry, "domain": A, "expire": 5},
        "videos": {**entry, "domain": "b.example.com", "expires_in": -5, "expiry_steps": 60},
        "images": {"domain": B, "priv_key_string": "/nowhere/pk.pem", "private_key": "x"},
        "tenants": "https://c.example.com",
        "": {},
        "a/b": {},
    }
    label = f'{DISTRIBUTIONS}["{{}}"]["{{}}"]'.format
    problems = find_problems({DISTRIBUTIONS: entries})
    assert {setting for setting, _ in problems} == {
        label("default", "expire"),
        label("videos", "domain"),
        label("videos", "expires_in"),
        label("videos", "expiry_steps"),
        label("images", "key_pair_id"),
        label("images", "priv_key_string"),
        f'{DISTRIBUTIONS}["tenants"]',
        label("tenants", "domain"),
        label("tenants", "key_pair_id"),
        label("tenants", "private_key"),
        DISTRIBUTIONS,
    }
    messages = dict(problems)
    assert "-5" in messages[label("videos", "expires_in")]
    assert messages[f'{DISTRIBUTIONS}["tenants"]'] == "must be a dict, got str"
    assert [message for setting, message in problems if setting == DISTRIBUTIONS] == [
        "an alias must be text without quotes or slashes, got ''",
        "an alias must be text without quotes or slashes, got 'a/b'",
    ]


def test_options_that_cannot_work_with_an_alias(entry: dict[str, Any]) -> None:
    """Each is checked with its own distribution."""
    options = {"cache_redirect": True}
    entries = {
        "default": {**entry, "domain": A, "expiry_step": 60, **options},
        "videos": {**entry, "domain": B, **options},
    }
    ((setting, message),) = find_problems({DISTRIBUTIONS: entries})
    assert setting == f'{DISTRIBUTIONS}["videos"]'
    assert message.startswith("cache_redirect needs an expiry_step")


@pytest.mark.parametrize(
    ("value", "message"), [({}, "is empty"), ([], "must be a dict, got list")], ids=["dict", "list"]
)
def test_distributions_must_be_a_mapping(value: object, message: str) -> None:
    assert find_problems({DISTRIBUTIONS: value}) == [(DISTRIBUTIONS, message)]


def test_unknown_alias_lists_those_that_exist(entry: dict[str, Any]) -> None:
    """It is a KeyError too, so that the mapping works as any other."""
    site = SiteConfig.from_config({DISTRIBUTIONS: {"videos": {**entry, "domain": B}}})
    with pytest.raises(ConfigurationError, match=r"no distribution 'video'; the site has 'videos'"):
        site.distributions["video"]
    with pytest.raises(ConfigurationError, match=r"no distribution 'default'"):
        site.distribution  # noqa: B018
    assert "video" not in site.distributions
    assert site.distributions.get("video") is None
    assert repr(site.distributions) == "<Distributions 'videos'>"


def test_observers_of_the_default_see_every_distribution(entry: dict[str, Any]) -> None:
    """An audit log misses no request, unless another distribution sets its own observers."""
    observer = lambda event, request: None  # noqa: E731
    entries = {
        "default": {**entry, "domain": A, "observers": [observer], "code": 302},
        "videos": {**entry, "domain": B},
        "public": {**entry, "domain": B, "observers": []},
    }
    site = SiteConfig.from_config({DISTRIBUTIONS: entries})
    assert site.get_site_handler("videos").options.observers == (observer,)
    assert site.get_site_handler("videos").options.code == 303
    assert site.get_site_handler("public").options.observers == ()


def test_site_without_settings_reads_the_environment(
    environ: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """The log says so, and shows no value."""
    caplog.set_level(logging.INFO, "cfsign")
    site = SiteConfig.from_config({DOMAIN: None, "DEBUG": True}, environ=environ)
    assert (site.distribution.domain, site.distribution.expires_in) == (A, 900)
    (line,) = [message for message in caplog.messages if "settings" in message]
    assert line == (
        "the settings are those of the environment: CLOUDFRONT_DOMAIN, CLOUDFRONT_EXPIRES, "
        "CLOUDFRONT_KEY_PAIR_ID, CLOUDFRONT_PRIVATE_KEY"
    )


@pytest.mark.parametrize("name", [DOMAIN, CONFIG, DISTRIBUTIONS])
def test_settings_and_environment_are_never_mixed(
    entry: dict[str, Any], environ: dict[str, str], name: str
) -> None:
    """One setting of the site is enough to ignore the environment."""
    values = {DOMAIN: A, CONFIG: entry, DISTRIBUTIONS: {"videos": {"domain": B}}}
    settings = {setting for setting, _ in find_problems({name: values[name]}, environ)}
    assert settings
    assert all(setting.startswith((DOMAIN, CONFIG, DISTRIBUTIONS)) for setting in settings)
    assert "CLOUDFRONT_KEY_PAIR_ID" not in settings


def test_log_says_that_the_site_sets_its_settings(
    entry: dict[str, Any], environ: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "cfsign")
    site = SiteConfig.from_config({DOMAIN: B, CONFIG: entry}, environ=environ)
    assert site.distribution.domain == B
    assert "the settings are those of the site, for the distribution 'default'" in caplog.messages


def test_mistakes_in_the_environment_have_its_names(environ: dict[str, str]) -> None:
    del environ["CLOUDFRONT_KEY_PAIR_ID"]
    environ |= {"CLOUDFRONT_EXPIRES_IN": "soon", "CLOUDFRONT_PASSWORD": ""}
    settings = [setting for setting, _ in find_problems({}, environ)]
    assert sorted(settings) == ["CLOUDFRONT_EXPIRES", "CLOUDFRONT_KEY_PAIR_ID"]


@pytest.mark.parametrize("environ", [{}, {"CLOUDFRONT_DOMAIN": ""}], ids=["none", "empty"])
def test_neither_settings_nor_environment(environ: dict[str, str]) -> None:
    """The errors name the settings, and the hint names the environment too."""
    with pytest.raises(ConfigurationError) as caught:
        SiteConfig.from_config({}, environ=environ)
    by_name = {problem.setting: problem for problem in caught.value.problems}
    assert {DOMAIN, CONFIG} < by_name.keys()
    assert "CLOUDFRONT_KEY_PAIR_ID and CLOUDFRONT_PRIVATE_KEY" in by_name[CONFIG].hint


def test_other_frameworks_do_not_read_the_environment(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their sites call `from_env`."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert (DOMAIN, "missing") in find_problems({})
