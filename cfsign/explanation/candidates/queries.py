"""The query with something added, dropped, moved or written anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import permutations
from urllib.parse import parse_qsl, urlencode

from cfsign.checking.matching import ViewerURL
from cfsign.explanation.candidates.candidate import OTHER_SCHEME, Reading, Readings
from cfsign.explanation.cause import Mistake
from cfsign.explanation.display import shown

# A URL of more parameters is tried with the first of them alone.
_MAX_PARAMETERS = 12
_MAX_PERMUTED = 4
_MAX_PAIRS = 200


def query_readings(url: ViewerURL) -> Readings:
    """Give the URL without its query, without parts of it, and in another order."""
    if url.query is None:
        finding = 'It was signed with a "?" at its end, which is not requested'
        mend = 'sign a URL without a query without its "?"'
        yield Reading(f"{url}?", Mistake.QUERY_REWRITTEN, finding, mend)
        return
    for scheme in (url.scheme, OTHER_SCHEME[url.scheme]):
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


def rewritten_query_readings(url: ViewerURL) -> Readings:
    """Give the URL with its query as libraries write it that have parsed it."""
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


def _with_query(url: ViewerURL, query: str) -> str:
    return str(replace(url, query=query or None))
