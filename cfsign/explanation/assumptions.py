"""Where the verdict rests on what AWS does not document, and CloudFront may differ."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from cfsign.checking.verdict import Reason
from cfsign.explanation.cause import Cause, Mistake
from cfsign.explanation.context import Case
from cfsign.keys import KEY_ALGORITHMS

_BARE_MARK = re.compile(r"(?<!\\)\?")

Note = tuple[Callable[[Case], bool], str]


def list_assumptions(case: Case, causes: tuple[Cause, ...]) -> tuple[str, ...]:
    """Return a sentence for each such thing; "CloudFront may differ" is understood of all."""
    return tuple(_notes(case, causes))


def _notes(case: Case, causes: tuple[Cause, ...]) -> Iterator[str]:
    if case.verdict is None:
        return
    yield from (note for reason, note in _BY_REASON if reason is case.reason)
    mistakes = {cause.mistake for cause in causes if cause.reason is case.reason}
    yield from (note for mistake, note in _BY_MISTAKE if mistake in mistakes)
    yield from (note for applies, note in _BY_CASE if applies(case))


_BY_REASON = (
    (Reason.UNUSABLE_REQUEST, "What becomes of a URL that is not percent-encoded."),
    (Reason.AMBIGUOUS_POLICY, "Which of Expires and Policy counts where both are sent."),
    (Reason.DUPLICATE_PARAMETER, "Which of two equal parameters or cookies counts."),
    (Reason.HASH_ALGORITHM, "Which spellings of Hash-Algorithm are taken, besides SHA256."),
)

_BY_MISTAKE = (
    (Mistake.LOST_PADDING, "Whether base64 may lack its padding."),
    (Mistake.LINE_BREAKS, "Whether base64 may have white space in it."),
    (Mistake.STATEMENT_OBJECT, "Whether Statement may be an object: AWS's pages disagree."),
    (Mistake.MEMBER_UNKNOWN, "What becomes of a member that the documents do not name."),
    (Mistake.MEMBER_TWICE, "What becomes of a member that is there twice."),
    (Mistake.NOT_JSON, "How strictly the policy's JSON is read."),
    (Mistake.QUOTED_NUMBER, "Whether a time may be in quotes."),
    (Mistake.NOT_EPOCH_SECONDS, "Which other ways of writing a number are taken."),
    (Mistake.IPV6, "What becomes of an IPv6 viewer where the policy names an address."),
)


def _resource(case: Case) -> str:
    resource = None if case.statement is None else case.statement.resource
    return resource or ""


def _compares(case: Case) -> bool:
    return case.reason in (Reason.ALLOWED, Reason.RESOURCE_MISMATCH)


def _has_bare_mark(case: Case) -> bool:
    return _compares(case) and _BARE_MARK.search(_resource(case)) is not None


def _has_odd_protocol(case: Case) -> bool:
    return _compares(case) and _resource(case).startswith("http*://")


def _has_odd_host(case: Case) -> bool:
    url = case.url
    return _compares(case) and url is not None and url.host != url.canonical_host


def _has_no_path(case: Case) -> bool:
    return _compares(case) and case.url is not None and case.url.path in ("", "/")


def _names_sha1(case: Case) -> bool:
    return _compares(case) and case.credential.hash_algorithm == "SHA1"


def _is_on_the_second(case: Case) -> bool:
    statement = case.statement
    if statement is None or case.reason not in (Reason.EXPIRED, Reason.NOT_YET_VALID):
        return False
    return case.at in (statement.expires_at, statement.starts_at)


def _has_encoded_names(case: Case) -> bool:
    query = "" if case.sent is None or case.sent.query is None else case.sent.query
    return "%" in "".join(piece.partition("=")[0] for piece in query.split("&"))


def _has_odd_key(case: Case) -> bool:
    key = case.keys.get(case.credential.key_pair_id or "")
    return _compares(case) and key is not None and key.algorithm not in KEY_ALGORITHMS


def _has_host_bits(case: Case) -> bool:
    condition = case.conditions.get("IpAddress")
    source = condition.get("AWS:SourceIp") if isinstance(condition, dict) else None
    network = None if case.statement is None else case.statement.network
    if network is None or not isinstance(source, str):
        return False
    return source.partition("/")[0] != str(network.network_address)


_BY_CASE: tuple[Note, ...] = (
    (_has_bare_mark, r"Whether a ? in a Resource that is not written \? may begin the query."),
    (_has_odd_protocol, "Whether a Resource may begin with http*://."),
    (_has_odd_host, "Whether a host in capitals, or with its default port, is the same host."),
    (_has_no_path, "Whether https://HOST and https://HOST/ are the same."),
    (_names_sha1, "Whether Hash-Algorithm may name SHA1, the default."),
    (_is_on_the_second, "What holds in the very second of a start or an end."),
    (_has_encoded_names, "Whether names of parameters are percent-decoded before they are read."),
    (_has_odd_key, "What becomes of a key that is neither RSA-2048 nor P-256."),
    (_has_host_bits, "Whether an address range may have bits set beyond its prefix."),
)
