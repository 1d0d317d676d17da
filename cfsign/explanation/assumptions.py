"""List what a verdict assumes because AWS does not document it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import unquote

from cfsign.checking.key_group import check_request
from cfsign.checking.verdict import Reason
from cfsign.explanation.cause import Cause, Mistake
from cfsign.explanation.context import Context
from cfsign.keys import KEY_ALGORITHMS
from cfsign.limits import COOKIES, LATEST_32_BIT_EXPIRY, PARAMETERS

_BY_REASON = {
    Reason.AMBIGUOUS_POLICY: "A request whose Expires and Policy name different times is refused.",
    Reason.DUPLICATE_PARAMETER: "A request that has a parameter or cookie twice is refused.",
    Reason.HASH_ALGORITHM: "Other spellings of Hash-Algorithm than SHA1 and SHA256 are refused.",
}

_BY_MISTAKE = {
    Mistake.UNENCODED_URL: "A URL that is not percent-encoded is refused.",
    Mistake.WILDCARD_IN_CANNED: "A * in a canned policy matches only itself. AWS's page of 2026 "
    "calls it a wildcard.",
    Mistake.LOST_PADDING: "Base64 without padding is refused.",
    Mistake.LINE_BREAKS: "Base64 with white space in it is refused.",
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
    if context.is_canned and "*" in str(context.url):
        yield _BY_MISTAKE[Mistake.WILDCARD_IN_CANNED]
    if context.has_cookies and resource.startswith("*"):
        yield "The Resource of cookies may start with *. AWS's page on cookies does not allow it."
    if resource.startswith("http*://"):
        yield "Resource may start with http*://."
    url = context.url
    if url is not None and url.host != url.canonical_host:
        yield "Upper case and a default port make no difference in a host."
        if _needs_given_host(context):
            yield (
                "The URL was signed with a host that clients do not send like this: they send "
                f"{url.canonical_host}."
            )
    if url is not None and url.path in ("", "/"):
        yield "https://HOST and https://HOST/ are the same URL."
    if context.key is not None and context.key.algorithm not in KEY_ALGORITHMS:
        yield f"Keys other than {' and '.join(KEY_ALGORITHMS)} are accepted."


def _needs_given_host(context: Context) -> bool:
    """Return True if the request is refused with its host as clients send it."""
    request = context.request
    if request is None or context.reason is not Reason.ALLOWED:
        return False
    sent = replace(request.url, host=request.url.canonical_host)
    return not check_request(replace(request, url=sent), context.keys).allowed


def _list_for_request(context: Context) -> Iterator[str]:
    parameters = [piece.partition("=")[::2] for piece in context.query.split("&")]
    if any("%" in name for name, _ in parameters):
        yield "Parameter names are percent-decoded before they are compared."
    if any("%" in value and unquote(name) in PARAMETERS for name, value in parameters):
        yield "Percent-encoded values of CloudFront's parameters are decoded, such as %7E for ~."
    if context.has_cookies and any(
        "%" in value and name in COOKIES for name, value in context.cookies or ()
    ):
        yield "Percent-encoded values of CloudFront's cookies are decoded."
    statement = context.statement
    if statement is None:
        return
    if max(statement.expires_at, statement.starts_at or 0) > LATEST_32_BIT_EXPIRY:
        yield "A time after January 2038 is accepted. Until 2023, AWS documented times of 32 bits."
    if context.reason is Reason.EXPIRED and context.at == statement.expires_at:
        yield "A policy is not valid in the exact second in which it ends."
    credential = context.credential
    if credential.policy is not None and credential.expires == str(statement.expires_at):
        yield "Expires next to Policy is accepted if both name the same time. The policy counts."
    if statement.network is not None:
        source = str(context.conditions["IpAddress"]["AWS:SourceIp"])
        if "/" not in source:
            yield "An address without a prefix length means that address alone, as with /32."
        elif source.partition("/")[0] != str(statement.network.network_address):
            yield "An address range may have bits set after its prefix."
