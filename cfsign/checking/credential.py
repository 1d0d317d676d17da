"""The credential that a viewer sends, in the URL or in cookies: reading it, and taking it out."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeAlias

Cookies: TypeAlias = Mapping[str, str] | Iterable[tuple[str, str]] | str
"""The cookies of a request: a mapping, pairs of name and value, or a `Cookie` header's text."""

# AWS, "Decide to use signed URLs or signed cookies": the reserved parameters.
_PARAMETERS = frozenset({"Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"})
# AWS, "Set signed cookies using a custom policy"; the names are case-sensitive.
_COOKIE_PREFIX = "CloudFront-"
_COOKIES = frozenset(_COOKIE_PREFIX + name for name in _PARAMETERS)

# AWS, "Quotas": the length of a whole request.
_MAX_COOKIE_BYTES = 20_480

_PERCENT_ESCAPE = re.compile("%([0-9A-Fa-f]{2})")
_BASE64 = re.compile("[A-Za-z0-9~-]++_{0,2}")
_TO_STANDARD_BASE64 = str.maketrans("-_~", "+=/")


@dataclass(frozen=True, slots=True)
class Credential:
    """
    What a viewer sent to show that a URL was signed: percent-decoded, otherwise untouched.

    A value that was not sent is None.

    Attributes:
        key_pair_id: The id of the key that is said to have signed.
        expires: The expiry of a canned policy: epoch seconds, as text.
        policy: A custom policy, in CloudFront's base64.
        signature: The signature, in CloudFront's base64.
        hash_algorithm: The name of the hash under the signature.
        has_duplicates: Whether any of these was sent twice, and so has no one reading.
    """

    key_pair_id: str | None
    expires: str | None
    policy: str | None = field(repr=False)
    signature: str | None = field(repr=False)
    hash_algorithm: str | None
    has_duplicates: bool


def read_credential(query: str | None, cookies: Sequence[tuple[str, str]] = ()) -> Credential:
    """Read the credential of one request, as `read_query` does."""
    return read_query(query, cookies)[0]


def read_query(
    query: str | None, cookies: Sequence[tuple[str, str]] = ()
) -> tuple[Credential, str | None]:
    """
    Read the credential of one request, and what is left of its query.

    Any reserved parameter in the URL makes it a signed URL, and its cookies are then ignored
    (AWS, "Decide to use signed URLs or signed cookies").

    Args:
        query: The query of the URL as it was sent, without the "?", or None.
        cookies: The request's cookies, as `cookie_pairs` returns them.

    Returns:
        The credential; and the query without the reserved parameters, as `own_query` has it.
    """
    sent, kept = _parted(query)
    if not sent:
        sent = [
            (name.removeprefix(_COOKIE_PREFIX), _percent_decoded(value))
            for name, value in cookies
            if name in _COOKIES
        ]
    values = dict(sent)
    credential = Credential(
        key_pair_id=values.get("Key-Pair-Id"),
        expires=values.get("Expires"),
        policy=values.get("Policy"),
        signature=values.get("Signature"),
        hash_algorithm=values.get("Hash-Algorithm"),
        has_duplicates=len(values) < len(sent),
    )
    return credential, kept


def cookie_pairs(cookies: object) -> list[tuple[str, str]] | None:
    """
    Return the names and values of a request's cookies, or None where no request sends these.

    Args:
        cookies: Any form of `Cookies`, or None for a request without.
            Only a header or pairs can show that a cookie was sent twice.
    """
    if cookies is None:
        return []
    if isinstance(cookies, str):
        return _header_pairs(cookies) if _fits(cookies) else None
    found = _listed(cookies)
    pairs = [pair for pair in found if _is_pair_of_texts(pair)]
    size = sum(_byte_length(name) + _byte_length(value) + len("=") for name, value in pairs)
    return pairs if len(pairs) == len(found) and size <= _MAX_COOKIE_BYTES else None


def own_query(query: str | None) -> str | None:
    """
    Return the query without the reserved parameters, or None when nothing else was in it.

    The other parameters stay as they are, byte for byte and in their order. An empty one counts:
    the "" of "&Expires=1" is the site's own, so that no inserted "&" goes unnoticed.
    """
    return _parted(query)[1]


def strip_query(query: str) -> str:
    """Return the query as the origin sees it: without the reserved parameters."""
    return own_query(query) or ""


def strip_cookies(header: str) -> str:
    """Return a `Cookie` header as the origin sees it: without the CloudFront cookies."""
    pieces = header.split(";")
    kept = [piece for piece in pieces if _cookie_name_and_value(piece)[0] not in _COOKIES]
    return header if len(kept) == len(pieces) else ";".join(kept).lstrip(" \t")


def decoded(text: str) -> bytes | None:
    """
    Decode CloudFront's base64, or return None where it is not that to the letter.

    Padding is required and the unused bits of the last letter must be zero, so that no two texts
    decode to the same bytes. Undocumented; this project's choice.
    """
    if len(text) % 4 or _BASE64.fullmatch(text) is None:
        return None
    standard = text.translate(_TO_STANDARD_BASE64).encode("ascii")
    content = base64.b64decode(standard)
    return content if base64.b64encode(content) == standard else None


def _parted(query: str | None) -> tuple[list[tuple[str, str]], str | None]:
    """Return the reserved parameters, and the rest of the query."""
    sent, kept = [], []
    for piece in [] if query is None else query.split("&"):
        parameter = _name_and_value(piece)
        if parameter[0] in _PARAMETERS:
            sent.append(parameter)
        else:
            kept.append(piece)
    return sent, "&".join(kept) if kept else None


def _name_and_value(piece: str) -> tuple[str, str]:
    name, _, value = piece.partition("=")
    return (_percent_decoded(name), _percent_decoded(value)) if "%" in piece else (name, value)


def _percent_decoded(text: str) -> str:
    # A "+" stays: it is a space in HTML forms alone, and here it is a letter that base64 forbids.
    return _PERCENT_ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), text)


def _cookie_name_and_value(piece: str) -> tuple[str, str]:
    # RFC 6265, section 5.4: pairs are joined by "; ", and nothing in them is quoted or escaped.
    name, _, value = piece.partition("=")
    return name.strip(" \t"), value.strip(" \t")


def _fits(header: str) -> bool:
    # Letters first: to encode what has far too many would be a load.
    return len(header) <= _MAX_COOKIE_BYTES and _byte_length(header) <= _MAX_COOKIE_BYTES


def _header_pairs(header: str) -> list[tuple[str, str]]:
    return [_cookie_name_and_value(piece) for piece in header.split(";")]


def _listed(cookies: object) -> list[Any]:
    """List the pairs of any other form; what cannot be listed counts as one unusable pair."""
    try:
        pairs: Any = cookies.items() if isinstance(cookies, Mapping) else cookies
        # Each pair takes a byte at least, so that even an endless iterable is cut off in time.
        return list(islice(pairs, _MAX_COOKIE_BYTES + 1))
    except Exception:  # The caller's own object iterates here, and may raise anything.
        return [None]


def _is_pair_of_texts(pair: object) -> bool:
    return (
        isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(text, str) for text in pair)
    )


def _byte_length(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
