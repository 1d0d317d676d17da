"""Settings: the original's as they are, ours, the environment's, and every mistake at once."""

from __future__ import annotations

import dataclasses
import re
import warnings
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from cfsign import CfsignWarning, Configuration, ConfigurationError, Distribution, PrivateKey

DOMAIN = "https://media.example.com"


def settings(pem: str, **config: Any) -> dict[str, Any]:
    return {
        "CLOUDFRONT_DOMAIN": DOMAIN,
        "CLOUDFRONT_CONFIG": {"private_key": pem, "key_pair_id": "ABCDEF", **config},
    }


def problems(mapping: Any) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        Configuration.from_mapping(mapping)
    return caught.value.problems


@pytest.mark.parametrize("as_path", [False, True])
def test_the_originals_settings_work_unchanged(pem: str, tmp_path: Path, as_path: bool) -> None:
    """As its README of 2012 has them: a plain http domain, priv_key_string a path or PEM."""
    (tmp_path / "pk.pem").write_text(pem)
    mapping = {
        "CLOUDFRONT_DOMAIN": "http://d1097jtk.cloudfront.net",
        "CLOUDFRONT_CONFIG": {
            "priv_key_string": str(tmp_path / "pk.pem") if as_path else pem,
            "key_pair_id": "ABCDEF",
            "expires": 60,
        },
        "DEBUG": True,
        "CLOUDFRONT_OTHER": "not ours",
    }
    configuration = Configuration.from_mapping(mapping)
    assert configuration.domain == "http://d1097jtk.cloudfront.net"
    assert (configuration.key_pair_id, configuration.expires) == ("ABCDEF", 60)
    assert "priv_key_string" in mapping["CLOUDFRONT_CONFIG"]  # type: ignore[operator]
    distribution = Distribution.from_config(mapping)
    assert distribution.sign_path("a").startswith("http://d1097jtk.cloudfront.net/a?Expires=")


def test_defaults(pem: str) -> None:
    """What goes without saying."""
    configuration = Configuration.from_mapping(settings(pem))
    assert isinstance(configuration.private_key, PrivateKey)
    assert configuration == Configuration(
        DOMAIN,
        "ABCDEF",
        configuration.private_key,
        hash_algorithm="SHA1",
        expires=60,
        expiry_step=None,
        expiry_jitter=None,
        cache_bytes=8 * 2**20,
        allowed_statuses=(200, 204),
        code=303,
        headers={},
    )


def test_every_setting(pem: str) -> None:
    """Each arrives where it belongs, checked and copied."""
    headers = {"X-Robots-Tag": "noindex"}
    configuration = Configuration.from_mapping(
        settings(
            pem,
            hash_algorithm="SHA256",
            expires=timedelta(minutes=2),
            expiry_step=30,
            expiry_jitter=timedelta(seconds=20),
            cache_bytes=4096,
            allowed_statuses=[200, 206],
            code=HTTPStatus.FOUND,
            headers=headers,
        )
    )
    headers["X-Late"] = "y"
    assert configuration.hash_algorithm == "SHA256"
    assert (configuration.expires, configuration.expiry_step) == (120, 30)
    assert (configuration.expiry_jitter, configuration.cache_bytes) == (20, 4096)
    assert configuration.allowed_statuses == (200, 206)
    assert (configuration.code, type(configuration.code)) == (302, int)
    assert dict(configuration.headers) == {"X-Robots-Tag": "noindex"}


def test_an_encrypted_key_with_its_password(encrypted_pem: str, password: str) -> None:
    """The password opens the key, and is kept nowhere."""
    pytest.importorskip("cryptography")
    configuration = Configuration.from_mapping(settings(encrypted_pem, password=password))
    assert isinstance(configuration.private_key, PrivateKey)
    assert "password" not in {field.name for field in dataclasses.fields(configuration)}


