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

Log: TypeAlias = Callable[[str], None]

_logger = logging.getLogger("cfsign.edge")

_SCHEME_AND_HOST = re.compile(r"[^/]*//[^/?]*")
# The start of a credential inside a path whose `?` was escaped.
_CREDENTIAL = re.compile(
    r"(?:expires|policy|signature|key-pair-id|hash-algorithm)(?:=|%(?:25)*3D)", re.IGNORECASE
)

# A long run of base64 letters may be a signature, so its middle is cut. The shortest one (P-256)
# has 92 letters. Standard base64 has "/", too: a run with "/" is cut if upper case, lower case and
# digits are mixed, as in every signature, so that other deep paths stay readable.
_LONG_RUN = re.compile(r"[\w+=~%/-]{90,}")
_LONG_SEGMENT = re.compile(r"[\w+=~%-]{90,}")
_MIXED = re.compile(r"(?=.*[a-z])(?=.*[A-Z]).*[0-9]")
_ENDS = 24

_MAX_LENGTH, _MAX_TARGET, _MAX_METHOD = 1_000, 600, 20


def log_request(
    log: Log | None, request: ViewerRequest, decision: AccessDecision, status: int
) -> None:
    """Log one request with its response status, and the explanation if there is one."""
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
    return _cut_signatures(text[:_MAX_LENGTH].encode("unicode_escape").decode("ascii"))


def _redact_target(target: str) -> str:
    path, mark, query = target.partition("?")
    own = strip_query(query) if mark else None
    path = _redact_path(path)
    return path if own is None else f"{path}?{_cut_signatures(own)}"


def _redact(request: ViewerRequest) -> str:
    """Return method and path, without query, credential and control characters."""
    # Cut to CloudFront's limit before the regular expressions, so that a huge URL is cheap.
    url = _SCHEME_AND_HOST.sub("", request.url[:MAX_URL_BYTES], count=1)
    path = _redact_path(url.partition("?")[0])[:_MAX_TARGET] or "-"
    text = f"{request.method[:_MAX_METHOD]} {path}"
    return quote(text, safe=" !$%&'()*+,/:;=@~", encoding="latin-1", errors="replace")


def _redact_path(path: str) -> str:
    """Return *path* up to a parameter of CloudFront, and without signatures before it."""
    return _cut_signatures(_CREDENTIAL.split(path, maxsplit=1)[0])


def _cut_signatures(text: str) -> str:
    return _LONG_RUN.sub(_cut_run, text)


def _cut_run(run: re.Match[str]) -> str:
    text = run[0]
    if "/" in text and not _MIXED.match(text):
        return _LONG_SEGMENT.sub(_cut_run, text)
    return f"{text[:_ENDS]}...{text[-_ENDS:]}"


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
