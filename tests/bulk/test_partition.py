"""Signing a partition on a worker, with a key that the worker loads once."""

from __future__ import annotations

import math
import pickle
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cfsign import (
    ConfigurationError,
    PolicyError,
    ResourceError,
    Signer,
    SigningKeyError,
    TrustedKeyGroup,
)
from cfsign.bulk import Outcome, sign_partition

from ..conftest import KEY_PAIR_ID, RecordingKey
from .conftest import LATER

ROOT = Path(__file__).parents[2]
URL = "https://media.example.com/a.jpg"


def test_each_url_has_an_outcome_and_errors_do_not_stop_the_others(
    recording_signer: Signer,
) -> None:
    urls: list[Any] = [URL, "a b", None, math.nan, URL]
    signed = recording_signer.sign_url(URL, expires_at=LATER)
    outcomes = list(sign_partition(urls, lambda: recording_signer, expires_at=LATER))
    assert [one.signed_url for one in outcomes] == [signed, None, None, None, signed]
    assert "%20" in str(outcomes[1].error)
    assert "got NoneType" in str(outcomes[2].error)
    assert "got float" in str(outcomes[3].error)
    assert outcomes[0] == Outcome(signed, None)


def test_single_string_is_refused_at_the_call(recording_signer: Signer) -> None:
    with pytest.raises(ResourceError, match=r"use a list, or Signer\.sign_url"):
        sign_partition(URL, lambda: recording_signer, expires_at=LATER)


def test_urls_are_read_lazily(recording_signer: Signer) -> None:
    endless: Iterator[str] = iter(lambda: URL, None)
    assert next(sign_partition(endless, lambda: recording_signer, expires_at=LATER)).signed_url


def test_signer_is_loaded_once_per_process(recording_signer: Signer) -> None:
    loaded = []

    def load() -> Signer:
        loaded.append(1)
        return recording_signer

    for _ in range(3):
        list(sign_partition([URL], load, expires_at=LATER))
    assert loaded == [1]


def test_failed_load_is_retried(recording_signer: Signer) -> None:
    errors = [SigningKeyError("not yet")]

    def load() -> Signer:
        if errors:
            raise errors.pop()
        return recording_signer

    with pytest.raises(SigningKeyError, match="not yet"):
        sign_partition([URL], load, expires_at=LATER)
    assert next(sign_partition([URL], load, expires_at=LATER)).signed_url


def test_pattern_makes_one_signature_for_a_partition(
    recording_signer: Signer, recorder: RecordingKey
) -> None:
    conditions = {"expires_at": LATER, "pattern": "https://media.example.com/*"}
    outcomes = list(sign_partition([URL] * 5, lambda: recording_signer, **conditions))  # type: ignore[arg-type]
    assert all(one.signed_url for one in outcomes)
    assert len(recorder.signed) == 1


def test_all_conditions_are_signed(signer: Signer, trusted_keys: TrustedKeyGroup) -> None:
    (one,) = sign_partition(
        [URL], lambda: signer, expires_at=LATER, starts_at=LATER - 9, ip_address="192.0.2.0/24"
    )
    assert one.signed_url is not None
    for at, viewer, message in (
        (1, "192.0.2.9", "the policy is not valid yet"),
        (LATER, "192.0.2.9", "expired"),
        (LATER - 1, "198.51.100.1", "address"),
    ):
        verdict = trusted_keys.check(one.signed_url, at=at, ip_address=viewer)
        assert not verdict.allowed
        assert message in str(verdict)


def test_repr_of_an_outcome_hides_the_signature(signer: Signer) -> None:
    good, bad = sign_partition([URL, "a b"], lambda: signer, expires_at=LATER)
    assert "Signature" not in f"{good!r}{good}"
    assert "a space" in repr(bad)


def test_signer_instead_of_a_loader_is_refused(recording_signer: Signer) -> None:
    with pytest.raises(ConfigurationError, match="must be a function, got a Signer"):
        sign_partition([URL], recording_signer, expires_at=LATER)  # type: ignore[arg-type]


def test_loader_that_returns_another_type_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="must return a Signer or a KeyRing"):
        sign_partition([URL], lambda: None, expires_at=LATER)  # type: ignore[arg-type, return-value]


@pytest.mark.parametrize(
    "conditions", [{}, {"expires_in": 60}, {"expires_at": None}], ids=["none", "duration", "None"]
)
def test_expires_at_is_required(recording_signer: Signer, conditions: Any) -> None:
    with pytest.raises(PolicyError, match="needs expires_at"):
        sign_partition([URL], lambda: recording_signer, **conditions)


def test_expiry_in_the_past_stops_the_partition(recording_signer: Signer) -> None:
    with pytest.raises(PolicyError, match="in the past"):
        list(sign_partition([URL], lambda: recording_signer, expires_at=1))


def test_loader_that_holds_a_key_cannot_be_pickled(signer: Signer) -> None:
    cloudpickle = pytest.importorskip("cloudpickle")
    with pytest.raises(TypeError, match="cannot be pickled or copied"):
        cloudpickle.dumps(lambda: signer)
    with pytest.raises(TypeError, match="cannot be pickled or copied"):
        pickle.dumps(signer)


def snippets() -> list[str]:
    """Return the Python snippets of docs/bulk.md."""
    text = (ROOT / "docs" / "bulk.md").read_text("utf-8")
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def test_docs_snippet_with_workers(
    signer: Signer, trusted_keys: TrustedKeyGroup, capsys: pytest.CaptureFixture[str]
) -> None:
    exec(compile(snippets()[0], "bulk.md", "exec"), {"signer": signer, "urls": [URL] * 200})
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 200
    assert trusted_keys.check(printed[-1]).allowed


class FakeSpark:
    """A stand-in for the parts of Spark that the snippet uses."""

    def __init__(self, frames: list[Any]) -> None:
        self.frames = frames
        self.schema = ""
        self.read = self.write = self

    def parquet(self, path: str) -> FakeSpark:
        return self

    def mapInPandas(self, function: Any, schema: str) -> FakeSpark:  # noqa: N802
        self.schema = schema
        self.frames = list(function(iter(self.frames)))
        return self


def test_docs_snippet_for_spark(
    pem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trusted_keys: TrustedKeyGroup
) -> None:
    pd = pytest.importorskip("pandas")
    _, module, job = snippets()
    (tmp_path / "signing.py").write_text(module)
    (tmp_path / "key.pem").write_text(pem)
    monkeypatch.setenv("CLOUDFRONT_KEY_PAIR_ID", KEY_PAIR_ID)
    monkeypatch.setenv("CLOUDFRONT_PRIVATE_KEY_FILE", str(tmp_path / "key.pem"))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "signing", raising=False)
    spark = FakeSpark(
        [
            pd.DataFrame({"id": [1, 2], "url": [URL, "a b"]}, index=[7, 9]),
            pd.DataFrame({"id": [3], "url": [URL]}),
            pd.DataFrame({"id": [], "url": []}, dtype="str"),
        ]
    )
    exec(compile(job, "bulk.md", "exec"), {"spark": spark})
    assert [list(frame["id"]) for frame in spark.frames] == [[1, 2], [3], []]
    first, second, last = spark.frames
    names = [part.split()[0] for part in spark.schema.split(", ")]
    assert list(first) == list(last) == names
    for url in (first["signed_url"][7], second["signed_url"][0]):
        assert trusted_keys.check(url).allowed
    assert first["signed_url"].isna().tolist() == [False, True]
    assert first["error"].isna().tolist() == [True, False]
