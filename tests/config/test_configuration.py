"""Settings: the names of 2012, the names of today, the environment, and all mistakes at once."""

from __future__ import annotations

import base64
import dataclasses
import json
import subprocess
import sys
import warnings
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from cfsign import CfsignWarning, ConfigurationError, Distribution, PrivateKey
from cfsign.config import Configuration

DOMAIN = "https://media.example.com"


def settings(pem: str, **config: Any) -> dict[str, Any]:
    return {
        "CLOUDFRONT_DOMAIN": DOMAIN,
        "CLOUDFRONT_CONFIG": {"private_key": pem, "key_pair_id": "ABCDEF", **config},
    }


def problems(mapping: Any) -> list[tuple[str, str, str]]:
    """Return (setting, message, hint) of each problem with *mapping*."""
    with pytest.raises(ConfigurationError) as caught:
        Configuration.from_mapping(mapping)
    return [(each.setting, each.message, each.hint) for each in caught.value.problems]


def environ_problems(environ: dict[str, str], **arguments: Any) -> list[tuple[str, str, str]]:
    """Return (setting, message, hint) of each problem with *environ*."""
    with pytest.raises(ConfigurationError) as caught:
        Configuration.from_env(environ, **arguments)
    return [(each.setting, each.message, each.hint) for each in caught.value.problems]


@pytest.mark.parametrize("as_path", [False, True])
def test_settings_of_2012_work_unchanged(pem: str, tmp_path: Path, as_path: bool) -> None:
    """Plain http, `expires`, and priv_key_string as a path or PEM, as in the README of 2012."""
    (tmp_path / "pk.pem").write_text(pem)
    mapping = {
        "CLOUDFRONT_DOMAIN": "http://d1097jtk.cloudfront.net",
        "CLOUDFRONT_CONFIG": {
            "priv_key_string": str(tmp_path / "pk.pem") if as_path else pem,
            "key_pair_id": "ABCDEF",
            "expires": 90,
        },
        "DEBUG": True,
        "CLOUDFRONT_OTHER": "not ours",
    }
    configuration = Configuration.from_mapping(mapping)
    assert configuration.domain == "http://d1097jtk.cloudfront.net"
    assert (configuration.key_pair_id, configuration.expires_in) == ("ABCDEF", 90)
    assert "priv_key_string" in mapping["CLOUDFRONT_CONFIG"]  # type: ignore[operator]
    distribution = Distribution.from_config(mapping)
    assert distribution.expires_in == 90
    assert distribution.sign_path("a").startswith("http://d1097jtk.cloudfront.net/a?Expires=")


def test_defaults(pem: str) -> None:
    """Only the domain, the key and its id are required."""
    configuration = Configuration.from_mapping(settings(pem))
    assert isinstance(configuration.private_key, PrivateKey)
    assert configuration == Configuration(
        DOMAIN,
        "ABCDEF",
        configuration.private_key,
        hash_algorithm="SHA1",
        expires_in=60,
        expiry_step=None,
        expiry_jitter=None,
        cache_bytes=8 * 2**20,
        view_options={},
    )


def test_every_setting(pem: str) -> None:
    """Each value is checked and copied; those of the views are kept apart."""
    headers = {"X-Robots-Tag": "noindex"}
    configuration = Configuration.from_mapping(
        settings(
            pem,
            hash_algorithm="SHA256",
            expires_in=timedelta(minutes=2),
            expiry_step=30,
            expiry_jitter=timedelta(seconds=20),
            cache_bytes=4096,
            allowed_statuses=[200, 206],
            code=HTTPStatus.FOUND,
            headers=headers,
            cache_redirect=True,
        )
    )
    headers["X-Late"] = "y"
    assert configuration.hash_algorithm == "SHA256"
    assert (configuration.expires_in, configuration.expiry_step) == (120, 30)
    assert (configuration.expiry_jitter, configuration.cache_bytes) == (20, 4096)
    assert configuration.view_options == {
        "allowed_statuses": (200, 206),
        "code": 302,
        "headers": {"X-Robots-Tag": "noindex"},
        "cache_redirect": True,
    }
    assert type(configuration.view_options["code"]) is int


def test_encrypted_key_with_its_password(encrypted_pem: str, password: str) -> None:
    """The password decrypts the key and is not stored."""
    pytest.importorskip("cryptography")
    configuration = Configuration.from_mapping(settings(encrypted_pem, password=password))
    assert isinstance(configuration.private_key, PrivateKey)
    assert "password" not in {field.name for field in dataclasses.fields(configuration)}


