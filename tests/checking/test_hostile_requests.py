"""Hostile and random requests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cfsign.checking.verdict import Reason

NOW = 1_767_200_000
EXPIRES = NOW + 60
URL = "https://d1.example.com/a/report.pdf"

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.complex_numbers()
    | st.text()
    | st.binary()
    | st.datetimes()
    | st.datetimes(timezones=st.timezones())
    | st.ip_addresses()
    | st.builds(object),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text(), inner)
        | st.tuples(inner, inner)
        | st.sets(st.text())
    ),
    max_leaves=6,
)
VALUES = st.text() | st.sampled_from(["SHA1", "KRSA1EXAMPLE", str(EXPIRES), "YQ__", "e30_"])
NAMES = st.sampled_from(["Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm", "a"])
PARAMETERS = st.lists(st.tuples(NAMES, VALUES))


@given(url=ANYTHING, cookies=ANYTHING, at=ANYTHING, ip_address=ANYTHING)
def test_arguments_of_any_type_are_refused(
    group: Any, url: Any, cookies: Any, at: Any, ip_address: Any
) -> None:
    """Without an exception."""
    assert group.check(url, cookies=cookies, at=at, ip_address=ip_address).code


@given(parameters=PARAMETERS, url=st.sampled_from([URL, "https://h", "http://h/?b"]) | st.text())
def test_random_parameters_are_refused(
    group: Any, parameters: list[tuple[str, str]], url: str
) -> None:
    query = "&".join(f"{name}={value}" for name, value in parameters)
    assert not group.check(f"{url}?{query}", at=NOW)


@given(parameters=PARAMETERS)
def test_random_cookies_are_refused(group: Any, parameters: list[tuple[str, str]]) -> None:
    cookies = [(f"CloudFront-{name}", value) for name, value in parameters]
    header = "; ".join("=".join(pair) for pair in cookies)
    for form in (cookies, dict(cookies), header):
        assert not group.check(URL, cookies=form, at=NOW)


@settings(max_examples=50)
@given(document=st.binary(min_size=1, max_size=200))
def test_random_bytes_are_malformed_even_if_signed(
    group: Any, ec_peer: Any, document: bytes
) -> None:
    cookies = {f"CloudFront-{name}": value for name, value in ec_peer.values(document).items()}
    assert group.check(URL, cookies=cookies, at=NOW).reason is Reason.MALFORMED_POLICY


def mutate(url: str) -> set[str]:
    """Return every URL with one character removed, inserted or replaced."""
    characters = 'Ab0_-~=&?%/+*.#@: \\"\xe9'
    places = range(len(url) + 1)
    changed = {url[:at] + url[at + 1 :] for at in places}
    changed |= {url[:at] + character + url[at:] for at in places for character in characters}
    changed |= {url[:at] + character + url[at + 1 :] for at in places for character in characters}
    changed |= {url[:at] + url[at : at + 1].swapcase() + url[at + 1 :] for at in places}
    return changed - {url}


@pytest.mark.parametrize("kind", ["canned", "custom", "P-256"])
@pytest.mark.parametrize("url", [URL, f"{URL}?size=large"])
def test_no_character_of_a_signed_url_can_change(
    group: Any, rsa_peer: Any, ec_peer: Any, url: str, kind: str
) -> None:
    """Except for the letter case of the host."""
    expires = datetime.fromtimestamp(EXPIRES, UTC)
    peer = ec_peer if kind == "P-256" else rsa_peer
    signer = pytest.importorskip("botocore.signers").CloudFrontSigner(peer.key_pair_id, peer.sign)
    policy = signer.build_policy(url, expires, ip_address="0.0.0.0/0")
    signed = (
        signer.generate_presigned_url(url, policy=policy)
        if kind == "custom"
        else signer.generate_presigned_url(url, expires)
    )
    assert group.check(signed, at=NOW, ip_address="192.0.2.7")
    accepted = [
        changed
        for changed in mutate(signed)
        if group.check(changed, at=NOW, ip_address="192.0.2.7")
    ]
    host = len("https://d1.example.com")
    assert all(changed.lower() == signed.lower() for changed in accepted)
    assert all(changed[host:] == signed[host:] for changed in accepted)
    assert len(accepted) == len("dexamplecom")


class Failing(dict):
    """A mapping whose items cannot be listed."""

    def items(self) -> Any:
        raise RuntimeError("no items")


def test_cookies_that_raise_are_refused(group: Any) -> None:
    """The exception of the caller's mapping does not escape."""
    assert not group.check(URL, cookies=Failing())
