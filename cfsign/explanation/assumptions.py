"""List what a verdict assumes because AWS does not document it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from cfsign.checking.verdict import Reason
from cfsign.explanation.cause import Cause, Mistake
from cfsign.explanation.context import Context
from cfsign.keys import KEY_ALGORITHMS

_BARE_QUESTION_MARK = re.compile(r"(?<!\\)\?")


def list_assumptions(context: Context, causes: tuple[Cause, ...]) -> tuple[str, ...]:
    """Return one sentence for each assumption. CloudFront may differ in all of them."""
    return tuple(_find_assumptions(context, causes))


def _find_assumptions(context: Context, causes: tuple[Cause, ...]) -> Iterator[str]:
    if context.verdict is None:
        return
    yield from (sentence for reason, sentence in _BY_REASON if reason is context.reason)
    mistakes = {cause.mistake for cause in causes if cause.reason is context.reason}
    yield from (sentence for mistake, sentence in _BY_MISTAKE if mistake in mistakes)
    yield from (sentence for applies, sentence in _BY_CONTEXT if applies(context))


_BY_REASON = (
    (Reason.UNUSABLE_REQUEST, "A URL that is not percent-encoded is refused."),
    (Reason.AMBIGUOUS_POLICY, "A request with both Expires and Policy is refused."),
    (
        Reason.DUPLICATE_PARAMETER,
        "A request that has a parameter or cookie twice is refused.",
    ),
    (Reason.HASH_ALGORITHM, "Hash-Algorithm must be spelled SHA1 or SHA256."),
)

_BY_MISTAKE = (
    (Mistake.LOST_PADDING, "Base64 without padding is refused."),
    (Mistake.LINE_BREAKS, "Base64 with white space in it is refused."),
    (Mistake.STATEMENT_OBJECT, "Statement must be an array. AWS's pages disagree."),
    (Mistake.MEMBER_UNKNOWN, "A policy with a member that AWS does not document is refused."),
    (Mistake.MEMBER_TWICE, "A policy with a member twice is refused."),
    (Mistake.NOT_JSON, "A policy must be strictly valid JSON."),
    (Mistake.QUOTED_NUMBER, "A time in quotes is refused."),
    (Mistake.NOT_EPOCH_SECONDS, "A time must be a plain whole number."),
    (Mistake.IPV6, "A policy with an address refuses clients that use IPv6."),
)


def _compares_url(context: Context) -> bool:
    return context.reason in (Reason.ALLOWED, Reason.RESOURCE_MISMATCH)


def _get_resource(context: Context) -> str:
    resource = None if context.statement is None else context.statement.resource
    return resource or ""


def _has_bare_question_mark(context: Context) -> bool:
    resource = _get_resource(context)
    return _compares_url(context) and _BARE_QUESTION_MARK.search(resource) is not None


def _has_odd_protocol(context: Context) -> bool:
    return _compares_url(context) and _get_resource(context).startswith("http*://")


def _has_odd_host(context: Context) -> bool:
    url = context.url
    return _compares_url(context) and url is not None and url.host != url.canonical_host


def _has_no_path(context: Context) -> bool:
    url = context.url
    return _compares_url(context) and url is not None and url.path in ("", "/")


def _names_sha1(context: Context) -> bool:
    return _compares_url(context) and context.credential.hash_algorithm == "SHA1"


def _is_in_last_second(context: Context) -> bool:
    statement = context.statement
    if statement is None or context.reason not in (Reason.EXPIRED, Reason.NOT_YET_VALID):
        return False
    return context.at in (statement.expires_at, statement.starts_at)


def _has_encoded_names(context: Context) -> bool:
    return "%" in "".join(piece.partition("=")[0] for piece in context.query.split("&"))


def _has_odd_key(context: Context) -> bool:
    key = context.key
    return _compares_url(context) and key is not None and key.algorithm not in KEY_ALGORITHMS


def _has_host_bits(context: Context) -> bool:
    condition = context.conditions.get("IpAddress")
    source = condition.get("AWS:SourceIp") if isinstance(condition, dict) else None
    network = None if context.statement is None else context.statement.network
    if network is None or not isinstance(source, str):
        return False
    return source.partition("/")[0] != str(network.network_address)


_BY_CONTEXT: tuple[tuple[Callable[[Context], bool], str], ...] = (
    (_has_bare_question_mark, r"A ? in Resource without a backslash can match the ? of the query."),
    (_has_odd_protocol, "Resource may start with http*://."),
    (_has_odd_host, "Upper case and a default port make no difference in a host."),
    (_has_no_path, "https://HOST and https://HOST/ are the same URL."),
    (_names_sha1, "Hash-Algorithm may name SHA1, the default."),
    (_is_in_last_second, "A policy is not valid in the exact second in which it starts or ends."),
    (_has_encoded_names, "Parameter names are percent-decoded before they are compared."),
    (_has_odd_key, "Keys other than RSA-2048 and P-256 are accepted."),
    (_has_host_bits, "An address range may have bits set after its prefix."),
)
