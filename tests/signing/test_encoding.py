"""CloudFront's base64, against the standard library's and against bad text."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfsign import PolicyError
from cfsign.signing.encoding import decode, encode


@given(st.binary(max_size=300))
def test_decodes_what_it_encoded(data: bytes) -> None:
    """Any bytes survive the way there and back, in letters that a query leaves alone."""
    text = encode(data)
    assert re.fullmatch("[A-Za-z0-9~_-]*", text)
    assert decode(text) == data


@given(st.binary(max_size=300))
def test_a_decoder_that_is_not_ours_agrees(
    from_cloudfront: Callable[[str], bytes], data: bytes
) -> None:
    """Standard base64 with three letters exchanged is all that it is."""
    assert from_cloudfront(encode(data)) == data


def test_it_is_not_rfc_4648s_alphabet() -> None:
    """`_` is the padding and `~` the slash, where RFC 4648 has `=` and `_`."""
    data = b"\xfb\xff\xfe\xff"
    assert base64.b64encode(data) == b"+//+/w=="
    assert encode(data) == "-~~-~w__"


@pytest.mark.parametrize(
    "text",
    [
        "YQ==",
        "Y+Q_",
        "Y/Q_",
        "YQ",
        "YQ_",
        "Y",
        "YQ__\n",
        " YQ__",
        "YQ__YQ__",
        "YÄ__",
        "Y\0__",
        "Y%",
    ],
)
def test_refuses_what_is_not_cloudfronts_base64(text: str) -> None:
    """The standard's own letters, missing padding and stray characters are refused."""
    with pytest.raises(PolicyError, match="alphabet is A-Z a-z 0-9 - ~, padded with _"):
        decode(text)
