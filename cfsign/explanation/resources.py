"""A custom policy whose Resource does not cover the URL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from cfsign.checking.matching import ViewerURL, find_mismatch, resource_matches
from cfsign.checking.verdict import Reason
from cfsign.explanation.candidates import url_readings
from cfsign.explanation.cause import Cause, Mistake
from cfsign.explanation.context import Case
from cfsign.explanation.display import beside, shown

# So that no request is a load: what all comparisons together may go through.
_MAX_WORK = 1_000_000
_MAX_READINGS = 120
_CUT_SHORT = (
    "not every likely form of the URL was compared: it is so long that this would be a load"
)

_UNSENDABLE = re.compile(r"[^!-~]|[\"<>^`{|}]")


def find_in_resources(case: Case) -> Iterator[Cause]:
    """Find why the policy's Resource does not cover the URL, and show the two beside each other."""
    statement, url = case.statement, case.url
    if statement is None or url is None or statement.resource is None:
        return
    resource = statement.resource
    if case.reason is not Reason.RESOURCE_MISMATCH and resource_matches(resource, str(url)):
        return
    at = find_mismatch(resource, str(url))
    evidence = beside(resource, str(url), *at)
    limit = _readings_to_compare(resource, str(url))
    yield from _by_reading(case, url, resource, limit, evidence)
    yield from _by_query(url, resource, evidence)
    if _UNSENDABLE.search(resource):
        yield _cause(
            Mistake.UNENCODED,
            "The Resource of the policy is not percent-encoded, and no viewer requests such a URL",
            "percent-encode the URL first, then sign it; Distribution.sign_path(path) does both",
            evidence,
        )
    yield _cause(
        Mistake.RESOURCE,
        f"The policy is for another URL: its Resource does not cover the {_section(url, at[1])}",
        "sign the URL that is requested, or a pattern that covers it",
        evidence if limit == _MAX_READINGS else f"{evidence}\n{_CUT_SHORT}",
    )


def _readings_to_compare(resource: str, url: str) -> int:
    work = (len(url) + 100) * (len(resource) + 100) // 10
    return min(_MAX_READINGS, _MAX_WORK // work)


def _cause(mistake: Mistake, message: str, hint: str, evidence: str) -> Cause:
    return Cause(mistake, Reason.RESOURCE_MISMATCH, message, hint, evidence)


def _by_reading(
    case: Case, url: ViewerURL, resource: str, limit: int, evidence: str
) -> Iterator[Cause]:
    """Name the first way of writing the URL that the Resource would cover."""
    for reading in islice(url_readings(url, case.hosts), limit):
        if reading.text == resource or resource_matches(resource, reading.text):
            yield _cause(reading.mistake, reading.message, reading.hint, evidence)
            return


def _by_query(url: ViewerURL, resource: str, evidence: str) -> Iterator[Cause]:
    """Name a parameter that the Resource has and the URL has not."""
    path, mark, query = resource.replace("\\?", "?").partition("?")
    sent = (url.query or "").split("&")
    missing = [piece for piece in query.split("&")[:64] if piece.strip("*") and piece not in sent]
    if not mark or not missing or "*" in missing[0] or not resource_matches(path, _bare(url)):
        return
    kept = [piece for piece in query.split("&") if piece in sent]
    if kept != [piece for piece in sent if piece]:
        return
    yield _cause(
        Mistake.PARAMETER_DROPPED,
        f"A parameter that was signed is not requested: {shown(missing[0].partition('=')[0], 30)}",
        "send the URL unchanged; something on its way drops parameters, such as a redirect",
        evidence,
    )


def _bare(url: ViewerURL) -> str:
    return f"{url.scheme}://{url.host}{url.path}"


def _section(url: ViewerURL, at: int) -> str:
    text = str(url)
    if at < len(url.scheme) + len("://"):
        return "protocol"
    if at < text.find("/", len(url.scheme) + len("://")):
        return "host"
    return "query" if "?" in text and at >= text.index("?") else "path"
