"""The URL with another percent-encoding."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import quote, unquote

from cfsign.checking.matching import ViewerURL
from cfsign.explanation.candidates.candidate import Candidate, Candidates
from cfsign.explanation.cause import Mistake

_ESCAPE = re.compile("%[0-9A-Fa-f]{2}")
# What is not valid in a URL: white space, quotes, brackets and everything non-ASCII. Browsers
# leave \ ^ ` { | } in a query, and ^ and | in a path (WHATWG, "URL", 1.3). Other clients encode.
_UNSENDABLE = re.compile("(?:%(?:2[02]|3[CEce]|5[CEce]|60|7[B-Db-d]|[89A-Fa-f][0-9A-Fa-f]))+")
_TOKEN = re.compile("%[0-9A-Fa-f]{2}|[!-~]")
_NON_ASCII = re.compile("(?:%[89A-Fa-f][0-9A-Fa-f])+")

_MAX_ESCAPES = 1_000

# Characters that some libraries encode and others do not.
_DISPUTED_IN_PATH = "=,:@;$()!*[]&+"
_DISPUTED_IN_QUERY = "/?:@,;$()!*[]"

SEND_UNCHANGED = "sign the URL exactly as it is sent, and send it unchanged"
RE_ENCODED = "The percent-encoding of the URL changed after signing"


def vary_encoding(url: ViewerURL) -> Candidates:
    """Yield the URL as libraries and browsers encode it; nothing if it has too many escapes."""
    if url.path.count("%") + (url.query or "").count("%") > _MAX_ESCAPES:
        return
    for mistake, rewrite, message, hint in _REWRITINGS:
        for text in _rewrite_parts(url, rewrite):
            yield Candidate(text, mistake, message, hint)
    for character in dict.fromkeys(_DISPUTED_IN_PATH + _DISPUTED_IN_QUERY):
        yield from _swap_disputed(url, character)
    for rewrite in (_encode_like_javascript, _encode_like_python, _encode_like_cfsign, unquote):
        for text in _rewrite_parts(url, rewrite):
            yield Candidate(text, Mistake.RE_ENCODED, RE_ENCODED, SEND_UNCHANGED)


def _swap_disputed(url: ViewerURL, character: str) -> Candidates:
    escape = f"%{ord(character):02X}"
    changed = []
    if character in _DISPUTED_IN_PATH:
        changed.append(replace(url, path=_swap(url.path, character, escape)))
    if character in _DISPUTED_IN_QUERY and url.query is not None:
        changed.append(replace(url, query=_swap(url.query, character, escape)))
    for other in changed:
        yield Candidate(str(other), Mistake.RE_ENCODED, RE_ENCODED, SEND_UNCHANGED)


def _swap(text: str, character: str, escape: str) -> str:
    if character in text:
        return text.replace(character, escape)
    return text.replace(escape, character).replace(escape.lower(), character)


def _rewrite_parts(url: ViewerURL, rewrite: Callable[[str], str]) -> Iterator[str]:
    """Yield *url* with both path and query rewritten, then with only one of them."""
    path, query = rewrite(url.path), None if url.query is None else rewrite(url.query)
    yield str(replace(url, path=path, query=query))
    if url.query is not None:
        yield str(replace(url, query=query))
        yield str(replace(url, path=path))


def replace_all(*pairs: tuple[str, str]) -> Callable[[str], str]:
    """Return a function that replaces each old text by its new one, in this order."""

    def rewrite(text: str) -> str:
        for old, new in pairs:
            text = text.replace(old, new)
        return text

    return rewrite


def _escapes_to_upper(text: str) -> str:
    return _ESCAPE.sub(lambda match: match[0].upper(), text)


def escapes_to_lower(text: str) -> str:
    """Return *text* with its escapes in lower case."""
    return _ESCAPE.sub(lambda match: match[0].lower(), text)


def decode_non_ascii(text: str) -> str:
    """Return *text* with the escapes of other characters than ASCII decoded."""
    return _NON_ASCII.sub(lambda match: unquote(match[0]), text)


def _decode_unsendable(text: str) -> str:
    return _UNSENDABLE.sub(lambda match: unquote(match[0]), text)


def _encode_like_javascript(text: str) -> str:
    return quote(unquote(text), safe="/!'()*~=&")  # encodeURIComponent, except for delimiters


def _encode_like_python(text: str) -> str:
    return quote(unquote(text), safe="/=&")


def _encode_like_cfsign(text: str) -> str:
    return quote(unquote(text), safe="/!$&'(),=:@")  # Distribution


_PLUS = "+ and %20 were swapped after signing, and CloudFront compares bytes"
_PLUS_ENCODED = "+ and %2B were swapped after signing, and CloudFront compares bytes"
_APOSTROPHE = "An apostrophe was signed in one form and requested in another: ' and %27"
_WRITE_APOSTROPHE = "write it as %27 before signing"
_TILDE = "A tilde was signed in one form and requested in another: ~ and %7E"
_WRITE_TILDE = "write it as ~ before signing"
_HEX_CASE = "Escapes such as %c3 and %C3 were signed in one letter case and requested in the other"
_WRITE_UPPER = "write escapes in upper case before signing"
_TWICE = "The URL was percent-encoded a second time after it was signed"
_TOO_EARLY = "The URL was percent-encoded twice before it was signed"
UNENCODED = "The URL was signed before its special characters were percent-encoded"
ENCODE_FIRST = "percent-encode the URL first, then sign it. Distribution.sign_path(path) does both"

_REWRITINGS: tuple[tuple[Mistake, Callable[[str], str], str, str], ...] = (
    (Mistake.HEX_CASE, _escapes_to_upper, _HEX_CASE, _WRITE_UPPER),
    (Mistake.HEX_CASE, escapes_to_lower, _HEX_CASE, _WRITE_UPPER),
    (Mistake.PLUS_OR_SPACE, replace_all(("+", "%20")), _PLUS, SEND_UNCHANGED),
    (Mistake.PLUS_OR_SPACE, replace_all(("%20", "+")), _PLUS, SEND_UNCHANGED),
    (Mistake.PLUS_OR_SPACE, replace_all(("+", "%2B")), _PLUS_ENCODED, SEND_UNCHANGED),
    (Mistake.PLUS_OR_SPACE, replace_all(("%2B", "+")), _PLUS_ENCODED, SEND_UNCHANGED),
    (Mistake.PLUS_OR_SPACE, replace_all(("+", " ")), _PLUS, SEND_UNCHANGED),
    (Mistake.APOSTROPHE, replace_all(("%27", "'")), _APOSTROPHE, _WRITE_APOSTROPHE),
    (Mistake.APOSTROPHE, replace_all(("'", "%27")), _APOSTROPHE, _WRITE_APOSTROPHE),
    (Mistake.TILDE, replace_all(("%7E", "~"), ("%7e", "~")), _TILDE, _WRITE_TILDE),
    (Mistake.TILDE, replace_all(("~", "%7E")), _TILDE, _WRITE_TILDE),
    (Mistake.ENCODED_TWICE, replace_all(("%25", "%")), _TWICE, SEND_UNCHANGED),
    (Mistake.ENCODED_TWICE, replace_all(("%", "%25")), _TOO_EARLY, SEND_UNCHANGED),
    (Mistake.UNENCODED, replace_all(("%20", " ")), UNENCODED, ENCODE_FIRST),
    (Mistake.UNENCODED, decode_non_ascii, UNENCODED, ENCODE_FIRST),
    (Mistake.UNENCODED, _decode_unsendable, UNENCODED, ENCODE_FIRST),
)


def name_difference(signed: str, signed_at: int, requested: str, requested_at: int) -> str:
    """Return the end of a message that names the two forms of a character, or ""."""
    one, other = _read_token(signed, signed_at), _read_token(requested, requested_at)
    if not one or _decode(one) != _decode(other):
        return ""
    return f": to CloudFront, {one} and {other} are different"


def _read_token(text: str, at: int) -> str:
    """Return the character or the escape at this position, or ""."""
    start = text.rfind("%", max(0, at - 2), at + 1)
    token = _TOKEN.match(text, start if start >= 0 else at)
    return token[0] if token else ""


def _decode(character: str) -> str:
    return " " if character == "+" else unquote(character, encoding="latin-1")