def test_cookie_options_are_settings(pem: str) -> None:
    """All of them; a mistake names the setting once."""
    options: dict[str, Any] = {
        "cookie_domain": "example.com",
        "cookie_path": "/",
        "cookie_samesite": "None",
        "cookie_partitioned": True,
        "cookie_persistent": False,
        "cookie_expires_in": 3600,
    }
    assert Configuration.from_mapping(settings(pem, **options)).view_options == options
    wrong = {"cookie_domain": "a b", "cookie_path": "v", "cookie_partitioned": 1}
    assert [(setting, message) for setting, message, _ in problems(settings(pem, **wrong))] == [
        (
            "CLOUDFRONT_CONFIG['cookie_domain']",
            "must be a host name, such as example.com, got 'a b'",
        ),
        (
            "CLOUDFRONT_CONFIG['cookie_path']",
            "must be the encoded prefix of a URL path, without `*` or `;`, got 'v'",
        ),
        (
            "CLOUDFRONT_CONFIG['cookie_partitioned']",
            "cookie_partitioned must be True or False, got int",
        ),
    ]


def test_all_mistakes_are_reported_at_once() -> None:
    """Each problem has the name by which the user knows the setting, a message and a hint."""
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
        ("CLOUDFRONT_CONFIG['expire']", "'expires_in'"),
        ("CLOUDFRONT_CONFIG['zzz']", "unknown setting"),
        ("CLOUDFRONT_DOMAIN", "https://"),
        ("CLOUDFRONT_CONFIG['key_pair_id']", "UUID"),
        ("CLOUDFRONT_CONFIG['priv_key_string']", "'/nowhere/pk.pem'"),
        ("CLOUDFRONT_CONFIG['hash_algorithm']", "SHA256"),
        ("CLOUDFRONT_CONFIG['expires']", "str"),
        ("CLOUDFRONT_CONFIG['expiry_step']", "expiry_step"),
        ("CLOUDFRONT_CONFIG['allowed_statuses']", "from 200 to 299"),
        ("CLOUDFRONT_CONFIG['code']", "302, 303 or 307, or 204 for cookies, got 301"),
        ("CLOUDFRONT_CONFIG['headers']", "must not contain Location"),
    ]
    assert [setting for setting, _, _ in found] == [setting for setting, _ in expected]
    for (_, message, hint), (_, words) in zip(found, expected, strict=True):
        assert words in f"{message}; {hint}"


def test_error_text_has_one_line_for_each_problem() -> None:
    """The setting, the message and the hint."""
    with pytest.raises(ConfigurationError) as caught:
        Configuration.from_mapping({"CLOUDFRONT_CONFIG": {"key_pair_id": "K1", "private_key": ""}})
    first, second = str(caught.value).split("\n")
    assert first == (
        "CLOUDFRONT_DOMAIN: missing; set it to the distribution's domain, such as "
        "https://media.example.com"
    )
    assert second.startswith("CLOUDFRONT_CONFIG['private_key']: ")


def test_none_means_not_set_where_that_is_the_default(pem: str) -> None:
    """A site that computes its settings writes None for "no step"."""
    configuration = Configuration.from_mapping(
        settings(pem, expiry_step=None, headers=None, password=None)
    )
    assert configuration.expiry_step is None
    assert "headers" not in configuration.view_options


REQUIRED = [
    ("CLOUDFRONT_DOMAIN", "the distribution's domain"),
    ("CLOUDFRONT_CONFIG['key_pair_id']", "the public key's ID"),
    ("CLOUDFRONT_CONFIG['private_key']", "the private key's path"),
]


@pytest.mark.parametrize(
    "mapping",
    [
        {"CLOUDFRONT_CONFIG": {}},
        {"CLOUDFRONT_DOMAIN": None, "CLOUDFRONT_CONFIG": {"key_pair_id": None}},
        {"CLOUDFRONT_CONFIG": {"private_key": None}},
        {"CLOUDFRONT_CONFIG": {"priv_key_string": None}},
    ],
    ids=["empty", "id-none", "key-none", "old-key-none"],
)
def test_missing_settings_are_named(mapping: dict[str, Any]) -> None:
    """Each with what to set; None is missing too, as `os.environ.get` returns it."""
    found = problems(mapping)
    assert [message for _, message, _ in found] == ["missing"] * 3
    for (setting, _, hint), (label, words) in zip(found, REQUIRED, strict=True):
        assert setting.replace("priv_key_string", "private_key") == label
        assert words in hint


