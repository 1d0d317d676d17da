"""Expiries in steps, and the jitter that spreads them."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfsign import Distribution, PolicyError, ResourceError, Signer
from cfsign.signing.times import round_up_expiry

DOMAIN = "https://media.example.com"
LATEST_EXPIRY = 9223372036


@st.composite
def steps(draw: st.DrawFn) -> tuple[int, int | None]:
    step = draw(st.integers(1, 10**6))
    return step, draw(st.none() | st.integers(1, step))


@given(st.integers(1, LATEST_EXPIRY), st.text(), steps())
def test_rounding_adds_less_than_a_step(
    expires_at: int, resource: str, step_and_jitter: tuple[int, int | None]
) -> None:
    """With any jitter, which shifts the steps by less than its own length."""
    step, jitter = step_and_jitter
    end = round_up_expiry(expires_at, resource, step, jitter)
    assert expires_at <= end < expires_at + step
    if end < LATEST_EXPIRY:
        assert end % step < (1 if jitter is None else jitter)


@given(st.integers(1, LATEST_EXPIRY // 2), st.integers(0, 10**6), st.text(), steps())
def test_expiries_of_a_resource_are_a_step_apart(
    expires_at: int, later: int, resource: str, step_and_jitter: tuple[int, int | None]
) -> None:
    """Also with a jitter."""
    step, jitter = step_and_jitter
    first, second = (
        round_up_expiry(m, resource, step, jitter) for m in (expires_at, expires_at + later)
    )
    assert first <= second
    assert (second - first) % step == 0
    assert round_up_expiry(first, resource, step, jitter) == first


def test_jitter_spreads_evenly() -> None:
    """6,000 URLs over 60 seconds are about 100 in each second."""
    ends = [round_up_expiry(7200, f"{DOMAIN}/videos/42/{n}.ts", 3600, 60) for n in range(6000)]
    counts = [ends.count(10_800 - 3600 + second) for second in range(60)]
    assert sum(counts) == 6000
    assert min(counts) > 50
    assert max(counts) < 150


def test_every_process_computes_the_same_jitter() -> None:
    """With any hash seed, so all workers of a site give a file the same URL."""
    code = (
        "from cfsign.signing.times import round_up_expiry; "
        f"print(round_up_expiry(1767225600, '{DOMAIN}/a.pdf', 3600, 3600))"
    )
    for seed in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        )
        # The CRC-32 that `gzip` appends to the URL.
        assert done.stdout == f"{1767225600 + 0x241F0303 % 3600}\n"


def test_distribution_spreads_the_expiries(recording_signer: Signer, clock: Any, now: int) -> None:
    """Each file keeps its URL for a whole step."""
    distribution = Distribution(
        DOMAIN, recording_signer, expires_in=60, expiry_step=300, expiry_jitter=timedelta(minutes=5)
    )
    assert (distribution.expiry_step, distribution.expiry_jitter) == (300, 300)
    urls = [f"{DOMAIN}/{n}" for n in range(20)]
    signed = {url: distribution.sign_resource(url) for url in urls}
    assert len({each.policy.expires_at for each in signed.values()}) > 10
    for each in signed.values():
        assert distribution.redirect_max_age(each) == each.policy.expires_at - 60 - now < 300
    clock.shift(300)
    for url, each in signed.items():
        assert distribution.sign_resource(url).policy.expires_at == each.policy.expires_at + 300


def test_bad_resource_is_refused_with_a_jitter(recording_signer: Signer, clock: Any) -> None:
    """Before and after it is hashed."""
    distribution = Distribution(DOMAIN, recording_signer, expiry_step=300, expiry_jitter=300)
    for resource in (None, 7, b"https://media.example.com/a", f"{DOMAIN}/\ud800", f"{DOMAIN}/é"):
        with pytest.raises(ResourceError):
            distribution.sign_resource(resource)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [0, -1, 1.5, "60", True, timedelta(0), 301, timedelta.max])
def test_bad_jitter_is_refused_when_the_distribution_is_made(signer: Signer, value: Any) -> None:
    with pytest.raises(PolicyError, match="expiry_jitter"):
        Distribution(DOMAIN, signer, expiry_step=300, expiry_jitter=value)


def test_jitter_needs_a_step(signer: Signer) -> None:
    with pytest.raises(PolicyError, match="needs an expiry_step; set both or neither"):
        Distribution(DOMAIN, signer, expiry_jitter=60)
    assert Distribution(DOMAIN, signer, expiry_step=60, expiry_jitter=60).expiry_jitter == 60
