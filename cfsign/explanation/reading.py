"""The other URLs that may have been signed in place of the one requested."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, permutations
from urllib.parse import parse_qsl, quote, unquote, urlencode

from cfsign.explanation.cause import Mistake
from cfsign.explanation.display import shown
from cfsign.matching import ViewerURL

_ESCAPE = re.compile("%[0-9A-Fa-f]{2}")
# What cannot go on the wire as it is: white space, quotes, brackets and all outside ASCII.
_UNSENDABLE = re.compile("(?:%(?:2[02]|3[CEce]|5[CEce]|60|7[B-Db-d]|[89A-Fa-f][0-9A-Fa-f]))+")
_NON_ASCII = re.compile("(?:%[89A-Fa-f][0-9A-Fa-f])+")

# A URL of more parameters, or of a deeper path, is tried with the first of them alone.
_MAX_PARAMETERS = 12
_MAX_PERMUTED = 4
_MAX_FOLDERS = 8
_MAX_ESCAPES = 1_000
_MAX_PAIRS = 200

# What one library encodes and another does not; "/" and "?" may stand in a query as they are.
_DISPUTED_IN_PATH = "=,:@;$()!*[]&+"
_DISPUTED_IN_QUERY = "/?:@,;$()!*[]"

_PORTS = {"http": ":80", "https": ":443"}
_PORT = re.compile(":[0-9]+$")
_THIS_MACHINE = ("127.0.0.1", "localhost", "[::1]")
_OTHER_SCHEME = {"http": "https", "https": "http"}


@dataclass(frozen=True, slots=True)
class Reading:
    """
    A URL that may have been signed, and the mistake that it then was.

    Attributes:
        text: The URL.
        mistake: Which mistake.
        finding: What is wrong, as a sentence without its full stop.
        mend: What to do, as the rest of that sentence.
    """

    text: str
    mistake: Mistake
    finding: str
    mend: str


Readings = Iterator[Reading]


def url_readings(url: ViewerURL, hosts: Sequence[str]) -> Readings:
    """Give the other URLs that may have been signed for *url*, the likeliest first."""
    yield from _schemes(url)
    yield from _hosts(url, hosts)
    yield from _queries(url)
    yield from _encodings(url)
    yield from _rewritten_queries(url)
    yield from _paths(url)


def wildcard_readings(url: ViewerURL) -> Readings:
    """Give the patterns that someone may have signed where only one URL can be."""
    finding = "A canned policy was signed for a pattern with a *, which it takes to the letter"
    mend = (
        "sign a custom policy for the pattern, or the one URL: "
        "sign_url(url, resource=...) makes a custom policy"
    )
    for scheme in (url.scheme, _OTHER_SCHEME[url.scheme], "http*", "*"):
        base = f"{scheme}://{url.host}"
        for folder in _folders(url.path):
            yield Reading(f"{base}{folder}*", Mistake.WILDCARD_IN_CANNED, finding, mend)
    whole = str(url)
    for pattern in (f"{whole}*", f"{whole}?*", f"{url.scheme}://*", "*"):
        yield Reading(pattern, Mistake.WILDCARD_IN_CANNED, finding, mend)


def _folders(path: str) -> list[str]:
    """Return the folders that hold *path*, the deepest first, then the host alone."""
    ends = [at + 1 for at, letter in enumerate(path) if letter == "/"]
    return [path[:end] for end in reversed(ends[:_MAX_FOLDERS])] or ["/"]


def _schemes(url: ViewerURL) -> Readings:
    other = _OTHER_SCHEME[url.scheme]
    finding = f"It was signed for {other}:// and is requested over {url.scheme}://"
    mend = (
        f"sign the {url.scheme}:// URL, or let the viewer use {other}://, with no redirect between"
    )
    yield Reading(str(replace(url, scheme=other)), Mistake.SCHEME, finding, mend)


def _hosts(url: ViewerURL, hosts: Sequence[str]) -> Readings:
    for host in (*hosts, *_kindred_hosts(url.host)):
        for scheme in (url.scheme, _OTHER_SCHEME[url.scheme]):
            yield Reading(
                str(replace(url, host=host, scheme=scheme)),
                Mistake.HOST,
                f"It was signed for the host {shown(host)} and is requested from {shown(url.host)}",
                f"sign the host that the viewer uses, {shown(url.host)}",
            )
    bare, _ = _split_port(url.host)
    for host in _other_ports(url):
        finding = f"It was signed for {shown(host)} and is requested from {shown(url.host)}"
        mend = "sign the URL with the port just as the viewer has it"
        yield Reading(str(replace(url, host=host)), Mistake.PORT, finding, mend)
    target = str(replace(url, scheme="", host=""))[len("://") :]
    origins = (f"{bare}.s3.amazonaws.com", f"s3.amazonaws.com/{bare}")
    for origin in origins:
        finding = "It was signed for the URL of the S3 bucket"
        mend = f"sign the URL that the viewer requests, at {shown(url.host)}"
        yield Reading(f"{url.scheme}://{origin}{target}", Mistake.ORIGIN_URL, finding, mend)
    for text in (target, target.removeprefix("/"), f"{url.host}{target}", f"//{url.host}{target}"):
        finding = "Only a part of the URL was signed, not its scheme and host"
        mend = "sign the whole URL, from https:// on"
        yield Reading(text, Mistake.RELATIVE_URL, finding, mend)


def _kindred_hosts(host: str) -> list[str]:
    bare, port = _split_port(host)
    if bare in _THIS_MACHINE:
        return [f"{other}{port}" for other in _THIS_MACHINE if other != bare]
    if host.startswith("www."):
        return [host.removeprefix("www.")]
    return [f"www.{host}"]


def _other_ports(url: ViewerURL) -> list[str]:
    bare, port = _split_port(url.host)
    return [bare] if port else [f"{bare}{_PORTS[url.scheme]}"]


def _split_port(host: str) -> tuple[str, str]:
    """Return *host* without its port, and the port with its colon, or ""."""
    port = _PORT.search(host)
    return (host[: port.start()], port[0]) if port else (host, "")


def _queries(url: ViewerURL) -> Readings:
    if url.query is None:
        finding = 'It was signed with a "?" at its end, which is not requested'
        mend = 'sign a URL without a query without its "?"'
        yield Reading(f"{url}?", Mistake.QUERY_REWRITTEN, finding, mend)
        return
    for scheme in (url.scheme, _OTHER_SCHEME[url.scheme]):
        yield Reading(
            str(replace(url, query=None, scheme=scheme)),
            Mistake.WITHOUT_QUERY,
            "It was signed without its query",
            "put your own parameters into the URL before you sign it",
        )
    pieces = url.query.split("&")
    yield from _without_some(url, pieces)
    yield from _in_other_order(url, pieces)


def _without_some(url: ViewerURL, pieces: Sequence[str]) -> Readings:
    """Give *url* without one of its parameters, then without the last ones from each on."""
    some = range(min(len(pieces), _MAX_PARAMETERS))
    spans = [(at, at + 1) for at in some] + [(at, len(pieces)) for at in some if at]
    for start, end in spans:
        kept = [*pieces[:start], *pieces[end:]]
        added = pieces[start : min(end, start + 3)]
        names = ", ".join(shown(piece.partition("=")[0], 30) for piece in added)
        finding = f"A parameter was added after signing: {names or 'an empty one'}"
        mend = "add it before you sign, or sign a custom policy whose Resource ends in *"
        yield Reading(_with_query(url, "&".join(kept)), Mistake.PARAMETER_ADDED, finding, mend)


def _in_other_order(url: ViewerURL, pieces: Sequence[str]) -> Readings:
    orders = [sorted(pieces), list(reversed(pieces))]
    if len(pieces) <= _MAX_PERMUTED:
        orders += map(list, permutations(pieces))
    orders += [[*pieces[at:], *pieces[:at]] for at in range(1, min(len(pieces), _MAX_PARAMETERS))]
    finding = "The query's parameters were signed in another order"
    mend = "sign the URL with its parameters in the order in which they are requested"
    for order in orders:
        yield Reading(
            _with_query(url, "&".join(order)), Mistake.PARAMETERS_REORDERED, finding, mend
        )


def _rewritten_queries(url: ViewerURL) -> Readings:
    if url.query is None:
        return
    finding = "The query was written anew after it was signed: blank or repeated parameters changed"
    mend = "sign the URL just as it is requested, and send it unchanged"
    for query in _rewritten(url.query, url.query.split("&")):
        yield Reading(_with_query(url, query), Mistake.QUERY_REWRITTEN, finding, mend)


def _rewritten(query: str, pieces: Sequence[str]) -> Iterator[str]:
    yield ""
    yield "&".join(piece for piece in pieces if piece)
    yield "&".join(piece if "=" in piece else f"{piece}=" for piece in pieces)
    yield "&".join(piece.removesuffix("=") for piece in pieces)
    yield "&".join([piece for piece in pieces if piece.partition("=")[2]])
    if len(pieces) <= _MAX_PAIRS:
        pairs = parse_qsl(query, keep_blank_values=True, encoding="latin-1")
        yield urlencode(pairs, encoding="latin-1")
        yield urlencode(dict(pairs), encoding="latin-1")


def _encodings(url: ViewerURL) -> Readings:
    if url.path.count("%") + (url.query or "").count("%") > _MAX_ESCAPES:
        return
    for mistake, rewrite, finding, mend in _REWRITINGS:
        for text in _rewritten_parts(url, rewrite):
            yield Reading(text, mistake, finding, mend)
    for letter in dict.fromkeys(_DISPUTED_IN_PATH + _DISPUTED_IN_QUERY):
        yield from _disputed(url, letter)
    for text in _rewritten_parts(url, _as_javascript, _as_python, unquote):
        yield Reading(text, Mistake.RE_ENCODED, _RE_ENCODED, _SEND_UNCHANGED)


def _disputed(url: ViewerURL, letter: str) -> Readings:
    escape = f"%{ord(letter):02X}"
    finding = (
        f"The URL was encoded anew after it was signed: {letter} and {escape} are not the same"
    )
    parts = []
    if letter in _DISPUTED_IN_PATH:
        parts.append((replace(url, path=_exchanged(url.path, letter, escape)), url.path))
    if letter in _DISPUTED_IN_QUERY and url.query is not None:
        parts.append((replace(url, query=_exchanged(url.query, letter, escape)), url.query))
    for changed, _ in parts:
        yield Reading(str(changed), Mistake.RE_ENCODED, finding, _SEND_UNCHANGED)


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
_ENCODE_FIRST = "percent-encode the URL first, then sign it; Distribution.sign(path) does both"

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


def _paths(url: ViewerURL) -> Readings:
    finding = 'A "/" at the end was signed and is not requested, or the other way about'
    mend = "sign the path just as it is requested"
    path = url.path.removesuffix("/") if url.path.endswith("/") else f"{url.path}/"
    yield Reading(str(replace(url, path=path)), Mistake.TRAILING_SLASH, finding, mend)
    index = f"{url.path}index.html" if url.path.endswith("/") else None
    others = (
        index,
        url.path.removesuffix("index.html"),
        re.sub("/{2,}", "/", url.path),
        f"/{url.path}",
        url.path.lower(),
    )
    finding = "Another path was signed than the one requested"
    for other in others:
        if other is not None:
            yield Reading(str(replace(url, path=other)), Mistake.PATH_REWRITTEN, finding, mend)


def _with_query(url: ViewerURL, query: str) -> str:
    return str(replace(url, query=query or None))


def tried(readings: Readings, already: Sequence[str], limit: int) -> Readings:
    """Give the first *limit* of them, each URL once and none of *already*."""
    seen = set(already)

    def is_new(reading: Reading) -> bool:
        if reading.text in seen:
            return False
        seen.add(reading.text)
        return True

    return islice(filter(is_new, readings), limit)