@pytest.mark.parametrize("mapping", [None, "x", [("CLOUDFRONT_DOMAIN", DOMAIN)], 7])
def test_settings_must_be_a_mapping(mapping: Any) -> None:
    """Anything else is an error with its type."""
    ((_, message, _),) = problems(mapping)
    assert message == f"the settings must be a mapping, got {type(mapping).__name__}"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (None, "missing"),
        ("x", "must be a dict, got str"),
        ([1], "must be a dict, got list"),
        (7, "must be a dict, got int"),
    ],
)
def test_config_must_be_a_dict(config: Any, message: str) -> None:
    """The hint names the settings that belong in it."""
    found = problems({"CLOUDFRONT_DOMAIN": DOMAIN, "CLOUDFRONT_CONFIG": config})
    hint = "set it to a dict with key_pair_id and private_key"
    assert found[0] == ("CLOUDFRONT_CONFIG", message, hint)


@pytest.mark.parametrize(
    ("unknown", "near"),
    [
        ("priv_key", "private_key"),
        ("private-key", "private_key"),
        ("keypair_id", "key_pair_id"),
        ("key_pair", "key_pair_id"),
        ("expire", "expires_in"),
        ("Expires", "expires_in"),
        ("expires_step", "expiry_step"),
        ("hash_algoritm", "hash_algorithm"),
        ("allowed_status", "allowed_statuses"),
        ("header", "headers"),
        ("passwd", "password"),
    ],
)
def test_unknown_setting_suggests_the_nearest_name(pem: str, unknown: str, near: str) -> None:
    """It is not ignored: a misspelt duration would otherwise be the default."""
    assert problems(settings(pem, **{unknown: "the-value"})) == [
        (f"CLOUDFRONT_CONFIG[{unknown!r}]", "unknown setting", f"did you mean {near!r}?")
    ]


def test_unknown_setting_without_a_similar_name(pem: str) -> None:
    """There is no hint; a long name is cut, and a name that is not text is shown as text."""
    unknown = ("unknown setting", "")
    assert problems(settings(pem, qqq=1)) == [("CLOUDFRONT_CONFIG['qqq']", *unknown)]
    mapping = settings(pem)
    mapping["CLOUDFRONT_CONFIG"][7] = 1
    assert problems(mapping) == [("CLOUDFRONT_CONFIG['7']", *unknown)]
    assert len(problems(settings(pem, **{"q" * 500: 1}))[0][0]) < 100


@pytest.mark.parametrize(
    ("old", "name"), [("priv_key_string", "private_key"), ("expires", "expires_in")]
)
def test_old_and_new_name_together_are_an_error(
    pem: str, other_pem: str, old: str, name: str
) -> None:
    """It would be a guess which one counts."""
    value: Any = other_pem if name == "private_key" else 60
    assert problems(settings(pem, **{"expires_in": 60, old: value})) == [
        (
            f"CLOUDFRONT_CONFIG[{old!r}]",
            f"cannot be combined with CLOUDFRONT_CONFIG[{name!r}]",
            "remove one of them",
        )
    ]


def test_domain_in_the_dict_is_an_error(pem: str) -> None:
    """It is a setting next to the dict."""
    assert problems(settings(pem, domain=DOMAIN)) == [
        ("CLOUDFRONT_CONFIG['domain']", "unknown setting", "set CLOUDFRONT_DOMAIN instead")
    ]


@pytest.mark.parametrize(
    ("domain", "words"),
    [
        ("https://bucket.s3.amazonaws.com", "an address of S3"),
        ("https://us-east-1.console.aws.amazon.com", "the AWS console"),
        ("arn:aws:cloudfront::1:distribution/E1", "an ARN"),
    ],
)
def test_domain_that_is_not_a_distribution(pem: str, domain: str, words: str) -> None:
    """No signed URL can work there, so it is an error at start-up."""
    ((setting, message, hint),) = problems({**settings(pem), "CLOUDFRONT_DOMAIN": domain})
    assert setting == "CLOUDFRONT_DOMAIN"
    assert words in message
    assert "cloudfront.net" in hint


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("expires_in", [0, -1, "60", 60.0, True, None, timedelta(0), timedelta.max, 10**5000]),
        ("expires", [0, -1, "60", None]),
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
def test_mistyped_setting(pem: str, name: str, values: list[Any]) -> None:
    """Each is one problem, under its name."""
    label = "private_key" if name == "password" else name
    for value in values:
        ((setting, message, _),) = problems(settings(pem, **{name: value}))
        assert setting == f"CLOUDFRONT_CONFIG['{label}']"
        assert message


