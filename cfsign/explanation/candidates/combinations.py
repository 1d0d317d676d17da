"""The URL with several characters in another encoding at once, as its signer wrote them."""

from __future__ import annotations

import itertools
import math
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal
from urllib.parse import quote, unquote

from cfsign.checking.matching import ViewerURL
from cfsign.explanation.candidates.candidate import Candidate, Candidates
from cfsign.explanation.candidates.percent_encoding import (
    ENCODE_FIRST,
    RE_ENCODED,
    SEND_UNCHANGED,
    UNENCODED,
    decode_non_ascii,
    escapes_to_lower,
    replace_all,
)
from cfsign.explanation.cause import Mistake

# Characters that some signers encode and others do not. Those in one text change together.
_GROUPS = ("=", '"', "'", "()", ",", ":", ";", "@", "[]", "!", "$", "&", "*", "?", "~", "<>^`{|}\\")
# No signer needs to encode these, but some encode everything except letters and digits.
_UNRESERVED = ("_", ".", "-")
_SPACES = ("%20", "+", "%2B", " ")
# What encoders leave, besides letters, digits and "-._~": Python, Go, JavaScript and browsers.
_SAFE = ("", "$&+=:@", "!'()*", "!$&'()*+,=:;@[]|^")
# Encoding a text takes time, so long URLs are not encoded as a whole.
_MAX_LENGTH = 512
# Not valid in a URL, so a signer that did not encode them signed too early.
_UNSENDABLE = '"<>^`{|}\\ '
_QUOTED = re.compile("%22.*%22")
# A "&" before a piece without "=" may have been part of a value.
_NOT_A_DELIMITER = re.compile("&(?=[^=&]*+(?:&|$))")
_MAX_GROUPS = 12


@dataclass(frozen=True, slots=True)
class _Change:
    """
    One way to rewrite a part of the URL.

    Attributes:
        is_in_path: True for the path, False for the query.
        rewrite: The function that rewrites that part.
        is_unencoded: True if the result is not a valid URL.
    """

    is_in_path: bool
    rewrite: Callable[[str], str]
    is_unencoded: bool = False


def combine_encodings(url: ViewerURL) -> Candidates:
    """
    Yield the URL with one or more groups of characters in other encodings.

    Few changes and many changes come first: most signers write a URL almost as it is requested,
    or encode everything that the client does not.
    """
    if len(str(url)) <= _MAX_LENGTH:
        yield from _encode_again(url)
    groups = [
        *_list_changes(url.path, is_in_path=True),
        *_list_changes(url.query or "", is_in_path=False),
    ][:_MAX_GROUPS]
    for size in _order_sizes(len(groups)):
        for chosen in itertools.combinations(groups, size):
            for changes in itertools.product(*chosen):
                yield _build_candidate(url, changes)


def _encode_again(url: ViewerURL) -> Candidates:
    """Yield the URL as other encoders write it, each with its spaces and escapes in two forms."""
    names = [unquote(name) for name in url.path.split("/")]
    pieces = [piece.partition("=") for piece in (url.query or "").split("&")]
    values = [(unquote(name), mark, unquote(value)) for name, mark, value in pieces]
    for safe, space, is_lower in itertools.product(_SAFE, ("%20", "+"), (False, True)):
        encode = partial(_encode_text, safe=safe, space=space, is_lower=is_lower)
        path = "/".join(map(encode, names))
        encoded = "&".join(encode(name) + mark + encode(value) for name, mark, value in values)
        query = None if url.query is None else encoded
        for changed in (
            replace(url, path=path, query=query),
            replace(url, query=query),
            replace(url, path=path),
        ):
            yield Candidate(str(changed), Mistake.RE_ENCODED, RE_ENCODED, SEND_UNCHANGED)


def _encode_text(text: str, safe: str, space: str, is_lower: bool) -> str:
    encoded = quote(text, safe=safe, errors="replace")
    return (escapes_to_lower(encoded) if is_lower else encoded).replace("%20", space)


def _order_sizes(count: int) -> Iterator[int]:
    """Yield 1, *count*, 2, *count* - 1 and so on."""
    for size in range(1, math.ceil(count / 2) + 1):
        yield from dict.fromkeys((size, count + 1 - size))


