"""CloudFront's parameters and cookies in a request: read them, and strip them for the origin."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeAlias

from cfsign.limits import COOKIE_PREFIX, COOKIES, MAX_REQUEST_BYTES, PARAMETERS

Cookies: TypeAlias = Mapping[str, str] | Iterable[tuple[str, str]] | str
"""The cookies of a request: a mapping, pairs of name and value, or a `Cookie` header's text."""

# Sets, since each piece of a query is looked up in them; names are case-sensitive.
_PARAMETERS = frozenset(PARAMETERS)
_COOKIES = frozenset(COOKIES)
_COOKIE_SEPARATOR = re.compile(r";|,(?=[ \t]*CloudFront-)")
_PERCENT_ESCAPE = re.compile("%([0-9A-Fa-f]{2})")
_BASE64 = re.compile("[A-Za-z0-9~-]++_{0,2}")
_TO_STANDARD_BASE64 = str.maketrans("-_~", "+=/")


@dataclass(frozen=True, slots=True)
class Credential:
    """
    The CloudFront parameters or cookies of one request, percent-decoded, otherwise unchanged.

    A value that was not sent is None.

    Attributes:
        key_pair_id: The id of the key that signed, as the request states it.
        expires: The expiry of a canned policy: epoch seconds, as text.
        policy: A custom policy, in CloudFront's base64.
        signature: The signature, in CloudFront's base64.
        hash_algorithm: The name of the hash algorithm of the signature.
        has_duplicates: True if one of these was sent twice, so that its value is ambiguous.
    """

    key_pair_id: str | None
    expires: str | None
    policy: str | None = field(repr=False)
    signature: str | None = field(repr=False)
    hash_algorithm: str | None
    has_duplicates: bool


def read_credential(query: str | None, cookies: Sequence[tuple[str, str]] = ()) -> Credential:
    """Return the credential of one request; the arguments are the same as for `read_query`."""
    return read_query(query, cookies)[0]


def read_query(
    query: str | None, cookies: Sequence[tuple[str, str]] = ()
) -> tuple[Credential, str | None]:
    """
    Return the credential of one request, and the rest of its query as `strip_query` returns it.

    If the URL has any reserved parameter, its cookies are ignored (AWS, "Decide to use signed
    URLs or signed cookies").

    Args:
        query: The query of the URL as it was sent, without the "?"; None if there was no "?".
        cookies: The request's cookies, as `parse_cookies` returns them.
    """
    sent, rest = _split_query(query)
    if not sent:
        sent = [
            (name.removeprefix(COOKIE_PREFIX), _percent_decode(value))
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
    return credential, rest


def parse_cookies(cookies: object) -> list[tuple[str, str]] | None:
    """
    Return the names and values of a request's cookies, or None if no request can have them.

    Args:
        cookies: Any form of `Cookies`, or None for a request without cookies.
            Only a header or pairs can show that a cookie was sent twice.
    """
    if cookies is None:
        return []
    if isinstance(cookies, str):
        # Characters first: encoding a text that is far too long would take too much time.
        if len(cookies) > MAX_REQUEST_BYTES or _byte_length(cookies) > MAX_REQUEST_BYTES:
            return None
        return [_split_cookie(piece) for piece in _split_cookies(cookies)]
    listed = _list_items(cookies)
    pairs = [pair for pair in listed if _is_pair_of_texts(pair)]
    size = sum(_byte_length(name) + _byte_length(value) + len("=") for name, value in pairs)
    return pairs if len(pairs) == len(listed) and size <= MAX_REQUEST_BYTES else None


def strip_query(query: str | None) -> str | None:
    """
    Return the query without the reserved parameters, or None if nothing else was in it.

    The other parameters keep their bytes and their order. An empty parameter is kept, too, because
    an inserted "&" changes the URL: "&Expires=1" leaves "", and not None.
    """
    return _split_query(query)[1]


def strip_cookies(header: str) -> str:
    """Return a `Cookie` header without the CloudFront cookies, as the origin gets it."""
    pieces = _split_cookies(header)
    others = [piece for piece in pieces if _split_cookie(piece)[0] not in _COOKIES]
    return header if len(others) == len(pieces) else ";".join(others).lstrip(" \t")


def decode_base64(text: str) -> bytes | None:
    """
    Decode CloudFront's base64, or return None if *text* is not exactly that.

    Padding is required, and the unused bits of the last character must be zero, so that two texts
    never decode to the same bytes. Undocumented; this project's choice.
    """
    if len(text) % 4 or _BASE64.fullmatch(text) is None:
        return None
    standard = text.translate(_TO_STANDARD_BASE64).encode("ascii")
    content = base64.b64decode(standard)
    return content if base64.b64encode(content) == standard else None


def _split_query(query: str | None) -> tuple[list[tuple[str, str]], str | None]:
    """Return the reserved parameters, and the rest of the query."""
    reserved, others = [], []
    for piece in [] if query is None else query.split("&"):
        parameter = _split_parameter(piece)
        if parameter[0] in _PARAMETERS:
            reserved.append(parameter)
        else:
            others.append(piece)
    return reserved, "&".join(others) if others else None


def _split_parameter(piece: str) -> tuple[str, str]:
    name, _, value = piece.partition("=")
    return (_percent_decode(name), _percent_decode(value)) if "%" in piece else (name, value)


def _percent_decode(text: str) -> str:
    # A "+" stays: it means a space in HTML forms only, and CloudFront's base64 does not have it.
    return _PERCENT_ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), text)


def _split_cookies(header: str) -> list[str]:
    """
    Return the pieces of a `Cookie` header, one per cookie.

    A comma before or after a CloudFront cookie also separates: servers join several `Cookie` lines
    by commas (RFC 9110, section 5.3), and CloudFront's values have none.
    """
    pieces: list[str] = []
    for piece in _COOKIE_SEPARATOR.split(header):
        cookie, comma, rest = piece.partition(",")
        is_joined = comma and _split_cookie(cookie)[0] in _COOKIES
        pieces += [cookie, rest] if is_joined else [piece]
    return pieces


def _split_cookie(piece: str) -> tuple[str, str]:
    # RFC 6265, section 5.4: pairs are joined by "; ", and nothing in them is quoted or escaped.
    name, _, value = piece.partition("=")
    return name.strip(" \t"), value.strip(" \t")


def _list_items(cookies: object) -> list[Any]:
    """Return the pairs of a mapping or an iterable; one unusable pair if that fails."""
    try:
        pairs: Any = cookies.items() if isinstance(cookies, Mapping) else cookies
        # Each pair has at least one byte, so this also ends an endless iterable.
        return list(islice(pairs, MAX_REQUEST_BYTES + 1))
    except Exception:  # the caller's object iterates here and may raise anything
        return [None]


def _is_pair_of_texts(pair: object) -> bool:
    return (
        isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(text, str) for text in pair)
    )


def _byte_length(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