def test_jitter_must_fit_its_step(pem: str) -> None:
    """This is found at start-up; a step with a mistake is one problem, not two."""
    label = "CLOUDFRONT_CONFIG['expiry_jitter']"
    ((setting, _, _),) = problems(settings(pem, expiry_step=60, expiry_jitter=61))
    assert setting == label
    ((setting, _, _),) = problems(settings(pem, expiry_jitter=60))
    assert setting == label
    ((setting, _, _),) = problems(settings(pem, expiry_step=0, expiry_jitter=60))
    assert setting == "CLOUDFRONT_CONFIG['expiry_step']"
    configuration = Configuration.from_mapping(settings(pem, expiry_step=60, expiry_jitter=60))
    assert configuration.expiry_jitter == 60
    configuration = Configuration.from_mapping(settings(pem, cache_bytes=0, expiry_jitter=None))
    assert (configuration.expiry_jitter, configuration.cache_bytes) == (None, 0)


@pytest.mark.parametrize("name", ["expires_in", "expiry_step"])
def test_timestamp_as_a_duration_is_refused_at_start_up(pem: str, name: str) -> None:
    """At the first request it would be too late."""
    longest = 999_999_999
    configuration = Configuration.from_mapping(settings(pem, **{name: longest}))
    assert getattr(configuration, name) == longest
    for seconds, words in ((longest + 1, "looks like a timestamp"), (9_300_000_000, "2262")):
        ((setting, message, _),) = problems(settings(pem, **{name: seconds}))
        assert setting == f"CLOUDFRONT_CONFIG['{name}']"
        assert words in message


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
        # A cache may choose an age for a 200 response such as JSON (RFC 9111, 4.2.2).
        "",
        "must-revalidate",
        "immutable",
        "stale-while-revalidate=60",
        "x-public",
        'x="private, no-store"',
    ],
)
def test_cache_control_for_a_shared_cache_warns(pem: str, value: str) -> None:
    """The cache would send one client's URL to others."""
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
def test_private_cache_control_does_not_warn(pem: str, value: str) -> None:
    """The browser may cache; directives are compared whole."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        headers = {"Cache-Control": value, "X": "public"}
        configuration = Configuration.from_mapping(settings(pem, headers=headers))
    assert configuration.view_options["headers"] == headers


def test_errors_contain_no_password_and_no_key(encrypted_pem: str, pem: str) -> None:
    """Neither if the password is wrong, nor if the key has none."""
    for key in (encrypted_pem, pem, encrypted_pem[:500]):
        found = problems(settings(key, password="hunter2-secret", zzz="value-secret"))
        assert "CLOUDFRONT_CONFIG['private_key']" in [setting for setting, _, _ in found]
        text = str(found)
        assert "hunter2" not in text
        assert "value-secret" not in text
        assert key.split("\n")[3] not in text


ENVIRONMENT = {
    "CLOUDFRONT_DOMAIN": DOMAIN,
    "CLOUDFRONT_KEY_PAIR_ID": "ABCDEF",
    "CLOUDFRONT_EXPIRES_IN": "90",
    "CLOUDFRONT_EXPIRY_STEP": "30",
    "CLOUDFRONT_EXPIRY_JITTER": "20",
    "CLOUDFRONT_CACHE_BYTES": "0",
    "CLOUDFRONT_HASH_ALGORITHM": "SHA256",
    "PATH": "/bin",
}


@pytest.mark.parametrize("form", ["text", "escaped", "file"])
def test_environment_with_all_variables(pem: str, tmp_path: Path, form: str) -> None:
    """The key is text, text with escaped newlines, or in a file."""
    (tmp_path / "key").write_text(pem)
    name, value = {
        "text": ("PRIVATE_KEY", pem),
        "escaped": ("PRIVATE_KEY", pem.replace("\n", "\\n")),
        "file": ("PRIVATE_KEY_FILE", str(tmp_path / "key")),
    }[form]
    configuration = Configuration.from_env({**ENVIRONMENT, f"CLOUDFRONT_{name}": value})
    assert (configuration.domain, configuration.key_pair_id) == (DOMAIN, "ABCDEF")
    assert (configuration.expires_in, configuration.expiry_step) == (90, 30)
    assert (configuration.expiry_jitter, configuration.cache_bytes) == (20, 0)
    assert configuration.hash_algorithm == "SHA256"


def test_environment_with_the_old_name_of_the_expiry(pem: str) -> None:
    """EXPIRES is read; together with EXPIRES_IN it is an error."""
    environ = {**ENVIRONMENT, "CLOUDFRONT_PRIVATE_KEY": pem, "CLOUDFRONT_EXPIRES": "2m"}
    assert environ_problems(environ) == [
        (
            "CLOUDFRONT_EXPIRES",
            "cannot be combined with CLOUDFRONT_EXPIRES_IN",
            "remove one of them",
        )
    ]
    del environ["CLOUDFRONT_EXPIRES_IN"]
    assert Configuration.from_env(environ).expires_in == 120
    environ["CLOUDFRONT_EXPIRES"] = "soon"
    ((setting, _, _),) = environ_problems(environ)
    assert setting == "CLOUDFRONT_EXPIRES"


def test_environment_with_a_password(encrypted_pem: str, password: str, tmp_path: Path) -> None:
    """PASSWORD decrypts the key in the file."""
    pytest.importorskip("cryptography")
    (tmp_path / "key").write_text(encrypted_pem)
    environ = {**ENVIRONMENT, "CLOUDFRONT_PRIVATE_KEY_FILE": str(tmp_path / "key")}
    with pytest.raises(ConfigurationError, match="encrypted"):
        Configuration.from_env(environ)
    environ["CLOUDFRONT_PASSWORD"] = password
    assert Configuration.from_env(environ).expires_in == 90


def test_missing_key_names_both_variables() -> None:
    """Either of them gives the key."""
    ((setting, message, hint),) = environ_problems(ENVIRONMENT)
    assert setting == "CLOUDFRONT_PRIVATE_KEY or CLOUDFRONT_PRIVATE_KEY_FILE"
    assert (message, hint) == ("missing", "set it to the private key's path or its PEM")


def test_environment_with_another_prefix(pem: str) -> None:
    """Two distributions share an environment."""
    environ = {"CDN_DOMAIN": DOMAIN, "CDN_KEY_PAIR_ID": "XYZ", "CDN_PRIVATE_KEY": pem}
    configuration = Configuration.from_env({**ENVIRONMENT, **environ}, prefix="CDN_")
    assert (configuration.key_pair_id, configuration.expires_in) == ("XYZ", 60)
    found = environ_problems({}, prefix="CDN_")
    assert [setting for setting, _, _ in found] == [
        "CDN_DOMAIN",
        "CDN_KEY_PAIR_ID",
        "CDN_PRIVATE_KEY or CDN_PRIVATE_KEY_FILE",
    ]


def test_environment_with_both_key_variables(pem: str, tmp_path: Path) -> None:
    """It would be a guess which one counts."""
    (tmp_path / "key").write_text(pem)
    key = {"CLOUDFRONT_PRIVATE_KEY": pem, "CLOUDFRONT_PRIVATE_KEY_FILE": str(tmp_path / "key")}
    assert environ_problems({**ENVIRONMENT, **key}) == [
        (
            "CLOUDFRONT_PRIVATE_KEY_FILE",
            "cannot be combined with CLOUDFRONT_PRIVATE_KEY",
            "remove one of them",
        )
    ]


def test_environment_reports_all_mistakes_at_once() -> None:
    """Each under its variable, without the password."""
    found = environ_problems(
        {
            "CLOUDFRONT_KEY_PAIR_ID": "",
            "CLOUDFRONT_PRIVATE_KEY_FILE": "/nowhere/key.pem",
            "CLOUDFRONT_PASSWORD": "hunter2-secret",
            "CLOUDFRONT_EXPIRES_IN": "one minute",
            "CLOUDFRONT_EXPIRY_STEP": "-5",
            "CLOUDFRONT_EXPIRY_JITTER": "1.5",
            "CLOUDFRONT_CACHE_BYTES": "4 MiB",
            "CLOUDFRONT_HASH_ALGORITHM": "sha256",
        }
    )
    assert [setting for setting, _, _ in found] == [
        "CLOUDFRONT_EXPIRES_IN",
        "CLOUDFRONT_EXPIRY_STEP",
        "CLOUDFRONT_EXPIRY_JITTER",
        "CLOUDFRONT_CACHE_BYTES",
        "CLOUDFRONT_DOMAIN",
        "CLOUDFRONT_KEY_PAIR_ID",
        "CLOUDFRONT_PRIVATE_KEY_FILE",
        "CLOUDFRONT_HASH_ALGORITHM",
    ]
    assert "hunter2" not in str(found)


@pytest.mark.parametrize(
    "text",
    ["1.5", "6 0", "60x", "0", "0m", "-1", "٦٠", "²", "9" * 5000],
    ids=["fraction", "space", "unit", "0", "0m", "negative", "arabic", "superscript", "long"],
)
def test_duration_in_the_environment_is_whole_and_positive(pem: str, text: str) -> None:
    """Anything else is an error of that variable."""
    environ = {**ENVIRONMENT, "CLOUDFRONT_PRIVATE_KEY": pem, "CLOUDFRONT_EXPIRES_IN": text}
    ((setting, _, _),) = environ_problems(environ)
    assert setting == "CLOUDFRONT_EXPIRES_IN"


def test_empty_variable_is_not_set(pem: str) -> None:
    """Compose files and CI systems write it so."""
    environ = {
        **ENVIRONMENT,
        "CLOUDFRONT_PRIVATE_KEY": pem,
        "CLOUDFRONT_PRIVATE_KEY_FILE": "",
        "CLOUDFRONT_PASSWORD": "",
        "CLOUDFRONT_EXPIRES_IN": "",
        "CLOUDFRONT_EXPIRES": "",
    }
    assert Configuration.from_env(environ).expires_in == 60
    ((setting, message, _),) = environ_problems({**environ, "CLOUDFRONT_DOMAIN": ""})
    assert (setting, message) == ("CLOUDFRONT_DOMAIN", "missing")


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("CLOUDFRONT_EXPIRE", "CLOUDFRONT_EXPIRES_IN"),
        ("CLOUDFRONT_EXPIRE_IN", "CLOUDFRONT_EXPIRES_IN"),
        ("CLOUDFRONT_DOMAINS", "CLOUDFRONT_DOMAIN"),
        ("CLOUDFRONT_KEYPAIR_ID", "CLOUDFRONT_KEY_PAIR_ID"),
        ("CLOUDFRONT_PRIVATE_KEYFILE", "CLOUDFRONT_PRIVATE_KEY_FILE"),
    ],
)
def test_misspelt_variable_warns(pem: str, name: str, near: str) -> None:
    """It may be a mistake, or the site's own variable, so the site still starts."""
    environ = {**ENVIRONMENT, "CLOUDFRONT_PRIVATE_KEY": pem, name: "9"}
    with pytest.warns(CfsignWarning) as caught:
        configuration = Configuration.from_env(environ)
    assert (configuration.domain, configuration.expires_in) == (DOMAIN, 90)
    (warning,) = caught
    assert str(warning.message) == f"{name}: unknown variable; did you mean {near}?"
    assert warning.filename == __file__


