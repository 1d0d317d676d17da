"""Tests of RSA keys whose numbers are inconsistent."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from pyasn1.codec.der import decoder, encoder
from pyasn1.type import univ

from cfsign import SigningKeyError, load_private_key
from tests.keys.helpers import body_of, sign

# The members of RFC 8017's RSAPrivateKey, in order.
MEMBERS = ["version", "n", "e", "d", "p", "q", "exp1", "exp2", "coef"]


def replace_member(pkcs1_pem: str, index: int, change: Callable[[int], int]) -> str:
    sequence, _ = decoder.decode(base64.b64decode(body_of(pkcs1_pem)))
    numbers = univ.Sequence()
    for position in range(len(MEMBERS)):
        number = int(sequence[position])
        numbers[position] = univ.Integer(change(number) if position == index else number)
    body = base64.encodebytes(encoder.encode(numbers)).decode()
    return f"-----BEGIN RSA PRIVATE KEY-----\n{body}-----END RSA PRIVATE KEY-----\n"


def test_reencoded_key_loads(backend: str, pkcs1_pem: str) -> None:
    """The encoder of these tests writes valid keys."""
    same = replace_member(pkcs1_pem, 0, lambda number: number)
    assert sign(load_private_key(same, backend=backend)) == sign(
        load_private_key(pkcs1_pem, backend=backend)
    )


CHANGES: dict[str, Callable[[int], int]] = {
    "plus 2": lambda number: number + 2,
    "bit 16": lambda number: number ^ (1 << 16),
    "negative": lambda number: -number - 1,
    "one": lambda number: 1,
}


@pytest.mark.parametrize("member", MEMBERS[1:])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_inconsistent_numbers_are_an_error(
    backend: str, pkcs1_pem: str, member: str, change: Callable[[int], int]
) -> None:
    """Wrong signatures of such a key could reveal its factors."""
    corrupted = replace_member(pkcs1_pem, MEMBERS.index(member), change)
    with pytest.raises(SigningKeyError, match=r"damaged; copy it again|2048 bits"):
        load_private_key(corrupted, backend=backend)


@pytest.mark.parametrize("change", CHANGES)
def test_wrong_version_is_an_error(backend: str, pkcs1_pem: str, change: str) -> None:
    """Also if the backend's own parser ignores it."""
    damaged = replace_member(pkcs1_pem, MEMBERS.index("version"), CHANGES[change])
    with pytest.raises(SigningKeyError, match="damaged; copy it again"):
        load_private_key(damaged, backend=backend)


def test_zero_in_any_number_is_an_error(backend: str, pkcs1_pem: str) -> None:
    """Nothing divides by zero."""
    for index in range(1, len(MEMBERS)):
        with pytest.raises(SigningKeyError):
            load_private_key(replace_member(pkcs1_pem, index, lambda number: 0), backend=backend)
