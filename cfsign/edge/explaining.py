"""The words for a refusal: the one place where the edge meets `cfsign.explain`."""

from __future__ import annotations

from cfsign.checking.key_group import TrustedKeyGroup
from cfsign.checking.verdict import Verdict
from cfsign.edge.request import ViewerRequest

# Fetch, "CORS-preflight fetch": its credentials mode is "same-origin" and its origin is another.
_PREFLIGHT = (
    "This is a CORS preflight, which never carries a cookie, and CloudFront asks it for a "
    "credential like any other request: sign the URL, or let the script send nothing that makes "
    "a browser ask first"
)


def explanation_of(
    verdict: Verdict, request: ViewerRequest, trusted_keys: TrustedKeyGroup, at: float
) -> tuple[str, ...]:
    """
    Tell why *request* was refused, the likeliest cause first, in sentences without a signature.

    Args:
        verdict: What the check said.
        request: The request.
        trusted_keys: Who may sign for its path.
        at: When it came, in epoch seconds.
    """
    # Only what is refused needs it, and it is not small.
    from cfsign.explanation import explain

    preflight = (_PREFLIGHT,) if request.is_preflight else ()
    causes = explain(
        request.url,
        trusted_keys,
        cookies=request.cookies or None,
        at=at,
        ip_address=request.address,
    ).causes
    return (*preflight, *map(str, causes)) or (verdict.reason.value,)