@pytest.mark.parametrize(
    ("required", "name", "near"),
    [
        ("CLOUDFRONT_DOMAIN", "CLOUDFRONT_DOMAINS", "CLOUDFRONT_DOMAIN"),
        ("CLOUDFRONT_KEY_PAIR_ID", "CLOUDFRONT_KEYPAIR_ID", "CLOUDFRONT_KEY_PAIR_ID"),
        ("CLOUDFRONT_PRIVATE_KEY", "CLOUDFRONT_PRIVATEKEY", "CLOUDFRONT_PRIVATE_KEY"),
        ("CLOUDFRONT_PRIVATE_KEY", "CLOUDFRONT_PRIVATE_KEYFILE", "CLOUDFRONT_PRIVATE_KEY_FILE"),
    ],
)
def test_misspelt_variable_is_an_error_if_the_right_one_is_missing(
    pem: str, required: str, name: str, near: str
) -> None:
    """The error names both."""
    environ = {**ENVIRONMENT, "CLOUDFRONT_PRIVATE_KEY": pem, name: "9"}
    del environ[required]
    misspelt, missing = environ_problems(environ)
    assert misspelt == (name, "unknown variable", f"did you mean {near}?")
    assert missing[0].startswith(required)
    assert missing[1] == "missing"


def test_unrelated_variables_are_ignored(pem: str) -> None:
    """A site has CLOUDFRONT_ variables of another purpose."""
    environ = {
        **ENVIRONMENT,
        "CLOUDFRONT_PRIVATE_KEY": pem,
        "CLOUDFRONT_DISTRIBUTION_ID": "E2QWRUHAPOMQZL",
    }
    assert Configuration.from_env(environ).domain == DOMAIN


