"""The URL percent-encoded in another way."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import quote, unquote

from cfsign.checking.matching import ViewerURL
from cfsign.explanation.candidates.candidate import Candidate, Candidates
from cfsign.explanation.cause import Mistake

_ESCAPE = re.compile("%[0-9A-Fa-f]{2}")
# What cannot go on the wire as it is: white space, quotes, brackets and all outside ASCII.
_UNSENDABLE = re.compile("(?:%(?:2[02]|3[CEce]|5[CEce]|60|7[B-Db-d]|[89A-Fa-f][0-9A-Fa-f]))+")
_NON_ASCII = re.compile("(?:%[89A-Fa-f][0-9A-Fa-f])+")

_MAX_ESCAPES = 1_000

# What one library encodes and another does not; "/" and "?" may stand in a query as they are.
_DISPUTED_IN_PATH = "=,:@;$()!*[]&+"
_DISPUTED_IN_QUERY = "/?:@,;$()!*[]"


def encoding_readings(url: ViewerURL) -> Candidates:
    """Give the URL as libraries and browsers encode it; none where it is full of escapes."""
    if url.path.count("%") + (url.query or "").count("%") > _MAX_ESCAPES:
        return
    for mistake, rewrite, message, hint in _REWRITINGS:
        for text in _rewritten_parts(url, rewrite):
            yield Candidate(text, mistake, message, hint)
    for letter in dict.fromkeys(_DISPUTED_IN_PATH + _DISPUTED_IN_QUERY):
        yield from _disputed(url, letter)
    for text in _rewritten_parts(url, _as_javascript, _as_python, unquote):
        yield Candidate(text, Mistake.RE_ENCODED, _RE_ENCODED, _SEND_UNCHANGED)


def _disputed(url: ViewerURL, letter: str) -> Candidates:
    escape = f"%{ord(letter):02X}"
    message = (
        f"The URL was encoded anew after it was signed: {letter} and {escape} are not the same"
    )
    parts = []
    if letter in _DISPUTED_IN_PATH:
        parts.append((replace(url, path=_exchanged(url.path, letter, escape)), url.path))
    if letter in _DISPUTED_IN_QUERY and url.query is not None:
        parts.append((replace(url, query=_exchanged(url.query, letter, escape)), url.query))
    for changed, _ in parts:
        yield Candidate(str(changed), Mistake.RE_ENCODED, message, _SEND_UNCHANGED)


def _exchanged(text: str, letter: str, escape: str) -> str:
    if letter in text:
        return text.replace(letter, escape)
    return text.replace(escape, letter).replace(escape.lower(), letter)


def _rewritten_parts(url: ViewerURL, *rewrites: Callable[[str], str]) -> Iterator[str]:
    """Give *url* with path and query rewritten, then with one of the two."""
    for rewrite in rewrites:
        path, query = rewrite(url.path), None if url.query is None else rewrite(url.query)
        yield str(replace(url, path=path, query=query))
        if url.query is not None:
            yield str(replace(url, query=query))
            yield str(replace(url, path=path))


def _upper(text: str) -> str:
    return _ESCAPE.sub(lambda found: found[0].upper(), text)


def _lower(text: str) -> str:
    return _ESCAPE.sub(lambda found: found[0].lower(), text)


def _exchange(*pairs: tuple[str, str]) -> Callable[[str], str]:
    def rewrite(text: str) -> str:
        for was, becomes in pairs:
            text = text.replace(was, becomes)
        return text

    return rewrite


def _decode_non_ascii(text: str) -> str:
    return _NON_ASCII.sub(lambda found: unquote(found[0]), text)


def _decode_unsendable(text: str) -> str:
    return _UNSENDABLE.sub(lambda found: unquote(found[0]), text)


def _as_javascript(text: str) -> str:
    return quote(unquote(text), safe="/!'()*~=&")  # as encodeURIComponent, but for delimiters


def _as_python(text: str) -> str:
    return quote(unquote(text), safe="/=&")


_SEND_UNCHANGED = "sign the URL as it goes on the wire, and send just that"
_RE_ENCODED = "The URL was encoded anew after it was signed"
_UNENCODED = "It was signed before it was percent-encoded: a space or a letter outside ASCII"
_PLUS = (
    "+ and %20 were exchanged after signing; CloudFront compares bytes, and they are not the same"
)
_APOSTROPHE = "An apostrophe was signed in one form and is requested in another: ' and %27"
_TILDE = "A tilde was signed in one form and is requested in another: ~ and %7E"
_HEX_CASE = (
    "The escapes were signed in one letter case and are requested in another, as %c3 and %C3"
)
_TWICE = "The URL was percent-encoded twice, once after it was signed"
_NOT_YET = "The URL was percent-encoded twice before it was signed"
_ENCODE_FIRST = "percent-encode the URL first, then sign it; Distribution.sign_path(path) does both"

_REWRITINGS: tuple[tuple[Mistake, Callable[[str], str], str, str], ...] = (
    (Mistake.HEX_CASE, _upper, _HEX_CASE, "write escapes in capitals, before signing"),
    (Mistake.HEX_CASE, _lower, _HEX_CASE, "write escapes in capitals, before signing"),
    (Mistake.PLUS_OR_SPACE, _exchange(("+", "%20")), _PLUS, _SEND_UNCHANGED),
    (Mistake.PLUS_OR_SPACE, _exchange(("%20", "+")), _PLUS, _SEND_UNCHANGED),
    (Mistake.PLUS_OR_SPACE, _exchange(("+", "%2B")), _PLUS.replace("%20", "%2B"), _SEND_UNCHANGED),
    (Mistake.PLUS_OR_SPACE, _exchange(("%2B", "+")), _PLUS.replace("%20", "%2B"), _SEND_UNCHANGED),
    (Mistake.PLUS_OR_SPACE, _exchange(("+", " ")), _PLUS, _SEND_UNCHANGED),
    (Mistake.APOSTROPHE, _exchange(("%27", "'")), _APOSTROPHE, "write it as %27, before signing"),
    (Mistake.APOSTROPHE, _exchange(("'", "%27")), _APOSTROPHE, "write it as %27, before signing"),
    (Mistake.TILDE, _exchange(("%7E", "~"), ("%7e", "~")), _TILDE, "write it as ~, before signing"),
    (Mistake.TILDE, _exchange(("~", "%7E")), _TILDE, "write it as ~, before signing"),
    (Mistake.ENCODED_TWICE, _exchange(("%25", "%")), _TWICE, _SEND_UNCHANGED),
    (Mistake.ENCODED_TWICE, _exchange(("%", "%25")), _NOT_YET, _SEND_UNCHANGED),
    (Mistake.UNENCODED, _exchange(("%20", " ")), _UNENCODED, _ENCODE_FIRST),
    (Mistake.UNENCODED, _decode_non_ascii, _UNENCODED, _ENCODE_FIRST),
    (Mistake.UNENCODED, _decode_unsendable, _UNENCODED, _ENCODE_FIRST),
)
