"""A custom policy whose Resource does not cover the requested URL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from cfsign.checking.matching import ViewerURL, find_mismatch, resource_matches
from cfsign.checking.verdict import Reason
from cfsign.explanation.candidates import list_urls
from cfsign.explanation.candidates.combinations import canonicalize
from cfsign.explanation.candidates.percent_encoding import (
    ENCODE_FIRST,
    RE_ENCODED,
    SEND_UNCHANGED,
    name_difference,
)
from cfsign.explanation.cause import Cause, Mistake
from cfsign.explanation.context import Context
from cfsign.explanation.display import show_both, to_printable
from cfsign.limits import is_s3_host

# So that no request costs too much: the work of all comparisons together. One comparison is
# about the product of both lengths, since the automaton's integers grow with the Resource.
_MAX_WORK = 1_000_000
_MAX_URLS = 120
# Percent-encoding makes a text up to three times as long, and two are compared.
_MIN_LIMIT = 9
_INCOMPLETE = "the URL is so long that not all likely forms of it were compared"

_UNENCODED = re.compile(r"[^!-~]|[\"<>^`{|}]")


def check_resource(context: Context) -> Iterator[Cause]:
    """Yield the reasons why the policy's Resource does not cover the URL."""
    statement, url = context.statement, context.url
    if statement is None or url is None or statement.resource is None:
        return
    resource = statement.resource
    if context.reason is not Reason.RESOURCE_MISMATCH and resource_matches(resource, str(url)):
        return
    resource_at, url_at = find_mismatch(resource, str(url))
    evidence = show_both(resource, str(url), resource_at, url_at)
    work = (len(str(url)) + 100) * (len(resource) + 100) // 10
    limit = min(_MAX_URLS, _MAX_WORK // work)
    for candidate in islice(list_urls(url, context.hosts), limit):
        if candidate.text == resource or resource_matches(resource, candidate.text):
            message = candidate.message
            if candidate.mistake is Mistake.RE_ENCODED:
                message += name_difference(resource, resource_at, str(url), url_at)
            yield _build_cause(candidate.mistake, message, candidate.hint, evidence)
            break
    else:
        if _UNENCODED.search(resource) and "#" not in resource:
            yield _build_cause(
                Mistake.UNENCODED,
                "The Resource of the policy is not percent-encoded, so it does not match any "
                "request",
                ENCODE_FIRST,
                evidence,
            )
        elif limit >= _MIN_LIMIT:
            yield from _check_encoding(url, resource, resource_at, url_at, evidence)
    if is_s3_host(_read_host(resource)):
        yield _build_cause(
            Mistake.ORIGIN_URL,
            "The URL of the S3 bucket was signed",
            f"sign the URL that clients request, at {to_printable(url.host)}",
            evidence,
        )
    if "#" in resource:
        yield _build_cause(
            Mistake.FRAGMENT,
            "The Resource of the policy contains a #, and clients do not send what follows it",
            "sign the URL without a fragment, and write %23 for a # in a file name",
            evidence,
        )
    yield from _check_dropped_parameter(url, resource, evidence)
    yield _build_cause(
        Mistake.RESOURCE,
        f"The policy is for another URL: its Resource does not match the {_locate(url, url_at)}",
        "sign the requested URL, or a pattern that covers it",
        evidence if limit == _MAX_URLS else f"{evidence}\n{_INCOMPLETE}",
    )


def _check_encoding(
    url: ViewerURL, resource: str, resource_at: int, url_at: int, evidence: str
) -> Iterator[Cause]:
    """Yield a cause if the Resource covers the URL once both are in the same encoding."""
    location, mark, query = resource.replace("\\?", "?").partition("?")
    protocol, separator, rest = location.partition("://")
    host, slash, path = rest.partition("/")
    same = f"{protocol}{separator}{host}{slash}{canonicalize(path)}{mark}{canonicalize(query)}"
    requested = replace(
        url,
        path=canonicalize(url.path),
        query=None if url.query is None else canonicalize(url.query),
    )
    if resource_matches(same, str(requested)):
        difference = name_difference(resource, resource_at, str(url), url_at)
        yield _build_cause(
            Mistake.RE_ENCODED,
            f"{RE_ENCODED}{difference}",
            SEND_UNCHANGED,
            evidence,
        )


def _read_host(resource: str) -> str:
    return re.split("[/?]", resource.partition("://")[2], maxsplit=1)[0]


def _build_cause(mistake: Mistake, message: str, hint: str, evidence: str) -> Cause:
    return Cause(mistake, Reason.RESOURCE_MISMATCH, message, hint, evidence)


def _check_dropped_parameter(url: ViewerURL, resource: str, evidence: str) -> Iterator[Cause]:
    """Yield a cause if a query parameter of the Resource is missing in the URL."""
    path, mark, query = resource.replace("\\?", "?").partition("?")
    signed, sent = query.split("&"), (url.query or "").split("&")
    dropped = [piece for piece in signed[:64] if piece.strip("*") and piece not in sent]
    bare_url = f"{url.scheme}://{url.host}{url.path}"
    if not mark or not dropped or "*" in dropped[0] or not resource_matches(path, bare_url):
        return
    if [piece for piece in signed if piece in sent] == [piece for piece in sent if piece]:
        yield _build_cause(
            Mistake.PARAMETER_DROPPED,
            "A signed parameter is missing from the request: "
            f"{to_printable(dropped[0].partition('=')[0], 30)}",
            "send the URL unchanged. Something on the way, such as a redirect, removes it",
            evidence,
        )


def _locate(url: ViewerURL, at: int) -> str:
    """Return the name of the part of the URL at this position."""
    text = str(url)
    if at < len(url.scheme) + len("://"):
        return "protocol"
    if at < text.find("/", len(url.scheme) + len("://")):
        return "host"
    return "query" if "?" in text and at >= text.index("?") else "path"