def test_all_mistakes_at_once() -> None:
    """Each under the label by which the user knows it, with its mend."""
    found = problems(
        {
            "CLOUDFRONT_DOMAIN": "media.example.com",
            "CLOUDFRONT_CONFIG": {
                "priv_key_string": "/nowhere/pk.pem",
                "key_pair_id": "1b2c3d4e-1111-2222-3333-444455556666",
                "expires": "60",
                "expiry_step": 0,
                "hash_algorithm": "MD5",
                "allowed_statuses": [200, 302],
                "code": 301,
                "headers": {"Location": "x"},
                "expire": 60,
                "zzz": 1,
            },
        }
    )
    expected = [
        ("CLOUDFRONT_DOMAIN: ", "write https://"),
        ("CLOUDFRONT_CONFIG['key_pair_id']: ", "a UUID"),
        ("CLOUDFRONT_CONFIG['priv_key_string']: ", "no key file '/nowhere/pk.pem'"),
        ("CLOUDFRONT_CONFIG['hash_algorithm']: ", '"SHA1" or "SHA256"'),
        ("CLOUDFRONT_CONFIG['expires']: ", "whole seconds (int), not str"),
        ("CLOUDFRONT_CONFIG['expiry_step']: ", "1 or more"),
        ("CLOUDFRONT_CONFIG['allowed_statuses']: ", "ints from 200 to 299"),
        ("CLOUDFRONT_CONFIG['code']: ", "302, 303 or 307"),
        ("CLOUDFRONT_CONFIG['headers']: ", "no Location"),
        ("CLOUDFRONT_CONFIG['expire'] is unknown", "is it 'expires'?"),
        ("CLOUDFRONT_CONFIG['zzz'] is unknown", ""),
    ]
    assert len(found) == len(expected)
    for problem, (start, mend) in zip(found, expected, strict=True):
        assert problem.startswith(start)
        assert mend in problem


def test_none_is_unset_where_nothing_is_the_default(pem: str) -> None:
    """A site computes its settings, and writes None for none."""
    configuration = Configuration.from_mapping(
        settings(pem, expiry_step=None, headers=None, password=None)
    )
    assert configuration.expiry_step is None
    assert dict(configuration.headers) == {}


def test_everything_that_is_missing_is_named() -> None:
    """With what to give."""
    assert len(problems({})) == 4
    text = "; ".join(problems({"CLOUDFRONT_CONFIG": {}}))
    assert "CLOUDFRONT_DOMAIN is missing; give the distribution's domain" in text
    assert "CLOUDFRONT_CONFIG['key_pair_id'] is missing; give the ID of the public key" in text
    assert "CLOUDFRONT_CONFIG['private_key'] is missing; give the private key's path" in text


def test_none_is_missing_where_something_is_required() -> None:
    """As os.environ.get gives it."""
    absent = {"CLOUDFRONT_DOMAIN": None}
    config = {"key_pair_id": None, "private_key": None}
    assert [
        each.partition(";")[0] for each in problems({**absent, "CLOUDFRONT_CONFIG": config})
    ] == [
        "CLOUDFRONT_DOMAIN is missing",
        "CLOUDFRONT_CONFIG['key_pair_id'] is missing",
        "CLOUDFRONT_CONFIG['private_key'] is missing",
    ]


@pytest.mark.parametrize("mapping", [None, "x", [("CLOUDFRONT_DOMAIN", DOMAIN)], 7])
def test_settings_are_a_mapping(mapping: Any) -> None:
    """Said by name."""
    assert "the settings are a mapping" in problems(mapping)[0]


@pytest.mark.parametrize(
    ("config", "what"), [(None, "missing"), ("x", "a str"), ([1], "a list"), (Path("x"), "Path")]
)
def test_the_config_is_a_mapping(config: Any, what: str) -> None:
    """Missing or mistyped, it is said what goes there."""
    found = problems({"CLOUDFRONT_DOMAIN": DOMAIN, "CLOUDFRONT_CONFIG": config})
    assert "CLOUDFRONT_CONFIG is " in found[0]
    assert what in found[0]
    assert "give a dict with key_pair_id, private_key and expires" in found[0]


@pytest.mark.parametrize(
    ("unknown", "near"),
    [
        ("priv_key", "private_key"),
        ("private-key", "private_key"),
        ("keypair_id", "key_pair_id"),
        ("key_pair", "key_pair_id"),
        ("expire", "expires"),
        ("Expires", "expires"),
        ("expires_step", "expiry_step"),
        ("hash_algoritm", "hash_algorithm"),
        ("allowed_status", "allowed_statuses"),
        ("header", "headers"),
        ("passwd", "password"),
    ],
)
def test_an_unknown_key_is_told_its_nearest_name(pem: str, unknown: str, near: str) -> None:
    """Never ignored: a misspelt lifetime would otherwise be the default."""
    (problem,) = problems(settings(pem, **{unknown: "the-value"}))
    assert problem == f"CLOUDFRONT_CONFIG[{unknown!r}] is unknown; is it {near!r}?"


