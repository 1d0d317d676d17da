"""Lines of an access log: who asked for what and what became of it, and never a credential."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from cfsign.credential import own_query
from cfsign.edge.gate import Judgement
from cfsign.edge.request import ViewerRequest

Log: TypeAlias = Callable[[str], None]

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
    own = own_query(query) if mark else None
    return path if own is None else f"{path}?{_LONG_RUN_OF_QUERY.sub(_CUT, own)}"


def _outcome(judgement: Judgement) -> str:
    if judgement.is_too_large:
        return "larger than CloudFront takes"
    if judgement.is_open:
        return "open"
    verdict = judgement.verdict
    return verdict.reason.value if verdict else f"{verdict.code}: {verdict.reason.value}"