@pytest.mark.parametrize("name", ["EXPIRES_IN", "EXPIRY_STEP", "EXPIRY_JITTER"])
@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("45s", 45), ("15m", 900), ("2h", 7200), ("7d", 604800)]
)
def test_duration_in_the_environment_may_have_a_unit(
    pem: str, name: str, text: str, seconds: int
) -> None:
    """The command line reads the same variable in the same way."""
    environ = {**ENVIRONMENT, "CLOUDFRONT_PRIVATE_KEY": pem, f"CLOUDFRONT_{name}": text}
    if name == "EXPIRY_JITTER":
        environ["CLOUDFRONT_EXPIRY_STEP"] = "14d"
    assert getattr(Configuration.from_env(environ), name.lower()) == seconds


@pytest.mark.parametrize("name", ["EXPIRES_IN", "EXPIRY_STEP", "EXPIRY_JITTER"])
@pytest.mark.parametrize("text", ["soon", "15 m", "15M", "1h30m", "1.5h"])
def test_invalid_duration_in_the_environment_shows_the_format(name: str, text: str) -> None:
    """As on the command line."""
    found = {
        setting: f"{message}; {hint}"
        for setting, message, hint in environ_problems({f"CLOUDFRONT_{name}": text})
    }
    assert "90, 15m, 2h" in found[f"CLOUDFRONT_{name}"]


