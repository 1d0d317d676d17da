"""Explain why a signed URL or signed cookies are refused, and how to fix it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cfsign.checking.credential import Cookies
from cfsign.checking.key_group import Address, KeySource, TrustedKeyGroup
from cfsign.checking.verdict import Reason, Verdict
from cfsign.explanation.cause import Cause, Mistake
from cfsign.explanation.display import to_printable

if TYPE_CHECKING:
    from cfsign.explanation.error_response import ErrorResponse


@dataclass(frozen=True, slots=True)
class Explanation:
    """
    CloudFront's verdict on a request, and the mistakes in it. Its `str` is the whole text.

    It is true if the request is allowed and no error response was given.

    Attributes:
        url: The URL that was judged, or "". It is not part of the `repr`, since it is signed.
        verdict: The verdict of the trusted keys; None if it depends on a public key or a request
            that was not given.
        causes: The mistakes, the most likely cause of the refusal first.
        assumptions: What the verdict assumes because AWS does not document it, one sentence each.
            CloudFront may differ.
        response: The error response, if one was given.
    """

    url: str = field(repr=False)
    verdict: Verdict | None
    causes: tuple[Cause, ...]
    assumptions: tuple[str, ...]
    response: ErrorResponse | None = None

    @property
    def allowed(self) -> bool | None:
        """True if the file is served; None if that depends on a public key."""
        if self.response is not None and self.response.status in (0, 403):
            return False  # an error document is a refusal, even if the rules allow the request
        return None if self.verdict is None else self.verdict.allowed

    @property
    def reason(self) -> Reason | None:
        """The edge's reason; None if `verdict` is None."""
        return None if self.verdict is None else self.verdict.reason

    @property
    def code(self) -> str | None:
        """CloudFront's error code, from the verdict or the response; None if allowed."""
        return self._error[0]

    def __bool__(self) -> bool:
        return bool(self.allowed)

    def __str__(self) -> str:
        return "\n".join((self.headline, *self._list_causes(), *self._list_assumptions()))

    @property
    def headline(self) -> str:
        """The result in one line."""
        first = self.causes[0] if self.causes else None
        if first is not None and first.mistake is Mistake.BLOCKED:
            return "403 from CloudFront, but not because of the signature."
        if first is not None and first.mistake is Mistake.OTHER_STATUS:
            return f"{first.message}."
        if self.response is not None and self.response.is_from_s3:
            return f"{self.response.status or 403} from S3, not from CloudFront."
        if self.verdict is not None and not self.verdict.allowed:
            return f"403 {self.verdict.code}: {self.verdict.reason.value}."
        if self.response is not None:
            code = to_printable(self.response.code, 40)
            if self.verdict is not None:
                return f"403 {code}, although these keys allow the request."
            message = to_printable(self.response.message, 120)
            return f"403 {code}: {message}." if message else f"403 {code}."
        if self.verdict is None:
            return "Unknown: checking the signature needs the public key."
        if first is not None and first.mistake is Mistake.S3_HOST:
            return "200 Allowed by these keys, but the URL is not CloudFront's."
        return "200 Allowed."

    def to_dict(self) -> dict[str, Any]:
        """Return the explanation as a dictionary that `json.dumps` accepts."""
        code, message = self._error
        return {
            "allowed": self.allowed,
            "reason": self.reason.name if self.reason else None,
            "code": code,
            "message": message,
            "causes": [
                {
                    "mistake": cause.mistake.value,
                    "reason": cause.reason.name,
                    "sentence": str(cause),
                    "message": cause.message,
                    "hint": cause.hint,
                    "evidence": cause.evidence,
                    "certain": cause.certain,
                }
                for cause in self.causes
            ],
            "assumptions": list(self.assumptions),
        }

    @property
    def _error(self) -> tuple[str | None, str | None]:
        """CloudFront's code and message: the verdict's if it refuses, else the response's."""
        if self.verdict is not None and not self.verdict.allowed:
            return self.verdict.code, self.verdict.message
        if self.response is not None and not self.response.is_from_s3:
            return self.response.code or None, self.response.message or None
        return None, None

    def _list_causes(self) -> Iterator[str]:
        for number, cause in enumerate(self.causes, 1):
            yield f"{number}. {cause}{'' if cause.certain else ' (a guess)'}"
            yield from (f"     {line}" for line in cause.evidence.splitlines())

    def _list_assumptions(self) -> Iterator[str]:
        if self.assumptions:
            yield "AWS does not document this, so CloudFront may differ:"
            yield from (f"- {sentence}" for sentence in self.assumptions)


def explain(
    url: str,
    trusted_keys: TrustedKeyGroup | Mapping[str, KeySource] | None = None,
    *,
    cookies: Cookies | None = None,
    at: float | datetime | None = None,
    ip_address: Address | None = None,
    hosts: Iterable[str] = (),
    response: str | None = None,
) -> Explanation:
    """
    Explain how CloudFront responds to a request, why, and how to fix it. Never raises.

    Common mistakes are tried out: other forms of the URL or policy, other keys and other hash
    algorithms. If the signature verifies with one of them, that is what was signed, and the cause
    is certain.

    Without keys the signature is not checked. The verdict is then None, unless the request is
    refused with any key: no key pair id, a malformed policy, an expired one.

    Args:
        url: The whole requested URL, exactly as it was sent. A fragment is ignored, since no
            client sends it; `Explanation.url` is without it.
        trusted_keys: The trusted key group, or the mapping for one. None if the keys are not known.
        cookies: The request's cookies: a mapping, pairs, or the text of a `Cookie` header.
        at: The time of the request: epoch seconds or an aware `datetime`; None is now.
        ip_address: The client's address, as CloudFront saw it.
        hosts: Other hosts for which the URL may have been signed, such as the distribution's
            `d111111abcdef8.cloudfront.net` next to its alternate domain name.
        response: The body of the response (CloudFront's or S3's XML, or CloudFront's page), or any
            input of `cfsign explain` that contains it, such as the output of `curl -v`.
    """
    # Imported when used, so that `import cfsign` stays fast.
    from cfsign.explanation.assumptions import list_assumptions
    from cfsign.explanation.context import read_context
    from cfsign.explanation.rules import find_causes

    context = read_context(url, trusted_keys, cookies, at, ip_address, hosts, response)
    causes = find_causes(context)
    assumptions = list_assumptions(context, causes)
    return Explanation(context.given_url, context.verdict, causes, assumptions, context.response)


def explain_response(response: str) -> Explanation | None:
    """
    Explain an error response whose request is not known.

    Args:
        response: CloudFront's or S3's XML, or any text that contains it.

    Returns:
        None if the text contains no error response.
    """
    from cfsign.explanation.error_response import read_response
    from cfsign.explanation.rules.response import explain_response_alone

    read = read_response(response)
    if read is None:
        return None
    # No verdict: several reasons share one code, and only the request shows which one it was.
    return Explanation("", None, tuple(explain_response_alone(read)), (), read)
