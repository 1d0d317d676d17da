"""List what a verdict assumes because AWS does not document it."""

from __future__ import annotations

from collections.abc import Iterator

from cfsign.checking.verdict import Reason
from cfsign.explanation.cause import Cause, Mistake
from cfsign.explanation.context import Context
from cfsign.keys import KEY_ALGORITHMS
from cfsign.limits import LATEST_32_BIT_EXPIRY

_BY_REASON = {
    Reason.UNUSABLE_REQUEST: "A URL that is not percent-encoded is refused.",
    Reason.AMBIGUOUS_POLICY: "A request with both Expires and Policy is refused.",
    Reason.DUPLICATE_PARAMETER: "A request that has a parameter or cookie twice is refused.",
    Reason.HASH_ALGORITHM: "Hash-Algorithm must be spelled SHA1 or SHA256.",
}

_BY_MISTAKE = {
    Mistake.LOST_PADDING: "Base64 without padding is refused.",
    Mistake.LINE_BREAKS: "Base64 with white space in it is refused.",
    Mistake.STATEMENT_OBJECT: "Statement must be an array. AWS's pages disagree.",
    Mistake.MEMBER_UNKNOWN: "A policy with a member that AWS does not document is refused.",
    Mistake.MEMBER_TWICE: "A policy with a member twice is refused.",
    Mistake.NOT_JSON: "A policy must be strictly valid JSON.",
    Mistake.QUOTED_NUMBER: "A time in quotes is refused.",
    Mistake.NOT_EPOCH_SECONDS: "A time must be a plain whole number.",
    Mistake.IPV6: "A policy with an address refuses clients that use IPv6.",
}


def list_assumptions(context: Context, causes: tuple[Cause, ...]) -> tuple[str, ...]:
    """Return one sentence for each assumption. CloudFront may differ in all of them."""
    if context.verdict is None:
        return ()
    mistakes = {cause.mistake for cause in causes if cause.reason is context.reason}
    sentences = [_BY_REASON[context.reason]] if context.reason in _BY_REASON else []
    sentences += [text for mistake, text in _BY_MISTAKE.items() if mistake in mistakes]
    if context.reason in (Reason.ALLOWED, Reason.RESOURCE_MISMATCH):
        sentences += _list_for_comparison(context)
    sentences += _list_for_request(context)
    return tuple(sentences)


def _list_for_comparison(context: Context) -> Iterator[str]:
    """Yield the assumptions of a request whose URL was compared with the policy."""
    resource = (context.statement.resource if context.statement else None) or ""
    if r"\?" in resource:
        yield "The ? before the query may have a backslash. Since 2026, AWS's page forbids it."
    if resource.startswith("http*://"):
        yield "Resource may start with http*://."
    url = context.url
    if url is not None and url.host != url.canonical_host:
        yield "Upper case and a default port make no difference in a host."
    if url is not None and url.path in ("", "/"):
        yield "https://HOST and https://HOST/ are the same URL."
    if context.credential.hash_algorithm == "SHA1":
        yield "Hash-Algorithm may name SHA1, the default."
    if context.key is not None and context.key.algorithm not in KEY_ALGORITHMS:
        yield f"Keys other than {' and '.join(KEY_ALGORITHMS)} are accepted."


def _list_for_request(context: Context) -> Iterator[str]:
    if "%" in "".join(piece.partition("=")[0] for piece in context.query.split("&")):
        yield "Parameter names are percent-decoded before they are compared."
    statement = context.statement
    if statement is None:
        return
    if max(statement.expires_at, statement.starts_at or 0) > LATEST_32_BIT_EXPIRY:
        yield "A time after January 2038 is accepted. Until 2023, AWS documented times of 32 bits."
    is_about_time = context.reason in (Reason.EXPIRED, Reason.NOT_YET_VALID)
    if is_about_time and context.at in (statement.expires_at, statement.starts_at):
        yield "A policy is not valid in the exact second in which it starts or ends."
    if statement.network is not None:
        source = str(context.conditions["IpAddress"]["AWS:SourceIp"])
        if source.partition("/")[0] != str(statement.network.network_address):
            yield "An address range may have bits set after its prefix."
