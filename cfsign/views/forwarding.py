"""What of the viewer's own query goes into the signed URL."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import parse_qsl, quote, urlencode

from cfsign.errors import ResourceError


def forwarded(query_string: str | bytes, names: Iterable[str]) -> str:
    """
    Return the parameters of *names*: the viewer's own bytes, in the spelling of `encode_path`.

    Args:
        query_string: The request's own query, as it came: ASGI's bytes, or WSGI's text, in which a
            character stands for a byte (PEP 3333).
        names: The names of the parameters that are forwarded.

    Raises:
        ResourceError: The query is text of other characters.
    """
    # A character a byte, so that what is not UTF-8 comes through too.
    text = query_string if isinstance(query_string, str) else query_string.decode("latin-1")
    wanted = {name.encode() for name in names}
    try:
        pairs = [
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in parse_qsl(text, keep_blank_values=True, encoding="latin-1")
        ]
    except UnicodeEncodeError:
        raise ResourceError("a query is bytes, or text with a character a byte") from None
    return urlencode([pair for pair in pairs if pair[0] in wanted], quote_via=quote)
