"""
No false comfort: one byte changed anywhere in a signed URL or in signed cookies, and none is let
through that the signature does not cover.

Each byte is left out, doubled, and changed in each of its bits. A few sets are tried here, and
1,000 by `nox -s mutations`.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest

from cfsign import Policy, Signer, TrustedKeyGroup, explain
from tests.explanation.makers import EXPIRES, NOW, World

SETS = int(os.environ.get("CFSIGN_MUTATED", "4"))
EXPLAINED = 12

LETTERS = "ABYZabyz0189-_~!$&'()+,;=:@/"
HOST = "media.example.com"


def one_byte_away(text: str) -> Iterator[str]:
    for at, letter in enumerate(text):
        yield text[:at] + text[at + 1 :]
        yield text[:at] + letter + text[at:]
        for bit in range(8):
            yield text[:at] + chr(ord(letter) ^ 1 << bit) + text[at + 1 :]


def some_url(chance: random.Random) -> str:
    path = "".join(chance.choices(LETTERS, k=chance.randint(1, 12)))
    query = chance.choice(["", "?size=large", "?a=1&b=%20", "?k"])
    return f"https://{HOST}/x{path}.jpg{query}"


def signers(world: World) -> list[Signer]:
    return [Signer(key.key_pair_id, key.pem.decode()) for key in (world.rsa, world.ec)]


def without_parameters(url: str) -> tuple[str, list[str]]:
    """Take the reserved parameters out, by hand."""
    base, _, query = url.partition("?")
    pieces = query.split("&") if "?" in url else []
    names = ("Expires=", "Policy=", "Signature=", "Key-Pair-Id=", "Hash-Algorithm=")
    own = [piece for piece in pieces if not piece.startswith(names)]
    reserved = [piece for piece in pieces if piece.startswith(names)]
    return base + ("?" + "&".join(own) if own else ""), reserved


def is_same_but_for_the_hosts_case(one: str, other: str) -> bool:
    end = len("https://") + len(HOST)
    return one[:end].lower() == other[:end].lower() and one[end:] == other[end:]


@pytest.mark.parametrize("number", range(SETS))
def test_a_signed_url(world: World, number: int) -> None:
    """Canned and custom, RSA and P-256; a wildcard's own letters may change, and no others."""
    chance = random.Random(number)
    url = some_url(chance)
    signer = signers(world)[number % 2]
    resource = f"https://{HOST}/x*" if number % 4 == 3 else None
    address = "192.0.2.0/24" if number % 3 == 0 else None
    signed = signer.sign(Policy(resource or url, EXPIRES, ip_address=address)).url(url)
    assert allowed(world.trusted, signed)
    for changed in one_byte_away(signed):
        if not allowed(world.trusted, changed):
            continue
        base, reserved = without_parameters(changed)
        assert reserved == without_parameters(signed)[1]
        if resource is None:
            assert is_same_but_for_the_hosts_case(base, url)
        else:
            assert base.lower().startswith(f"https://{HOST}/x")


@pytest.mark.parametrize("number", range(SETS))
def test_signed_cookies(world: World, number: int) -> None:
    """Only white space between cookies, and cookies that are not CloudFront's, may change."""
    chance = random.Random(number)
    url = some_url(chance)
    resource = f"https://{HOST}/x*" if number % 3 else url
    cookies = signers(world)[number % 2].sign(Policy(resource, EXPIRES)).cookies()
    header = "; ".join(f"{name}={value}" for name, value in {"id": "7", **cookies}.items())
    assert world.trusted.check(url, cookies=header, at=NOW)
    for changed in one_byte_away(header):
        if world.trusted.check(url, cookies=changed, at=NOW):
            pairs = [piece.strip(" \t").partition("=") for piece in changed.split(";")]
            kept = {name.strip(" \t"): value.strip(" \t") for name, _, value in pairs}
            assert {name: kept.get(name) for name in cookies} == dict(cookies)


@pytest.mark.parametrize("number", range(min(SETS, 4)))
def test_explain_agrees(world: World, number: int) -> None:
    """And names a cause of each refusal."""
    chance = random.Random(number)
    signed = _signed(signers(world)[number % 2], some_url(chance))
    for changed in chance.sample(list(one_byte_away(signed)), EXPLAINED):
        told = explain(changed, world.trusted, at=NOW, viewer_ip="192.0.2.7")
        assert told.allowed is allowed(world.trusted, changed)
        assert told.allowed or told.causes
        assert not explain(changed, at=NOW)


def allowed(trusted: TrustedKeyGroup, url: str) -> bool:
    return trusted.check(url, at=NOW, viewer_ip="192.0.2.7").allowed


def _signed(signer: Signer, url: str) -> str:
    return signer.sign(Policy(url, EXPIRES)).url(url)
