"""No request is a load: what an explanation tries is bounded, and it says where it was cut."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cfsign import Mistake, TrustedKeyGroup, explain
from cfsign.explanation.rules import resource as rule
from tests.explanation.makers import CANNED, EXPIRES, NOW, World, to_cloudfront

CUT_SHORT = "not all likely forms were tried"
COMPARED_SHORT = "not all likely forms of it were compared"
SIGNATURES = {"RSA-2048": bytes(256), "RSA-4096": bytes(512), "P-256": b"\x30\x44" + bytes(68)}
# About what each costs, in microseconds.
MICROSECONDS = {"RSA-2048": 25, "RSA-4096": 80, "P-256": 65}
MOST_MICROSECONDS = 15_000


class CountingKey:
    """A key that verifies nothing, and counts what it was asked."""

    def __init__(self, algorithm: str) -> None:
        self.algorithm = algorithm
        self.verified = 0
        self.bytes = 0

    def verify(self, message: bytes, signature: bytes, hash_algorithm: str) -> bool:
        self.verified += 1
        self.bytes += len(message)
        return False

    def find_other_scheme(self, message: bytes, signature: bytes) -> str | None:
        self.verified += 11
        self.bytes += len(message)
        return None


class CountingGroup(TrustedKeyGroup):
    """Such keys, all of one kind."""

    def __init__(self, algorithm: str, count: int) -> None:
        self._keys: Any = {f"K{number}": CountingKey(algorithm) for number in range(count)}

    @property
    def public_keys(self) -> Mapping[str, Any]:
        return self._keys

    @property
    def microseconds(self) -> float:
        """What all of it costs, and as much again a byte as it takes to write one."""
        return sum(
            key.verified * MICROSECONDS[key.algorithm] + key.bytes / 100
            for key in self._keys.values()
        )


@pytest.mark.parametrize("unit", ["a", "&", "a=b&", "%20", "%C3%BC", "*", "/", "~'+", "?"])
@pytest.mark.parametrize("count", [1, 5])
@pytest.mark.parametrize("algorithm", SIGNATURES)
def test_a_long_url_is_not_tried_in_every_form(algorithm: str, count: int, unit: str) -> None:
    """Some 8 KiB of anything."""
    group = CountingGroup(algorithm, count)
    signature = to_cloudfront(SIGNATURES[algorithm])
    credential = f"Expires={EXPIRES}&Signature={signature}&Key-Pair-Id=K0"
    url = f"https://h/a?{unit * (7_000 // len(unit))}&{credential}"
    told = explain(url, group, at=NOW)
    (cause,) = [one for one in told.causes if one.mistake is Mistake.NO_KEY_VERIFIES]
    assert CUT_SHORT in cause.evidence or count == 1
    assert 1_000 < group.microseconds <= MOST_MICROSECONDS


@pytest.mark.parametrize("algorithm", ["RSA-2048", "P-256"])
def test_a_url_of_usual_length_is_tried_in_every_form(algorithm: str) -> None:
    """By the key that is named."""
    group = CountingGroup(algorithm, 1)
    signature = to_cloudfront(SIGNATURES[algorithm])
    credential = f"Expires={EXPIRES}&Signature={signature}&Key-Pair-Id=K0"
    told = explain(f"https://h/a/b/c.jpg?{credential}", group, at=NOW)
    assert told.causes[0].mistake is Mistake.NO_KEY_VERIFIES
    assert CUT_SHORT not in told.causes[0].evidence
    assert 100 * MICROSECONDS[algorithm] < group.microseconds <= MOST_MICROSECONDS


@pytest.mark.parametrize("unit", ["*a", "?", "a", "*"])
@pytest.mark.parametrize(("url_letters", "resource_letters"), [(8_000, 4_000), (500, 500), (20, 5)])
def test_a_resource_is_not_compared_in_every_form(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    unit: str,
    url_letters: int,
    resource_letters: int,
) -> None:
    """A letter of the URL costs a step, and more for each 64 letters or so of the Resource."""
    steps = 0

    def counted(resource: str, url: str) -> bool:
        nonlocal steps
        steps += len(url) * (1 + len(resource) // 64)
        return False

    monkeypatch.setattr(rule, "resource_matches", counted)
    resource = f"https://h/{unit * (resource_letters // len(unit))}b"
    document = (CANNED % (resource, EXPIRES)).encode()
    cookies = {
        "CloudFront-Policy": to_cloudfront(document),
        "CloudFront-Signature": to_cloudfront(world.ec.sign(document)),
        "CloudFront-Key-Pair-Id": world.ec.key_pair_id,
    }
    told = explain(f"https://h/{'a' * url_letters}", world.trusted, cookies=cookies, at=NOW)
    assert told.causes[0].mistake is Mistake.RESOURCE
    assert (COMPARED_SHORT in told.causes[0].evidence) is (url_letters > 20)
    assert steps <= 200_000
    assert steps > 1_000 or url_letters == 8_000
