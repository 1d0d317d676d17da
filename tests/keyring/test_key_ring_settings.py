"""Tests of key rings in the settings and in the environment."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cfsign import ConfigurationError, Distribution, KeyRing, PrivateKey
from cfsign.config import Configuration

OLD, NEW = "K1OLD", "K2NEW"


@pytest.fixture
def document(tmp_path: Path, pem: str) -> Path:
    """A key ring file with the old pair."""
    path = tmp_path / "ring.json"
    path.write_text(json.dumps({"keys": [entry(OLD, pem)]}))
    return path


def entry(key_pair_id: str, private_key: Any, **more: Any) -> dict[str, Any]:
    return {"key_pair_id": key_pair_id, "private_key": private_key, **more}


def test_settings_with_a_list_of_keys(
    clock: Any, now: int, key: PrivateKey, other_pem: str
) -> None:
    """The entries of a document, also with loaded keys."""
    keys = [entry(OLD, key), entry(NEW, other_pem, active_from="2020-01-01T00:00:00Z")]
    distribution = from_config(keys=keys, refresh_every=5)
    assert isinstance(distribution.signer, KeyRing)
    assert distribution.signer.key_pair_id == NEW
    assert distribution.signer.removable_at(OLD, 60) == now + 5 + 60


def from_config(**config: Any) -> Distribution:
    settings = {"CLOUDFRONT_DOMAIN": "https://media.example.com", "CLOUDFRONT_CONFIG": config}
    return Distribution.from_config(settings)


@pytest.mark.parametrize("kind", [str, Path, lambda path: path.read_text])
def test_settings_with_a_document(document: Path, kind: Callable[..., Any]) -> None:
    """Its path, or a function that loads it."""
    assert "Key-Pair-Id=K1OLD" in from_config(key_ring=kind(document)).sign_path("a.txt")


def test_environment_with_a_document(document: Path) -> None:
    """A key pair id in addition is an error."""
    environ = {
        "CLOUDFRONT_DOMAIN": "https://media.example.com",
        "CLOUDFRONT_KEY_RING_FILE": str(document),
        "CLOUDFRONT_REFRESH_EVERY": "5",
    }
    configuration = Configuration.from_env(environ)
    assert configuration.key_ring is configuration.signer is not None
    assert Distribution.from_env(environ).sign_path("a.txt")
    environ["CLOUDFRONT_KEY_PAIR_ID"] = OLD
    with pytest.raises(
        ConfigurationError, match="KEY_PAIR_ID: cannot be combined with CLOUDFRONT_KEY_RING_FILE"
    ):
        Configuration.from_env(environ)


def test_tilde_is_the_home_folder(
    pem: str, document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the settings and in the document."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    (home / "key.pem").write_text(pem)
    document.write_text(json.dumps({"keys": [entry(OLD, "~/key.pem")]}))
    assert from_config(key_ring=document).sign_path("a.txt")
    document.rename(home / "ring.json")
    assert from_config(key_ring="~/ring.json").sign_path("a.txt")
    assert from_config(keys=[entry(OLD, "~/key.pem")]).sign_path("a.txt")
    assert from_config(keys=[entry(OLD, Path("~/key.pem"))]).sign_path("a.txt")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"keys": [], "key_ring": "x"},
            r"\['key_ring'\]: cannot be combined with .*\['keys'\]",
        ),
        (
            {"keys": [], "password": "hunter2"},
            r"\['password'\]: cannot be combined with .*\['keys'\]",
        ),
        ({"key_ring": "x", "hash_algorithm": "SHA1"}, r"\['hash_algorithm'\]: cannot be combined"),
        ({"key_ring": "x.json"}, r"\['key_ring'\]: key ring .*x.json': the file cannot be read"),
        (
            {"key_ring": 5},
            r"\['key_ring'\]: a key ring must be the path of a document",
        ),
        ({"keys": "x"}, r"\['keys'\]: a key ring cannot be made from str; use a list"),
        ({"keys": [{}]}, r"\['keys'\]: keys\[0\]: key_pair_id is missing"),
        ({"keys": [], "refresh_every": "x"}, "refresh_every must be a timedelta or 0 to"),
        ({"refresh_every": 5}, r"\['refresh_every'\]: has no effect without a key ring"),
        ({"refesh_every": 5}, "did you mean 'refresh_every'"),
    ],
)
def test_invalid_settings_are_an_error(config: Any, message: str) -> None:
    """Each error has the name of the setting."""
    with pytest.raises(ConfigurationError, match=message) as caught:
        from_config(**config)
    assert "hunter2" not in str(caught.value)
    is_ring = "keys" in config or "key_ring" in config
    assert ("key_pair_id']: missing" in str(caught.value)) != is_ring


def test_configuration_without_a_key_is_an_error() -> None:
    """A `Configuration` built by hand may lack both."""
    with pytest.raises(ConfigurationError, match="neither a private key nor a key ring"):
        Distribution.from_configuration(Configuration("https://media.example.com"))


@pytest.mark.parametrize(
    ("text", "seconds"), [("0", 0), ("0.5", 0.5), ("30", 30), ("86400.0", 86400)]
)
def test_refresh_every_from_the_environment(
    document: Path, other_pem: str, monkeypatch: pytest.MonkeyPatch, text: str, seconds: float
) -> None:
    """Fractions of a second are accepted."""
    clock = [1000.0]
    monkeypatch.setattr("cfsign.keyring.ring.monotonic", lambda: clock[-1])
    environ = {
        "CLOUDFRONT_DOMAIN": "https://media.example.com",
        "CLOUDFRONT_KEY_RING_FILE": str(document),
        "CLOUDFRONT_REFRESH_EVERY": text,
    }
    ring = Configuration.from_env(environ).key_ring
    assert ring is not None
    document.write_text(json.dumps({"keys": [entry(NEW, other_pem)]}))
    if seconds:
        clock.append(1000 + seconds - 0.1)
        assert ring.current().key_pair_id == OLD
    clock.append(1000 + seconds)
    assert ring.current().key_pair_id == NEW


@pytest.mark.parametrize("text", ["soon", "-1", "nan", "inf", "1e3", "0.5.5", ".", "86401", "٣"])
def test_invalid_refresh_every_is_an_error(document: Path, text: str) -> None:
    """It is reported under its own name, in addition to the errors of the ring."""
    environ = {
        "CLOUDFRONT_DOMAIN": "https://media.example.com",
        "CLOUDFRONT_KEY_RING_FILE": str(document.with_name("none.json")),
        "CLOUDFRONT_REFRESH_EVERY": text,
    }
    with pytest.raises(ConfigurationError) as caught:
        Configuration.from_env(environ)
    ring, refresh_every = sorted(map(str, caught.value.problems))
    assert refresh_every.startswith("CLOUDFRONT_REFRESH_EVERY: refresh_every must be a timedelta")
    assert ring.startswith("CLOUDFRONT_KEY_RING_FILE: key ring ")
    with pytest.raises(
        ConfigurationError, match=r"^CLOUDFRONT_CONFIG\['refresh_every'\]: refresh_e"
    ):
        from_config(key_ring=str(document), refresh_every=text)
    del environ["CLOUDFRONT_KEY_RING_FILE"]
    with pytest.raises(ConfigurationError, match="CLOUDFRONT_REFRESH_EVERY: has no effect"):
        Configuration.from_env(environ)
