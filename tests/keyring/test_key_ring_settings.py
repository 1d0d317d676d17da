"""A key ring in the settings: what may stand there, and what excludes what."""

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
    """A ring's document with the old pair in it."""
    path = tmp_path / "ring.json"
    path.write_text(json.dumps({"keys": [entry(OLD, pem)]}))
    return path


def entry(key_pair_id: str, private_key: Any, **more: Any) -> dict[str, Any]:
    return {"key_pair_id": key_pair_id, "private_key": private_key, **more}


def test_the_settings_may_hold_a_list(key: PrivateKey, other_pem: str, document: Path) -> None:
    """Of what a document holds, keys that are loaded among it."""
    keys = [entry(OLD, key), entry(NEW, other_pem, active_from="2020-01-01T00:00:00Z")]
    distribution = from_config(keys=keys, refresh_every=5)
    assert isinstance(distribution.signer, KeyRing)
    assert distribution.signer.key_pair_id == NEW
    assert distribution.signer._refresh_every == 5


def from_config(**config: Any) -> Distribution:
    settings = {"CLOUDFRONT_DOMAIN": "https://media.example.com", "CLOUDFRONT_CONFIG": config}
    return Distribution.from_config(settings)


@pytest.mark.parametrize("kind", [str, Path, lambda path: path.read_text])
def test_the_settings_may_hold_a_document(document: Path, kind: Callable[..., Any]) -> None:
    """Its path, or what loads it."""
    assert "Key-Pair-Id=K1OLD" in from_config(key_ring=kind(document)).sign_path("a.txt")


def test_the_environment_may_name_a_document(document: Path) -> None:
    """And how often to look."""
    environ = {
        "CLOUDFRONT_DOMAIN": "https://media.example.com",
        "CLOUDFRONT_KEY_RING_FILE": str(document),
        "CLOUDFRONT_REFRESH_EVERY": "5",
    }
    configuration = Configuration.from_env(environ)
    assert configuration.key_ring is configuration.signer is not None
    assert configuration.key_ring._refresh_every == 5
    assert Distribution.from_env(environ).sign_path("a.txt")
    environ["CLOUDFRONT_KEY_PAIR_ID"] = OLD
    with pytest.raises(
        ConfigurationError, match="KEY_PAIR_ID: cannot be combined with CLOUDFRONT_KEY_RING_FILE"
    ):
        Configuration.from_env(environ)


def test_a_tilde_is_the_home_folder(
    pem: str, document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the settings, and in the document, wherever that lies."""
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
    ("config", "mend"),
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
        ({"key_ring": "x"}, r"\['key_ring'\]: key ring .*x': the file cannot be read"),
        (
            {"key_ring": 5},
            r"\['key_ring'\]: a key ring must be the path of a document",
        ),
        ({"keys": "x"}, r"\['keys'\]: a key ring cannot be made from str; use a list"),
        ({"keys": [{}]}, r"\['keys'\]: keys\[0\]: key_pair_id is missing"),
        ({"keys": [], "refresh_every": "x"}, "refresh_every must be a timedelta or a number"),
        ({"refresh_every": 5}, r"\['refresh_every'\]: has no effect without a key ring"),
        ({"refesh_every": 5}, "did you mean 'refresh_every'"),
    ],
)
def test_settings_that_cannot_be(config: Any, mend: str) -> None:
    """Under the name that the user knows."""
    with pytest.raises(ConfigurationError, match=mend) as caught:
        from_config(**config)
    assert "hunter2" not in str(caught.value)
    is_ring = "keys" in config or "key_ring" in config
    assert ("key_pair_id']: missing" in str(caught.value)) != is_ring


def test_a_configuration_needs_something_that_signs() -> None:
    """One made by hand may have forgotten it."""
    with pytest.raises(ConfigurationError, match="neither a private key nor a key ring"):
        Distribution.from_configuration(Configuration("https://media.example.com"))


@pytest.mark.parametrize(
    ("text", "seconds"), [("0", 0), ("0.5", 0.5), ("30", 30), ("86400.0", 86400)]
)
def test_the_environment_may_name_a_part_of_a_second(
    document: Path, text: str, seconds: float
) -> None:
    """As a program may."""
    environ = {
        "CLOUDFRONT_DOMAIN": "https://media.example.com",
        "CLOUDFRONT_KEY_RING_FILE": str(document),
        "CLOUDFRONT_REFRESH_EVERY": text,
    }
    ring = Configuration.from_env(environ).key_ring
    assert ring is not None
    assert ring._refresh_every == seconds


@pytest.mark.parametrize("text", ["soon", "-1", "nan", "inf", "1e3", "0.5.5", ".", "86401", "٣"])
def test_a_check_every_that_is_none_is_told_by_its_name(document: Path, text: str) -> None:
    """And not by the ring's; the ring's own faults are told beside it."""
    environ = {
        "CLOUDFRONT_DOMAIN": "https://media.example.com",
        "CLOUDFRONT_KEY_RING_FILE": str(document.with_name("none.json")),
        "CLOUDFRONT_REFRESH_EVERY": text,
    }
    with pytest.raises(ConfigurationError) as caught:
        Configuration.from_env(environ)
    ring, every = sorted(map(str, caught.value.problems))
    assert every.startswith("CLOUDFRONT_REFRESH_EVERY: refresh_every must be a timedelta")
    assert ring.startswith("CLOUDFRONT_KEY_RING_FILE: key ring ")
    with pytest.raises(
        ConfigurationError, match=r"^CLOUDFRONT_CONFIG\['refresh_every'\]: refresh_e"
    ):
        from_config(key_ring=str(document), refresh_every=text)
    del environ["CLOUDFRONT_KEY_RING_FILE"]
    with pytest.raises(ConfigurationError, match="CLOUDFRONT_REFRESH_EVERY: has no effect"):
        Configuration.from_env(environ)
