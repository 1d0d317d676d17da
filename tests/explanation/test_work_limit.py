"""The work for one request is limited, and the evidence says if something was not tried."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cfsign import Mistake, TrustedKeyGroup, explain
from cfsign.explanation.rules import resource as rule
from tests.explanation.makers import CANNED, EXPIRES, NOW, World, to_cloudfront

NOT_ALL_TRIED = "not all likely forms were tried"
NOT_ALL_COMPARED = "not all likely forms of it were compared"
SIGNATURES = {"RSA-2048": bytes(256), "RSA-4096": bytes(512), "P-256": b"\x30\x44" + bytes(68)}
# The approximate time of one verification, in microseconds.
MICROSECONDS = {"RSA-2048": 25, "RSA-4096": 80, "P-256": 65}
MAX_MICROSECONDS = 15_000
# How many verifications `find_other_scheme` makes in one call, at most.
OTHER_SCHEMES = 11


class CountingKey:
    """A key that verifies nothing and counts the attempts."""

    def __init__(self, algorithm: str) -> None:
        self.algorithm = algorithm
        self.verified = 0
        self.bytes = 0

    def verify(self, message: bytes, signature: bytes, hash_algorithm: str) -> bool:
        self.verified += 1
        self.bytes += len(message)
        return False

    def find_other_scheme(self, message: bytes, signature: bytes) -> str | None:
        self.verified += OTHER_SCHEMES
        self.bytes += len(message)
        return None


class CountingGroup(TrustedKeyGroup):
    """A group of counting keys."""

    def __init__(self, algorithm: str, count: int) -> None:
        self._keys: Any = {f"K{number}": CountingKey(algorithm) for number in range(count)}

    @property
    def public_keys(self) -> Mapping[str, Any]:
        return self._keys

    @property
    def microseconds(self) -> float:
        """The time of all verifications, and 10 ns for each byte of the documents."""
        return sum(
            key.verified * MICROSECONDS[key.algorithm] + key.bytes / 100
            for key in self._keys.values()
        )


@pytest.mark.parametrize("unit", ["a", "&", "a=b&", "%20", "%C3%BC", "*", "/", "~'+", "?"])
@pytest.mark.parametrize("algorithm", SIGNATURES)
def test_long_url_is_not_tried_in_every_form(algorithm: str, unit: str) -> None:
    """With five keys; the evidence says that not all was tried."""
    group, cause = explain_long_url(algorithm, 5, unit)
    assert NOT_ALL_TRIED in cause.evidence
    assert 1_000 < group.microseconds <= MAX_MICROSECONDS


@pytest.mark.parametrize("unit", ["a", "&", "a=b&", "%20", "%C3%BC", "*", "/", "~'+", "?"])
@pytest.mark.parametrize("algorithm", SIGNATURES)
def test_long_url_is_limited_with_one_key(algorithm: str, unit: str) -> None:
    group, _ = explain_long_url(algorithm, 1, unit)
    assert 1_000 < group.microseconds <= MAX_MICROSECONDS


def explain_long_url(algorithm: str, count: int, unit: str) -> tuple[CountingGroup, Any]:
    group = CountingGroup(algorithm, count)
    signature = to_cloudfront(SIGNATURES[algorithm])
    credential = f"Expires={EXPIRES}&Signature={signature}&Key-Pair-Id=K0"
    url = f"https://h/a?{unit * (7_000 // len(unit))}&{credential}"
    causes = explain(url, group, at=NOW).causes
    (cause,) = [one for one in causes if one.mistake is Mistake.NO_KEY_VERIFIES]
    return group, cause


@pytest.mark.parametrize("algorithm", ["RSA-2048", "P-256"])
def test_usual_url_is_tried_in_every_form(algorithm: str) -> None:
    group = CountingGroup(algorithm, 1)
    signature = to_cloudfront(SIGNATURES[algorithm])
    credential = f"Expires={EXPIRES}&Signature={signature}&Key-Pair-Id=K0"
    first = explain(f"https://h/a/b/c.jpg?{credential}", group, at=NOW).causes[0]
    assert first.mistake is Mistake.NO_KEY_VERIFIES
    assert NOT_ALL_TRIED not in first.evidence
    assert 100 * MICROSECONDS[algorithm] < group.microseconds <= MAX_MICROSECONDS


@pytest.mark.parametrize("unit", ["*a", "?", "a", "*"])
@pytest.mark.parametrize(
    ("url_length", "resource_length", "steps_at_least", "is_complete"),
    [(8_000, 4_000, 0, False), (500, 500, 1_000, False), (20, 5, 1_000, True)],
)
def test_resource_is_not_compared_with_every_form_of_a_long_url(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    unit: str,
    url_length: int,
    resource_length: int,
    steps_at_least: int,
    is_complete: bool,
) -> None:
    steps = 0

    def count_steps(resource: str, url: str) -> bool:
        # The automaton takes a step for each character, on integers of 64 bits for 64 tokens.
        nonlocal steps
        steps += len(url) * (1 + len(resource) // 64)
        return False

    monkeypatch.setattr(rule, "resource_matches", count_steps)
    resource = f"https://h/{unit * (resource_length // len(unit))}b"
    document = (CANNED % (resource, EXPIRES)).encode()
    cookies = {
        "CloudFront-Policy": to_cloudfront(document),
        "CloudFront-Signature": to_cloudfront(world.ec.sign(document)),
        "CloudFront-Key-Pair-Id": world.ec.key_pair_id,
    }
    url = f"https://h/{'a' * url_length}"
    first = explain(url, world.trusted, cookies=cookies, at=NOW).causes[0]
    assert first.mistake is Mistake.RESOURCE
    assert (NOT_ALL_COMPARED not in first.evidence) is is_complete
    assert steps_at_least <= steps <= 200_000
