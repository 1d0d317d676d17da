"""The query with something added, dropped, moved or written anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import permutations
from urllib.parse import parse_qsl, urlencode

from cfsign.checking.matching import ViewerURL
from cfsign.explanation.candidates.candidate import OTHER_SCHEME, Candidate, Candidates
from cfsign.explanation.cause import Mistake
from cfsign.explanation.display import shown

# A URL of more parameters is tried with the first of them alone.
_MAX_PARAMETERS = 12
_MAX_PERMUTED = 4
_MAX_PAIRS = 200


def query_readings(url: ViewerURL) -> Candidates:
    """Give the URL without its query, without parts of it, and in another order."""
    if url.query is None:
        message = 'It was signed with a "?" at its end, which is not requested'
        hint = 'sign a URL without a query without its "?"'
        yield Candidate(f"{url}?", Mistake.QUERY_REWRITTEN, message, hint)
        return
    for scheme in (url.scheme, OTHER_SCHEME[url.scheme]):
        yield Candidate(
            str(replace(url, query=None, scheme=scheme)),
            Mistake.WITHOUT_QUERY,
            "It was signed without its query",
            "put your own parameters into the URL before you sign it",
        )
    pieces = url.query.split("&")
    yield from _without_some(url, pieces)
    yield from _in_other_order(url, pieces)


def _without_some(url: ViewerURL, pieces: Sequence[str]) -> Candidates:
    """Give *url* without one of its parameters, then without the last ones from each on."""
    some = range(min(len(pieces), _MAX_PARAMETERS))
    spans = [(at, at + 1) for at in some] + [(at, len(pieces)) for at in some if at]
    for start, end in spans:
        kept = [*pieces[:start], *pieces[end:]]
        added = pieces[start : min(end, start + 3)]
        names = ", ".join(shown(piece.partition("=")[0], 30) for piece in added)
        message = f"A parameter was added after signing: {names or 'an empty one'}"
        hint = "add it before you sign, or sign a custom policy whose Resource ends in *"
        yield Candidate(_with_query(url, "&".join(kept)), Mistake.PARAMETER_ADDED, message, hint)


def _in_other_order(url: ViewerURL, pieces: Sequence[str]) -> Candidates:
    orders = [sorted(pieces), list(reversed(pieces))]
    if len(pieces) <= _MAX_PERMUTED:
        orders += map(list, permutations(pieces))
    orders += [[*pieces[at:], *pieces[:at]] for at in range(1, min(len(pieces), _MAX_PARAMETERS))]
    message = "The query's parameters were signed in another order"
    hint = "sign the URL with its parameters in the order in which they are requested"
    for order in orders:
        yield Candidate(
            _with_query(url, "&".join(order)), Mistake.PARAMETERS_REORDERED, message, hint
        )


def rewritten_query_readings(url: ViewerURL) -> Candidates:
    """Give the URL with its query as libraries write it that have parsed it."""
    if url.query is None:
        return
    message = "The query was written anew after it was signed: blank or repeated parameters changed"
    hint = "sign the URL just as it is requested, and send it unchanged"
    for query in _rewritten(url.query, url.query.split("&")):
        yield Candidate(_with_query(url, query), Mistake.QUERY_REWRITTEN, message, hint)


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
