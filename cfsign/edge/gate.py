"""Which requests the edge lets through: its behaviours, its clock, and CloudFront's limits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from cfsign.checking.key_group import TrustedKeyGroup
from cfsign.checking.matching import ViewerURL
from cfsign.checking.verdict import Reason, Verdict
from cfsign.edge.behaviors import Behavior, Behaviors, TrustedKeys, trusted_key_group
from cfsign.edge.explaining import explanation_of
from cfsign.edge.request import ViewerRequest

Clock: TypeAlias = Callable[[], float]

# AWS, "Quotas": the length of a URL, and of a request with its headers.
_MAX_URL_BYTES = 8_192
_MAX_REQUEST_BYTES = 20_480

# AWS, "Cache behavior settings", "Allowed HTTP methods": all that a distribution can be told to
# take. Capitals count (RFC 9110, section 9.1).
_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True)
class Judgement:
    """
    What becomes of one request; it is true exactly when the origin gets it.

    Attributes:
        verdict: What the check said.
        is_open: Whether no credential was asked for, so that nothing is one.
        is_too_large: Whether it goes past CloudFront's limits, and was not looked at.
        has_other_method: Whether its method is none that CloudFront takes.
        explanation: Sentences that tell why it was refused; none unless they were asked for.
    """

    verdict: Verdict
    is_open: bool = False
    is_too_large: bool = False
    has_other_method: bool = False
    explanation: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.verdict.allowed


class Gate:
    """
    The judge of an edge's requests.

    Args:
        trusted_keys: Who may sign for what no behaviour is for; None opens all of that.
        behaviors: The cache behaviours with a path pattern, in their order.
        clock: Tells the time in epoch seconds.
        explain: Whether a refusal is explained.
    """

    def __init__(
        self,
        trusted_keys: TrustedKeys | None,
        behaviors: Iterable[Behavior] = (),
        clock: Clock = time.time,
        explain: bool = False,
    ) -> None:
        default = None if trusted_keys is None else trusted_key_group(trusted_keys)
        self._behaviors = Behaviors(behaviors, default)
        self._clock = clock
        self._explains = explain

    def judge(self, request: ViewerRequest) -> Judgement:
        """Tell whether the origin gets *request*; never raises."""
        if len(request.target) > _MAX_URL_BYTES or request.size > _MAX_REQUEST_BYTES:
            return Judgement(Verdict(Reason.UNUSABLE_REQUEST), is_too_large=True)
        if request.method not in _METHODS:
            return Judgement(Verdict(Reason.UNUSABLE_REQUEST), has_other_method=True)
        url = ViewerURL.parse(request.url)
        if url is None:
            # Of an open path too: what an origin makes of it, nobody knows.
            return Judgement(Verdict(Reason.UNUSABLE_REQUEST))
        groups = self._behaviors.groups(url.path)
        if not groups:
            return Judgement(Verdict(Reason.ALLOWED), is_open=True)
        now = self._clock()
        checked = [self._checked(request, group, now) for group in groups]
        return next((judgement for judgement in checked if not judgement), checked[0])

    def _checked(self, request: ViewerRequest, group: TrustedKeyGroup, now: float) -> Judgement:
        verdict = group.check(
            request.url, cookies=request.cookies, at=now, ip_address=request.address
        )
        explains = self._explains and not verdict
        return Judgement(
            verdict,
            explanation=explanation_of(verdict, request, group, now) if explains else (),
        )
