"""The parameters of a request's query that are copied into the signed URL."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import parse_qsl

from cfsign.errors import ResourceError
from cfsign.limits import MAX_URL_BYTES
from cfsign.signing.encoding import encode_parameters


def select_parameters(query_string: str | bytes, names: Iterable[str]) -> str:
    """
    Return the parameters of *query_string* with these *names*, percent-encoded.

    Raises:
        ResourceError: The query is longer than a URL may be, has characters that are not bytes, or
            has one of *names* twice: `authorize` may have looked at the other value.
    """
    if len(query_string) > MAX_URL_BYTES:  # parsing takes long
        raise ResourceError(
            f"the query string is {len(query_string)} bytes long, more than {MAX_URL_BYTES}"
        )
    # Latin-1 maps each byte to one character, so values that are not UTF-8 are kept.
    text = query_string if isinstance(query_string, str) else query_string.decode("latin-1")
    wanted = {name.encode() for name in names}
    try:
        pairs = [
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in parse_qsl(text, keep_blank_values=True, encoding="latin-1")
        ]
    except UnicodeEncodeError:
        raise ResourceError("the query string has characters that are not bytes") from None
    selected = [pair for pair in pairs if pair[0] in wanted]
    if len(dict(selected)) < len(selected):
        raise ResourceError("a forwarded parameter is given twice")
    return encode_parameters(selected)