@pytest.mark.parametrize("setting", ["code", "refresh_every"])
def test_error_of_a_setting_never_shows_the_key(pem: str, setting: str) -> None:
    """A key or a password may stand in the wrong place. No value shows 12 characters of it."""
    mapping = settings(pem, **{setting: pem}, keys=[])
    found = {name: message for name, message, _ in problems(mapping)}
    message = found[f"CLOUDFRONT_CONFIG[{setting!r}]"]
    assert f"got text of {len(pem)} characters" in message
    assert "KEY" not in message


@pytest.mark.parametrize("name", ["EXPIRES_IN", "CACHE_BYTES", "REFRESH_EVERY"])
def test_error_of_a_variable_never_shows_a_password(name: str) -> None:
    """Short values are shown, which is enough for a number with a unit."""
    ring = {"CLOUDFRONT_KEY_RING_FILE": "ring.json"} if name == "REFRESH_EVERY" else {}
    for text, shown in (("correct horse", "text of 13 characters"), ("15 min", "'15 min'")):
        found = {
            setting: message
            for setting, message, _ in environ_problems({f"CLOUDFRONT_{name}": text, **ring})
        }
        assert shown in found[f"CLOUDFRONT_{name}"]
        assert "horse" not in found[f"CLOUDFRONT_{name}"]


def test_number_of_many_digits_is_a_configuration_error(pem: str) -> None:
    """Python converts at most 4300 digits to text."""
    found = problems(settings(pem, code=10**5000, expires_in=10**5000))
    assert [setting for setting, _, _ in found] == [
        "CLOUDFRONT_CONFIG['expires_in']",
        "CLOUDFRONT_CONFIG['code']",
    ]