def test_an_unknown_key_that_is_near_to_none(pem: str) -> None:
    """Is called unknown, and no more; its name is cut short, and need not be text."""
    assert problems(settings(pem, qqq=1)) == ("CLOUDFRONT_CONFIG['qqq'] is unknown",)
    mapping = settings(pem)
    mapping["CLOUDFRONT_CONFIG"][7] = 1
    assert problems(mapping) == ("CLOUDFRONT_CONFIG['7'] is unknown",)
    assert len(problems(settings(pem, **{"q" * 500: 1}))[0]) < 100


def test_both_names_of_the_key(pem: str, other_pem: str) -> None:
    """Which one counts would be a guess."""
    found = problems(settings(pem, priv_key_string=other_pem))
    assert any("has private_key and priv_key_string; give private_key" in p for p in found)


def test_the_domain_goes_not_into_the_dict(pem: str) -> None:
    """It has a name of its own."""
    assert problems(settings(pem, domain=DOMAIN)) == (
        "CLOUDFRONT_CONFIG['domain'] is unknown; the domain goes into CLOUDFRONT_DOMAIN",
    )


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("expires", [0, -1, "60", 60.0, True, None, timedelta(0), timedelta.max, 10**5000]),
        ("expiry_step", [0, "60", 1.5, False, timedelta.max, 2147483647]),
        ("expiry_jitter", [1, 0, "60", 1.5, False, timedelta.max]),
        ("cache_bytes", [-1, "4096", 1.5, True, None]),
        ("code", [301, 308, 300, 304, 200, 404, "303", 303.0, True, None]),
        ("allowed_statuses", [(), [], range(0)]),
        ("allowed_statuses", [200, "200", [True], ["200"], [302], [404], [199], None, {200: 1}]),
        ("headers", ["X: y", [("X", "y")], {"X": 1}, {"X": "a\r\nb"}, {"X Y": "a"}]),
        ("headers", [{"location": "x"}, {"LOCATION": "x"}]),
        ("hash_algorithm", ["sha256", None, 256]),
        ("key_pair_id", ["", 7, "a b"]),
        ("private_key", [7, "", b"", "/nowhere"]),
        ("password", [7, ["x"]]),
    ],
)
def test_a_mistyped_setting(pem: str, name: str, values: list[Any]) -> None:
    """One problem, under its name."""
    label = "private_key" if name == "password" else name
    for value in values:
        (problem,) = problems(settings(pem, **{name: value}))
        assert problem.startswith(f"CLOUDFRONT_CONFIG['{label}']: ")


def test_a_jitter_fits_its_step(pem: str) -> None:
    """Found at start-up; a step that is at fault itself is one mistake, and not two."""
    label = "CLOUDFRONT_CONFIG['expiry_jitter']: "
    (problem,) = problems(settings(pem, expiry_step=60, expiry_jitter=61))
    assert problem == f"{label}expiry_jitter is longer than expiry_step; give 60 seconds at most"
    (problem,) = problems(settings(pem, expiry_jitter=60))
    assert problem.startswith(f"{label}expiry_jitter spreads the expiries of an expiry_step")
    (problem,) = problems(settings(pem, expiry_step=0, expiry_jitter=60))
    assert problem.startswith("CLOUDFRONT_CONFIG['expiry_step']: ")
    configuration = Configuration.from_mapping(settings(pem, expiry_step=60, expiry_jitter=60))
    assert configuration.expiry_jitter == 60
    configuration = Configuration.from_mapping(settings(pem, cache_bytes=0, expiry_jitter=None))
    assert (configuration.expiry_jitter, configuration.cache_bytes) == (None, 0)


@pytest.mark.parametrize(("name", "word"), [("expires", "lifetime"), ("expiry_step", "step")])
def test_a_lifetime_that_ends_past_2038_is_refused_at_start_up(
    pem: str, clock: Any, now: int, name: str, word: str
) -> None:
    """To the second; at the first request it would be too late."""
    longest = 2147483647 - now
    configuration = Configuration.from_mapping(settings(pem, **{name: longest}))
    assert getattr(configuration, name) == longest
    (problem,) = problems(settings(pem, **{name: longest + 1}))
    assert problem == (
        f"CLOUDFRONT_CONFIG['{name}']: the {word} ends past 2147483647 (January 2038), the last "
        "second that CloudFront takes; give fewer seconds, such as 60"
    )


