"""The access check of the edge: it decides which requests reach the origin."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from cfsign.checking.key_group import TrustedKeyGroup
from cfsign.checking.matching import ViewerURL
from cfsign.checking.verdict import Reason, Verdict
from cfsign.edge.behaviors import METHODS, Behavior, TrustedKeys, find_behaviors, to_key_group
from cfsign.edge.request import ViewerRequest
from cfsign.limits import MAX_REQUEST_BYTES, MAX_URL_BYTES

Clock: TypeAlias = Callable[[], float]


@dataclass(frozen=True, slots=True)
class AccessDecision:
    """
    The decision on one request. It is true exactly when the request reaches the origin.

    Attributes:
        verdict: The result of the signature check.
        is_open: True if the path needs no credential.
        is_options: True if the request was allowed because OPTIONS needs no credential.
        is_too_large: True if the request exceeds CloudFront's limits; it was not read further.
        has_unsupported_method: True if CloudFront, or the behavior, does not allow the HTTP method.
        explanation: Sentences that say why the request was refused, the most likely first; empty
            unless explanations are switched on.
    """

    verdict: Verdict
    is_open: bool = False
    is_options: bool = False
    is_too_large: bool = False
    has_unsupported_method: bool = False
    explanation: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.verdict.allowed


class AccessCheck:
    """
    The access check of one edge.

    Args:
        trusted_keys: The keys for all paths that match no behavior; None makes these paths open.
        behaviors: The cache behaviors with a path pattern, in order of precedence.
        clock: Returns the current time in epoch seconds.
        explain: True to explain each refusal.
        allowed_methods: The HTTP methods that paths allow that match no behavior.
    """

    def __init__(
        self,
        trusted_keys: TrustedKeys | None,
        behaviors: Iterable[Behavior] = (),
        clock: Clock = time.time,
        explain: bool = False,
        allowed_methods: Collection[str] = METHODS,
    ) -> None:
        default = None if trusted_keys is None else to_key_group(trusted_keys)
        self._behaviors = (*behaviors, Behavior("*", default, allowed_methods))
        self._clock = clock
        self._explain = explain

    def decide(self, request: ViewerRequest) -> AccessDecision:
        """Return the decision on *request*; never raises."""
        if len(request.target) > MAX_URL_BYTES:
            return self._refuse_size("URL", len(request.target), MAX_URL_BYTES)
        if request.size > MAX_REQUEST_BYTES:
            return self._refuse_size("request with its headers", request.size, MAX_REQUEST_BYTES)
        if request.method not in METHODS:
            return self._refuse_method(f"CloudFront accepts no {request.method} requests")
        url = ViewerURL.parse(request.url)
        if url is None:
            # On open paths too: origins disagree about the path of a URL that is not valid.
            verdict = Verdict(Reason.UNUSABLE_REQUEST)
            return AccessDecision(verdict, explanation=self._explain_url(request))
        behaviors = find_behaviors(self._behaviors, url.path)
        for behavior in behaviors:
            if request.method not in behavior.allowed_methods:
                allowed = ", ".join(behavior.allowed_methods)
                return self._refuse_method(
                    f"the behavior {behavior.pattern!r} allows only {allowed}"
                )
        keys = dict.fromkeys(behavior.trusted_keys for behavior in behaviors)
        groups = [group for group in keys if group is not None]
        if not groups:
            return AccessDecision(Verdict(Reason.ALLOWED), is_open=True)
        if request.method == "OPTIONS":
            # AWS, "Use signed cookies", 2026: OPTIONS requests need no credential.
            return AccessDecision(Verdict(Reason.ALLOWED), is_options=True)
        now = self._clock()
        for group in groups:
            verdict = group.check(
                request.url, cookies=request.cookies, at=now, ip_address=request.address
            )
            if not verdict:
                explanation = (
                    _explain_refusal(verdict, request, group, now) if self._explain else ()
                )
                return AccessDecision(verdict, explanation=explanation)
        return AccessDecision(Verdict(Reason.ALLOWED))

    def _refuse_size(self, name: str, size: int, limit: int) -> AccessDecision:
        sentence = f"the {name} has {size:,} bytes; CloudFront accepts {limit:,}"
        return AccessDecision(
            Verdict(Reason.UNUSABLE_REQUEST),
            is_too_large=True,
            explanation=(sentence,) if self._explain else (),
        )

    def _refuse_method(self, sentence: str) -> AccessDecision:
        return AccessDecision(
            Verdict(Reason.UNUSABLE_REQUEST),
            has_unsupported_method=True,
            explanation=(sentence,) if self._explain else (),
        )

    def _explain_url(self, request: ViewerRequest) -> tuple[str, ...]:
        if not self._explain:
            return ()
        if not request.url:
            return ("the Host header is missing or not valid, or the target is not a path",)
        if "#" in request.url:
            return ("the request target contains #, which is not valid; clients send %23",)
        from cfsign.explanation import explain

        # Without keys: no signature is checked for a URL that is not valid.
        causes = explain(request.url).causes
        return tuple(str(cause) for cause in causes if cause.reason is Reason.UNUSABLE_REQUEST)


def _explain_refusal(
    verdict: Verdict, request: ViewerRequest, trusted_keys: TrustedKeyGroup, now: float
) -> tuple[str, ...]:
    # Imported here because only refusals need it, and it is a large package.
    from cfsign.explanation import explain

    causes = explain(
        request.url,
        trusted_keys,
        cookies=request.cookies or None,
        at=now,
        ip_address=request.address,
    ).causes
    return tuple(map(str, causes)) or (verdict.reason.value,)
