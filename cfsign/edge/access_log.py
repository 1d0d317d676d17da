"""
Lines of an access log: who asked for what and what became of it, and never a credential.

Without a log of its own, an edge tells of its denials alone, by Python's logging.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import TypeAlias
from urllib.parse import quote

from cfsign.checking.credential import strip_query
from cfsign.edge.gate import Judgement
from cfsign.edge.request import ViewerRequest

Log: TypeAlias = Callable[[str], None]

_logger = logging.getLogger("cfsign.edge")

_UP_TO_THE_PATH = re.compile(r"[^/]*//[^/?]*")
# Where a credential begins: at the `?`, or inside a path that took the `?` in, escaped or not.
_CREDENTIAL = re.compile(
    r"\?|(?:expires|policy|signature|key-pair-id|hash-algorithm)(?:=|%(?:25)*3D)", re.IGNORECASE
)

# The shortest signature, of P-256, is 92 letters of base64: a longer run of such letters may be one
# that was sent under a wrong name, and loses its middle. In a path a "/" ends it.
_LONG_RUN = re.compile(r"([\w+=~%-]{24})[\w+=~%-]{42,}([\w+=~%-]{24})")
_LONG_RUN_OF_QUERY = re.compile(r"([\w+=~%/-]{24})[\w+=~%/-]{42,}([\w+=~%/-]{24})")
_CUT = r"\1...\2"

_MAX_URL_BYTES = 8_192
_MAX_LENGTH, _MAX_TARGET, _MAX_METHOD = 1_000, 600, 20


def tell(log: Log | None, request: ViewerRequest, judgement: Judgement, status: int) -> None:
    """Write what became of one request, and why it was refused if that was asked for."""
    if log is not None:
        log(_line(request, judgement, status))
        for sentence in judgement.explanation:
            log(f"  {printable(sentence)}")
    elif not judgement and _logger.isEnabledFor(logging.WARNING):
        _logger.warning("%s: %s", _told(request), _denial(judgement))


def printable(text: str) -> str:
    """Return *text* on one line of visible ASCII, at a bearable length, without a signature."""
    visible = text[:_MAX_LENGTH].encode("unicode_escape").decode("ascii")
    return _LONG_RUN.sub(_CUT, visible)


def _line(request: ViewerRequest, judgement: Judgement, status: int) -> str:
    # First to what CloudFront takes at most: what is longer must not cost more.
    target = _own_target(request.target[:_MAX_URL_BYTES])[:_MAX_TARGET]
    words = (request.address or "-", request.method[:_MAX_METHOD], target, str(status))
    return printable(f"{' '.join(words)} {_outcome(judgement)}")


def _own_target(target: str) -> str:
    path, mark, query = target.partition("?")
    path = _CREDENTIAL.split(path, maxsplit=1)[0]
    own = strip_query(query) if mark else None
    return path if own is None else f"{path}?{_LONG_RUN_OF_QUERY.sub(_CUT, own)}"


def _outcome(judgement: Judgement) -> str:
    if judgement.is_too_large:
        return "larger than CloudFront takes"
    if judgement.has_other_method:
        return "a method that CloudFront does not take"
    if judgement.is_open:
        return "open"
    verdict = judgement.verdict
    return verdict.reason.value if verdict else f"{verdict.code}: {verdict.reason.value}"


def _told(request: ViewerRequest) -> str:
    """Return a request as any log may hold it: no credential, no control character, not long."""
    path = _CREDENTIAL.split(_UP_TO_THE_PATH.sub("", request.url, count=1), maxsplit=1)[0] or "-"
    text = f"{request.method[:_MAX_METHOD]} {path[:_MAX_TARGET]}"
    return quote(text, safe=" !$%&'()*+,/:;=@~", encoding="latin-1", errors="replace")


def _denial(judgement: Judgement) -> str:
    if judgement.is_too_large:
        return "413 larger than CloudFront takes"
    if judgement.has_other_method:
        return "403 a method that CloudFront does not take"
    return str(judgement.verdict)
