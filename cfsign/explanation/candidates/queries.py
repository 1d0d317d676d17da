"""The URL with its query parameters added, removed, reordered or rewritten."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import permutations
from urllib.parse import parse_qsl, urlencode

from cfsign.checking.matching import ViewerURL
from cfsign.explanation.candidates.candidate import OTHER_SCHEME, Candidate, Candidates
from cfsign.explanation.cause import Mistake
from cfsign.explanation.display import to_printable

# Of a longer query, only the first parameters are varied.
_MAX_PARAMETERS = 12
_MAX_PERMUTED = 4
_MAX_PAIRS = 200


def vary_query(url: ViewerURL) -> Candidates:
    """Yield the URL without its query, without some parameters, and in another order."""
    if url.query is None:
        message = 'The URL was signed with a "?" at its end and is requested without it'
        hint = 'if the URL has no query, sign it without the "?"'
        yield Candidate(f"{url}?", Mistake.QUERY_REWRITTEN, message, hint)
        return
    for scheme in (url.scheme, OTHER_SCHEME[url.scheme]):
        yield Candidate(
            str(replace(url, query=None, scheme=scheme)),
            Mistake.WITHOUT_QUERY,
            "The URL was signed without its query",
            "add your own parameters to the URL before you sign it",
        )
    pieces = url.query.split("&")
    yield from _remove_parameters(url, pieces)
    yield from _reorder_parameters(url, pieces)


def _remove_parameters(url: ViewerURL, pieces: Sequence[str]) -> Candidates:
    """Yield *url* without one of its parameters, then without the last ones."""
    starts = range(min(len(pieces), _MAX_PARAMETERS))
    spans = [(at, at + 1) for at in starts] + [(at, len(pieces)) for at in starts if at]
    for start, end in spans:
        added = pieces[start : min(end, start + 3)]
        names = ", ".join(to_printable(piece.partition("=")[0], 30) for piece in added)
        yield Candidate(
            _replace_query(url, "&".join([*pieces[:start], *pieces[end:]])),
            Mistake.PARAMETER_ADDED,
            f"A parameter was added after signing: {names or 'an empty one'}",
            "add it before you sign, or sign a custom policy whose Resource ends in *",
        )


def _reorder_parameters(url: ViewerURL, pieces: Sequence[str]) -> Candidates:
    orders = [sorted(pieces), list(reversed(pieces))]
    if len(pieces) <= _MAX_PERMUTED:
        orders += map(list, permutations(pieces))
    orders += [[*pieces[at:], *pieces[:at]] for at in range(1, min(len(pieces), _MAX_PARAMETERS))]
    message = "The query parameters were signed in another order"
    hint = "sign the parameters in the order in which they are requested"
    for order in orders:
        changed = _replace_query(url, "&".join(order))
        yield Candidate(changed, Mistake.PARAMETERS_REORDERED, message, hint)


def rewrite_query(url: ViewerURL) -> Candidates:
    """Yield the URL with its query as libraries write it after parsing."""
    if url.query is None:
        return
    message = "The query was rewritten after signing: blank or repeated parameters changed"
    hint = "sign the URL exactly as it is requested, and send it unchanged"
    for query in _list_rewritten(url.query, url.query.split("&")):
        yield Candidate(_replace_query(url, query), Mistake.QUERY_REWRITTEN, message, hint)


def _list_rewritten(query: str, pieces: Sequence[str]) -> Iterator[str]:
    yield ""
    yield f"{query}&"
    yield "&".join(piece for piece in pieces if piece)
    yield "&".join(piece if "=" in piece else f"{piece}=" for piece in pieces)
    yield "&".join(piece.removesuffix("=") for piece in pieces)
    yield "&".join([piece for piece in pieces if piece.partition("=")[2]])
    if len(pieces) <= _MAX_PAIRS:
        pairs = parse_qsl(query, keep_blank_values=True, encoding="latin-1")
        yield urlencode(pairs, encoding="latin-1")
        yield urlencode(dict(pairs), encoding="latin-1")


def _replace_query(url: ViewerURL, query: str) -> str:
    return str(replace(url, query=query or None))