@pytest.mark.parametrize(
    "value",
    [
        "public",
        "PUBLIC, max-age=60",
        "max-age=5, Public",
        "max-age=60",
        "s-maxage=60",
        "must-revalidate,S-MaxAge=60",
        'private="Set-Cookie", max-age=60',
        'no-cache="X, private", max-age=60',
        "x-private, max-age=60",
        "x=private, max-age=60",
        "no-store-ever max-age=60",
        # A cache may reckon the life of a 200 such as JSON's by itself (RFC 9111, 4.2.2).
        "",
        "must-revalidate",
        "immutable",
        "stale-while-revalidate=60",
        "x-public",
        'x="private, no-store"',
    ],
)
def test_a_redirect_for_a_shared_cache_warns(pem: str, value: str) -> None:
    """It would give one viewer's URL to all."""
    with pytest.warns(CfsignWarning, match="use private or no-store"):
        Configuration.from_mapping(settings(pem, headers={"cache-control": value}))


@pytest.mark.parametrize(
    "value",
    [
        "private, max-age=5",
        "max-age=5,PRIVATE",
        "no-store, max-age=0",
        "no-cache, max-age=0, must-revalidate",
        "no-store, must-revalidate",
        'no-store, x="public, max-age=60"',
        "private, x-public",
    ],
)
def test_a_private_redirect_does_not_warn(pem: str, value: str) -> None:
    """The site may cache in the browser; directives are read whole, not by their letters."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        headers = {"Cache-Control": value, "X": "public"}
        assert Configuration.from_mapping(settings(pem, headers=headers)).headers == headers


def test_passwords_and_keys_are_never_told(encrypted_pem: str, pem: str) -> None:
    """A wrong one, or one that is not needed, is not in the message."""
    for key in (encrypted_pem, pem, encrypted_pem[:500]):
        text = "; ".join(problems(settings(key, password="hunter2-secret", zzz="value-secret")))
        assert "hunter2" not in text
        assert "value-secret" not in text
        assert key.split("\n")[3] not in text
        assert "CLOUDFRONT_CONFIG['private_key']: " in text


ENVIRONMENT = {
    "CLOUDFRONT_DOMAIN": DOMAIN,
    "CLOUDFRONT_KEY_PAIR_ID": "ABCDEF",
    "CLOUDFRONT_EXPIRES": "90",
    "CLOUDFRONT_EXPIRY_STEP": "30",
    "CLOUDFRONT_EXPIRY_JITTER": "20",
    "CLOUDFRONT_CACHE_BYTES": "0",
    "CLOUDFRONT_HASH_ALGORITHM": "SHA256",
    "PATH": "/bin",
}


@pytest.mark.parametrize("form", ["text", "escaped", "file"])
def test_from_env_with_all_variables(pem: str, tmp_path: Path, form: str) -> None:
    """The key as text, with its newlines escaped, or in a file."""
    (tmp_path / "key").write_text(pem)
    name, value = {
        "text": ("PRIVATE_KEY", pem),
        "escaped": ("PRIVATE_KEY", pem.replace("\n", "\\n")),
        "file": ("PRIVATE_KEY_FILE", str(tmp_path / "key")),
    }[form]
    configuration = Configuration.from_env({**ENVIRONMENT, f"CLOUDFRONT_{name}": value})
    assert (configuration.domain, configuration.key_pair_id) == (DOMAIN, "ABCDEF")
    assert (configuration.expires, configuration.expiry_step) == (90, 30)
    assert (configuration.expiry_jitter, configuration.cache_bytes) == (20, 0)
    assert configuration.hash_algorithm == "SHA256"


def test_from_env_with_a_password(encrypted_pem: str, password: str, tmp_path: Path) -> None:
    """For an encrypted key."""
    pytest.importorskip("cryptography")
    (tmp_path / "key").write_text(encrypted_pem)
    environment = {**ENVIRONMENT, "CLOUDFRONT_PRIVATE_KEY_FILE": str(tmp_path / "key")}
    with pytest.raises(ConfigurationError, match="is encrypted, and there is no password"):
        Configuration.from_env(environment)
    environment["CLOUDFRONT_PASSWORD"] = password
    assert Configuration.from_env(environment).expires == 90


def test_from_env_names_both_variables_of_a_missing_key() -> None:
    """Either will do."""
    with pytest.raises(
        ConfigurationError,
        match="CLOUDFRONT_PRIVATE_KEY or CLOUDFRONT_PRIVATE_KEY_FILE is missing; give the private",
    ):
        Configuration.from_env(ENVIRONMENT)


def test_from_env_with_another_prefix(pem: str) -> None:
    """Two distributions in one environment."""
    environment = {"CDN_DOMAIN": DOMAIN, "CDN_KEY_PAIR_ID": "XYZ", "CDN_PRIVATE_KEY": pem}
    configuration = Configuration.from_env({**ENVIRONMENT, **environment}, prefix="CDN_")
    assert (configuration.key_pair_id, configuration.expires) == ("XYZ", 60)
    with pytest.raises(ConfigurationError, match="CDN_DOMAIN is missing"):
        Configuration.from_env({}, prefix="CDN_")


def test_from_env_with_both_key_variables(pem: str, tmp_path: Path) -> None:
    """Which one counts would be a guess."""
    (tmp_path / "key").write_text(pem)
    with pytest.raises(
        ConfigurationError,
        match="CLOUDFRONT_PRIVATE_KEY_FILE and CLOUDFRONT_PRIVATE_KEY are both set; set one",
    ):
        Configuration.from_env(
            {
                **ENVIRONMENT,
                "CLOUDFRONT_PRIVATE_KEY": pem,
                "CLOUDFRONT_PRIVATE_KEY_FILE": str(tmp_path / "key"),
            }
        )


def test_from_env_reports_all_mistakes_under_their_variables() -> None:
    """At once, without the password."""
    with pytest.raises(ConfigurationError) as caught:
        Configuration.from_env(
            {
                "CLOUDFRONT_KEY_PAIR_ID": "",
                "CLOUDFRONT_PRIVATE_KEY_FILE": "/nowhere/key.pem",
                "CLOUDFRONT_PASSWORD": "hunter2-secret",
                "CLOUDFRONT_EXPIRES": "one minute",
                "CLOUDFRONT_EXPIRY_STEP": "-5",
                "CLOUDFRONT_EXPIRY_JITTER": "1.5",
                "CLOUDFRONT_CACHE_BYTES": "4 MiB",
                "CLOUDFRONT_HASH_ALGORITHM": "sha256",
            }
        )
    found = caught.value.problems
    assert [problem.partition(" ")[0].rstrip(":") for problem in found] == [
        "CLOUDFRONT_EXPIRES",
        "CLOUDFRONT_EXPIRY_STEP",
        "CLOUDFRONT_EXPIRY_JITTER",
        "CLOUDFRONT_CACHE_BYTES",
        "CLOUDFRONT_DOMAIN",
        "CLOUDFRONT_KEY_PAIR_ID",
        "CLOUDFRONT_PRIVATE_KEY_FILE",
        "CLOUDFRONT_HASH_ALGORITHM",
    ]
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("seconds", ["1.5", " 60", "60x", "0", "0m", "-1", "٦٠", "²", "9" * 5000])
def test_a_lifetime_in_the_environment_is_whole_and_positive(pem: str, seconds: str) -> None:
    """Anything else is a mistake in the configuration, of whatever length and script."""
    environment = {**ENVIRONMENT, "CLOUDFRONT_PRIVATE_KEY": pem, "CLOUDFRONT_EXPIRES": seconds}
    with pytest.raises(ConfigurationError, match="CLOUDFRONT_EXPIRES"):
        Configuration.from_env(environment)


def test_an_empty_variable_is_one_that_is_not_set(pem: str) -> None:
    """Compose files and CI systems write what is not set as empty."""
    environment = {
        **ENVIRONMENT,
        "CLOUDFRONT_PRIVATE_KEY": pem,
        "CLOUDFRONT_PRIVATE_KEY_FILE": "",
        "CLOUDFRONT_PASSWORD": "",
        "CLOUDFRONT_EXPIRES": "",
    }
    assert Configuration.from_env(environment).expires == 60
    with pytest.raises(ConfigurationError, match="CLOUDFRONT_DOMAIN is missing"):
        Configuration.from_env({**environment, "CLOUDFRONT_DOMAIN": ""})


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("CLOUDFRONT_EXPIRE", "CLOUDFRONT_EXPIRES"),
        ("CLOUDFRONT_DOMAINS", "CLOUDFRONT_DOMAIN"),
        ("CLOUDFRONT_KEYPAIR_ID", "CLOUDFRONT_KEY_PAIR_ID"),
        ("CLOUDFRONT_PRIVATE_KEYFILE", "CLOUDFRONT_PRIVATE_KEY_FILE"),
    ],
)
def test_a_variable_that_is_almost_ours_warns(pem: str, name: str, near: str) -> None:
    """It may be a slip; it may be the site's own, which must not stop it."""
    environment = {**ENVIRONMENT, "CLOUDFRONT_PRIVATE_KEY": pem, name: "9"}
    with pytest.warns(CfsignWarning, match=f"{name} is not read; is it {near}") as caught:
        configuration = Configuration.from_env(environment)
    assert (configuration.domain, configuration.expires) == (DOMAIN, 90)
    assert len(caught) == 1
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("required", "name", "near"),
    [
        ("CLOUDFRONT_DOMAIN", "CLOUDFRONT_DOMAINS", "CLOUDFRONT_DOMAIN"),
        ("CLOUDFRONT_KEY_PAIR_ID", "CLOUDFRONT_KEYPAIR_ID", "CLOUDFRONT_KEY_PAIR_ID"),
        ("CLOUDFRONT_PRIVATE_KEY", "CLOUDFRONT_PRIVATEKEY", "CLOUDFRONT_PRIVATE_KEY"),
        ("CLOUDFRONT_PRIVATE_KEY", "CLOUDFRONT_PRIVATE_KEYFILE", "CLOUDFRONT_PRIVATE_KEY_FILE"),
    ],
)
def test_a_misspelt_variable_is_named_where_the_right_one_is_missing(
    pem: str, required: str, name: str, near: str
) -> None:
    """Both in the one error."""
    environment = {**ENVIRONMENT, "CLOUDFRONT_PRIVATE_KEY": pem, name: "9"}
    del environment[required]
    with pytest.raises(ConfigurationError) as caught:
        Configuration.from_env(environment)
    assert len(caught.value.problems) == 2
    assert f"{name} is unknown; is it {near}?" in caught.value.problems
    assert re.search(rf"{required}( or \w+)? is missing", str(caught.value))


