"""The access check of the edge: it decides which requests reach the origin."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from cfsign.checking.key_group import TrustedKeyGroup
from cfsign.checking.matching import ViewerURL
from cfsign.checking.verdict import Reason, Verdict
from cfsign.edge.behaviors import Behavior, Behaviors, TrustedKeys, to_key_group
from cfsign.edge.request import ViewerRequest
from cfsign.limits import MAX_REQUEST_BYTES, MAX_URL_BYTES

Clock: TypeAlias = Callable[[], float]

# AWS, "Cache behavior settings", "Allowed HTTP methods": all that a distribution can allow.
# They are case-sensitive (RFC 9110, section 9.1).
_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"})

# Fetch, "CORS-preflight fetch": it is sent without cookies to another origin.
_PREFLIGHT = (
    "a CORS preflight carries no cookies, and CloudFront requires a credential for it too; "
    "use a signed URL, or a request that needs no preflight"
)


@dataclass(frozen=True, slots=True)
class AccessDecision:
    """
    The decision on one request. It is true exactly when the request reaches the origin.

    Attributes:
        verdict: The result of the signature check.
        is_open: True if the path needs no credential.
        is_too_large: True if the request exceeds CloudFront's limits; it was not read further.
        has_unsupported_method: True if CloudFront does not accept the HTTP method.
        explanation: Sentences that say why the request was refused, the most likely first; empty
            unless explanations are switched on.
    """

    verdict: Verdict
    is_open: bool = False
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
    """

    def __init__(
        self,
        trusted_keys: TrustedKeys | None,
        behaviors: Iterable[Behavior] = (),
        clock: Clock = time.time,
        explain: bool = False,
    ) -> None:
        default = None if trusted_keys is None else to_key_group(trusted_keys)
        self._behaviors = Behaviors(behaviors, default)
        self._clock = clock
        self._explain = explain

    def decide(self, request: ViewerRequest) -> AccessDecision:
        """Return the decision on *request*; never raises."""
        if len(request.target) > MAX_URL_BYTES or request.size > MAX_REQUEST_BYTES:
            return AccessDecision(Verdict(Reason.UNUSABLE_REQUEST), is_too_large=True)
        if request.method not in _METHODS:
            return AccessDecision(Verdict(Reason.UNUSABLE_REQUEST), has_unsupported_method=True)
        url = ViewerURL.parse(request.url)
        if url is None:
            # On open paths too: origins disagree about the path of a URL that is not valid.
            return AccessDecision(Verdict(Reason.UNUSABLE_REQUEST))
        groups = self._behaviors.find_key_groups(url.path)
        if not groups:
            return AccessDecision(Verdict(Reason.ALLOWED), is_open=True)
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
    preflight = (_PREFLIGHT,) if request.is_preflight else ()
    return (*preflight, *map(str, causes)) or (verdict.reason.value,)