def _build_candidate(url: ViewerURL, changes: Sequence[_Change]) -> Candidate:
    path, query = url.path, url.query
    for change in changes:
        if change.is_in_path:
            path = change.rewrite(path)
        else:
            query = change.rewrite(query or "")
    is_unencoded = any(change.is_unencoded for change in changes)
    return Candidate(
        str(replace(url, path=path, query=query)),
        Mistake.UNENCODED if is_unencoded else Mistake.RE_ENCODED,
        UNENCODED if is_unencoded else RE_ENCODED,
        ENCODE_FIRST if is_unencoded else SEND_UNCHANGED,
    )


def _list_changes(text: str, *, is_in_path: bool) -> Iterator[list[_Change]]:
    """Yield the possible changes of each group of characters in *text*, a path or a query."""
    spaces = [
        _Change(is_in_path, rewrite, new == " ")
        for old, new in itertools.permutations(_SPACES, 2)
        if old in text
        for rewrite in (replace_all((old, new)),)
    ]
    if spaces:
        yield spaces
    for group in _GROUPS:
        yield from _list_group(text, group, is_in_path)
    if "%" in text:
        yield from _list_other(text, is_in_path)
    # "/" is a delimiter in a path: only those after the first can be encoded.
    yield from _list_group(text[1:] if is_in_path else text, "/", is_in_path)
    for character in _UNRESERVED:
        yield from _list_group(text, character, is_in_path)


def _list_group(text: str, group: str, is_in_path: bool) -> Iterator[list[_Change]]:
    """Yield the changes between a group's characters and their escapes, if there are any."""
    pairs = [(character, f"%{ord(character):02X}") for character in group]
    upper = text.upper()
    changes = []
    escaped = [pair for pair in pairs if pair[1] in upper]
    if escaped:
        decode = replace_all(*((form, c) for c, e in escaped for form in (e, e.lower())))
        is_unencoded = group[0] in _UNSENDABLE
        changes.append(_Change(is_in_path, decode, is_unencoded))
        if group == '"':
            changes.append(_Change(is_in_path, _decode_quoted, is_unencoded=True))
    encode = partial(_encode, group=group, is_in_path=is_in_path)
    if encode(text) != text:
        changes.append(_Change(is_in_path, encode))
    if changes:
        yield changes


def _decode_quoted(text: str) -> str:
    """Decode a quoted text, such as a file name that was put between encoded text."""
    return _QUOTED.sub(lambda match: unquote(match[0]), text)


def _encode(text: str, group: str, is_in_path: bool) -> str:
    """Encode a group's characters, except where they are delimiters."""
    first, rest = (text[:1], text[1:]) if is_in_path else ("", text)
    for character in group:
        escape = f"%{ord(character):02X}"
        if not is_in_path and character == "&":
            rest = _NOT_A_DELIMITER.sub(escape, rest)
        elif not is_in_path and character == "=":
            pieces = [piece.partition("=") for piece in rest.split("&")]
            rest = "&".join(n + mark + value.replace("=", escape) for n, mark, value in pieces)
        else:
            rest = rest.replace(character, escape)
    return first + rest


def _list_other(text: str, is_in_path: bool) -> Iterator[list[_Change]]:
    """Yield the changes of non-ASCII characters, and the letter case of all escapes."""
    decoded = decode_non_ascii(text)
    if decoded != text:
        changes = [_Change(is_in_path, decode_non_ascii, True)]
        forms: tuple[Literal["NFC", "NFD"], ...] = ("NFC", "NFD")
        for form in forms:
            if _normalize(text, form) != text:
                normalize = partial(_normalize, form=form)
                changes.append(_Change(is_in_path, normalize))
        yield changes
    if escapes_to_lower(text) != text:
        yield [_Change(is_in_path, escapes_to_lower)]


def _normalize(text: str, form: Literal["NFC", "NFD"]) -> str:
    """Return *text* with its letters composed (NFC) or decomposed (NFD), as macOS names files."""
    normalized = unicodedata.normalize(form, decode_non_ascii(text))
    return "".join(c if c.isascii() else quote(c) for c in normalized)


def canonicalize(text: str) -> str:
    """
    Return a path or query in one percent-encoding, for comparison.

    `*` and `?` stay apart from their escapes, since they are wildcards in a Resource. `+`, `%2B`
    and `%20` are the same.
    """
    plain = text.replace("%2A", "%252A").replace("%2a", "%252A")
    plain = plain.replace("%3F", "%253F").replace("%3f", "%253F").replace("+", " ")
    plain = unquote(plain, errors="surrogateescape").replace("+", " ")
    plain = unicodedata.normalize("NFC", plain)
    return quote(plain, safe="/*?=&", errors="surrogateescape")