def test_the_sites_own_variables_are_its_own(pem: str) -> None:
    """Those that are near to none of ours."""
    environment = {
        **ENVIRONMENT,
        "CLOUDFRONT_PRIVATE_KEY": pem,
        "CLOUDFRONT_DISTRIBUTION_ID": "E2QWRUHAPOMQZL",
    }
    assert Configuration.from_env(environment).domain == DOMAIN


@pytest.mark.parametrize("name", ["EXPIRES", "EXPIRY_STEP", "EXPIRY_JITTER"])
@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("45s", 45), ("15m", 900), ("2h", 7200), ("7d", 604800)]
)
def test_a_lifetime_in_the_environment_is_written_as_on_the_command_line(
    pem: str, name: str, text: str, seconds: int
) -> None:
    """Seconds, or a number with its unit: one variable is read by both."""
    environment = {**ENVIRONMENT, "CLOUDFRONT_PRIVATE_KEY": pem, f"CLOUDFRONT_{name}": text}
    if name == "EXPIRY_JITTER":
        environment["CLOUDFRONT_EXPIRY_STEP"] = "14d"
    configuration = Configuration.from_env(environment)
    assert getattr(configuration, name.lower()) == seconds


@pytest.mark.parametrize("name", ["EXPIRES", "EXPIRY_STEP", "EXPIRY_JITTER"])
@pytest.mark.parametrize("text", ["soon", "15 m", "15M", "1h30m", "1.5h"])
def test_a_text_in_the_environment_that_is_no_lifetime_names_the_mend(name: str, text: str) -> None:
    """As the command line does."""
    with pytest.raises(ConfigurationError) as caught:
        Configuration.from_env({f"CLOUDFRONT_{name}": text})
    told = "this is no lifetime; give seconds, or a number with s, m, h or d: 90, 15m, 2h"
    assert f"CLOUDFRONT_{name}: {told}" in caught.value.problems
