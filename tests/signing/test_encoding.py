"""CloudFront's base64."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from cfsign.signing.signed_policy import encode


@given(st.binary(max_size=300))
def test_encoded_text_needs_no_escapes_in_a_query(data: bytes) -> None:
    assert re.fullmatch("[A-Za-z0-9~_-]*", encode(data))


@given(st.binary(max_size=300))
def test_standard_decoder_agrees(decode_base64: Callable[[str], bytes], data: bytes) -> None:
    """CloudFront's base64 is standard base64 with three characters exchanged."""
    assert decode_base64(encode(data)) == data


def test_alphabet_is_not_that_of_rfc_4648() -> None:
    """`_` is the padding and `~` the slash; RFC 4648 has `=` and `_`."""
    data = b"\xfb\xff\xfe\xff"
    assert base64.b64encode(data) == b"+//+/w=="
    assert encode(data) == "-~~-~w__"
