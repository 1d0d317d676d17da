"""
The access log of an edge: one line per request, never with a credential.

An edge without an access log writes its refusals, and only these, to the logger `cfsign.edge`.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import TypeAlias
from urllib.parse import quote

from cfsign.checking.credential import strip_query
from cfsign.edge.access import AccessDecision
from cfsign.edge.request import ViewerRequest
from cfsign.limits import MAX_URL_BYTES
from cfsign.redaction import cut_signatures, redact_path

Log: TypeAlias = Callable[[str], None]

_logger = logging.getLogger("cfsign.edge")

_SCHEME_AND_HOST = re.compile(r"[^/]*//[^/?]*")
_MAX_LENGTH, _MAX_TARGET, _MAX_METHOD = 1_000, 600, 20


def log_request(
    log: Log | None, request: ViewerRequest, decision: AccessDecision, status: int
) -> None:
    """Log one request with its response status, and the explanation if there is one."""
    if request.target == "/favicon.ico" and not decision:
        return  # browsers request it by themselves, without a signature
    if log is not None:
        # Cut to CloudFront's limit before the regular expressions, so that a huge URL is cheap.
        target = _redact_target(request.target[:MAX_URL_BYTES])[:_MAX_TARGET]
        words = (request.address or "-", request.method[:_MAX_METHOD], target, str(status))
        log(make_printable(f"{' '.join(words)} {_describe_outcome(decision)}"))
        for sentence in decision.explanation:
            log(f"  {make_printable(sentence)}")
    elif not decision and _logger.isEnabledFor(logging.WARNING):
        _logger.warning("%s: %d %s", _redact(request), status, _describe_outcome(decision))


def make_printable(text: str) -> str:
    """Return *text* as one line of visible ASCII, at most 1,000 characters, without signatures."""
    return cut_signatures(text[:_MAX_LENGTH].encode("unicode_escape").decode("ascii"))


def _redact_target(target: str) -> str:
    path, mark, query = target.partition("?")
    own = strip_query(query) if mark else None
    path = redact_path(path)
    return path if own is None else f"{path}?{cut_signatures(own)}"


def _redact(request: ViewerRequest) -> str:
    """Return method and path, without query, credential and control characters."""
    # Cut to CloudFront's limit before the regular expressions, so that a huge URL is cheap.
    url = _SCHEME_AND_HOST.sub("", request.url[:MAX_URL_BYTES], count=1)
    path = redact_path(url.partition("?")[0])[:_MAX_TARGET] or "-"
    text = f"{request.method[:_MAX_METHOD]} {path}"
    return quote(text, safe=" !$%&'()*+,/:;=@~", encoding="latin-1", errors="replace")


def _describe_outcome(decision: AccessDecision) -> str:
    if decision.is_too_large:
        return "request too large for CloudFront"
    if decision.has_unsupported_method:
        return "method not allowed"
    if decision.is_open:
        return "open"
    if decision.is_options:
        return "allowed: OPTIONS needs no credential"
    verdict = decision.verdict
    return verdict.reason.value if verdict else f"{verdict.code}: {verdict.reason.value}"