def test_distribution_from_settings_imports_no_views(pem: str) -> None:
    """Scripts that only sign do not load the view layer, even if view settings are given."""
    code = (
        "import sys; from cfsign import Distribution; "
        f"Distribution.from_config({settings(pem, code=302)!r}).sign_path('a'); "
        "print([name for name in sys.modules if name.startswith('cfsign.views')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


ENDINGS = {
    "CRLF": "{}\r\n",
    "newline": "{}\n",
    "spaces": "  {}\t",
    "double quotes": '"{}"',
    "single quotes": "'{}'",
    "quotes and CR": '"{}"\r',
    "newline in quotes": '"{}\n"',
    "byte-order mark": "\ufeff{}",
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("form", ["text", "file"])
def test_quotes_and_white_space_around_a_variable(
    pem: str, tmp_path: Path, form: str, ending: str
) -> None:
    """Docker's --env-file keeps quotes, and a file written on Windows has a CR in each line."""
    path = tmp_path / "key.pem"
    path.write_text(pem)
    key = {"CLOUDFRONT_PRIVATE_KEY": pem}
    if form == "file":
        key = {"CLOUDFRONT_PRIVATE_KEY_FILE": str(path)}
    environ = {**ENVIRONMENT, **key}
    changed = {
        name: ENDINGS[ending].format(value) if name.startswith("CLOUDFRONT_") else value
        for name, value in environ.items()
    }
    assert repr(Configuration.from_env(changed)) == repr(Configuration.from_env(environ))


def test_path_in_the_variable_of_the_key_may_have_quotes(pem: str, tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text(pem)
    environ = {**ENVIRONMENT, "CLOUDFRONT_PRIVATE_KEY": f'"{path}"\r\n'}
    assert Configuration.from_env(environ).private_key is not None


@pytest.mark.parametrize("text", ['""', "''", " \r\n", '" "'])
def test_variable_of_quotes_and_white_space_is_not_set(pem: str, text: str) -> None:
    """As an empty one."""
    environ = {**ENVIRONMENT, "CLOUDFRONT_PRIVATE_KEY": pem, "CLOUDFRONT_KEY_PAIR_ID": text}
    with pytest.raises(ConfigurationError, match="CLOUDFRONT_KEY_PAIR_ID: missing"):
        Configuration.from_env(environ)


@pytest.mark.parametrize("password", [" a ", '"a"', "a\n"])
def test_password_in_the_environment_is_not_changed(pem: str, password: str) -> None:
    """White space and quotes may be a part of it."""
    pytest.importorskip("cryptography")
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(pem.encode(), None)
    encrypted = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(password.encode()),
    ).decode()
    environ = {
        **ENVIRONMENT,
        "CLOUDFRONT_PRIVATE_KEY": encrypted,
        "CLOUDFRONT_PASSWORD": password,
    }
    assert Configuration.from_env(environ).private_key is not None


@pytest.mark.parametrize("prefix", ["CLOUDFRONT_", "CDN_"])
@pytest.mark.parametrize("form", ["PEM", "base64", "quoted", "one line", "PuTTY"])
def test_key_in_the_variable_of_its_path(pem: str, prefix: str, form: str) -> None:
    """The error names the other variable."""
    value = {
        "PEM": pem,
        "base64": base64.b64encode(pem.encode()).decode(),
        "quoted": f'"{pem}"',
        "one line": pem.replace("\n", "\\n"),
        "PuTTY": "PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none",
    }[form]
    environ = {
        f"{prefix}DOMAIN": DOMAIN,
        f"{prefix}KEY_PAIR_ID": "ABCDEF",
        f"{prefix}PRIVATE_KEY_FILE": value,
    }
    with pytest.raises(ConfigurationError) as caught:
        Configuration.from_env(environ, prefix)
    (problem,) = caught.value.problems
    assert problem.setting == f"{prefix}PRIVATE_KEY_FILE"
    assert problem.message == "must be a path, but it is the key itself"
    assert problem.hint == f"set {prefix}PRIVATE_KEY to the key instead"


def test_document_in_the_variable_of_its_path(pem: str) -> None:
    """A key ring has no variable for the document itself."""
    document = json.dumps({"keys": [{"key_pair_id": "K1", "private_key": pem}]})
    environ = {"CLOUDFRONT_DOMAIN": DOMAIN, "CLOUDFRONT_KEY_RING_FILE": document}
    with pytest.raises(ConfigurationError) as caught:
        Configuration.from_env(environ)
    (problem,) = caught.value.problems
    assert problem.setting == "CLOUDFRONT_KEY_RING_FILE"
    assert problem.message == "must be a path, but it is the document itself"


@pytest.mark.parametrize(
    ("name", "key_pair_id"),
    [
        ("pk-APKAEIBAERJR2EXAMPLE.pem", "APKAEIBAERJR2EXAMPLE"),
        ("pk-K2JCJMDEHXQW5F.pem", "K2JCJMDEHXQW5F"),
        ("K2JCJMDEHXQW5F.pem", "K2JCJMDEHXQW5F"),
        ("pk-key.pem", ""),
        ("private.pem", ""),
    ],
)
@pytest.mark.parametrize("source", ["mapping", "environment"])
def test_name_of_the_key_file_hints_at_the_id(
    pem: str, tmp_path: Path, name: str, key_pair_id: str, source: str
) -> None:
    """AWS downloads a key as pk-ID.pem, and `cfsign aws create-key` writes ID.pem."""
    path = tmp_path / name
    path.write_text(pem)
    settings: dict[str, Any] = {"CLOUDFRONT_DOMAIN": DOMAIN}
    load: Any = Configuration.from_env
    if source == "mapping":
        settings["CLOUDFRONT_CONFIG"] = {"private_key": str(path)}
        load = Configuration.from_mapping
    else:
        settings["CLOUDFRONT_PRIVATE_KEY_FILE"] = str(path)
    with pytest.raises(ConfigurationError) as caught:
        load(settings)
    (problem,) = caught.value.problems
    assert problem.message == "missing"
    wanted = f"is it {key_pair_id}, as in the name of the key's file?"
    assert (problem.hint == wanted) == bool(key_pair_id)
