"""CloudFront's base64, against the standard library's and against bad text."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from cfsign.signing.signed_policy import encode


@given(st.binary(max_size=300))
def test_decodes_what_it_encoded(data: bytes) -> None:
    """Any bytes survive the way there and back, in letters that a query leaves alone."""
    assert re.fullmatch("[A-Za-z0-9~_-]*", encode(data))


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
