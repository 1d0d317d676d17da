"""Why a signed URL or signed cookies are refused, and how to hint it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cfsign.checking.credential import Cookies
from cfsign.checking.key_group import Address, KeySource, TrustedKeyGroup
from cfsign.checking.verdict import Reason, Verdict
from cfsign.explanation.cause import Cause, Mistake
from cfsign.explanation.display import shown

if TYPE_CHECKING:
    from cfsign.explanation.response import ErrorResponse


@dataclass(frozen=True, slots=True)
class Explanation:
    """
    What CloudFront answers to a request, and what is wrong with it; `str` of it is the whole text.

    It is true exactly when the request is allowed, and was not refused all the same.

    Attributes:
        verdict: The answer by the rules; None where only a public key, or the request, could tell.
        causes: The mistakes, the likeliest to have led to the answer first.
        assumptions: What the verdict rests on that AWS does not document, so that CloudFront
            may differ: a sentence each.
        response: The error document that was answered, where one was given.
    """

    verdict: Verdict | None
    causes: tuple[Cause, ...]
    assumptions: tuple[str, ...]
    response: ErrorResponse | None = None

    @property
    def allowed(self) -> bool | None:
        """Whether the file is served; None where only a public key could tell."""
        if self.response is not None and self.response.status in (0, 403):
            return False  # an error document is a refusal, whatever the rules say
        return None if self.verdict is None else self.verdict.allowed

    @property
    def reason(self) -> Reason | None:
        """The first rule of the edge that fails; None where `verdict` is."""
        return None if self.verdict is None else self.verdict.reason

    @property
    def code(self) -> str | None:
        """CloudFront's own code, of that rule or else of its answer; None where none refuses."""
        return self._refusal[0]

    def __bool__(self) -> bool:
        return bool(self.allowed)

    def __str__(self) -> str:
        return "\n".join((self.headline, *self._numbered(), *self._notes()))

    @property
    def headline(self) -> str:
        """The answer in one line."""
        first = self.causes[0] if self.causes else None
        if first is not None and first.mistake is Mistake.BLOCKED:
            return "403 from CloudFront, but not for the signature."
        if first is not None and first.mistake is Mistake.OTHER_STATUS:
            return f"{first.message}."
        if self.response is not None and self.response.is_s3s:
            return "403 from S3, not from CloudFront."
        if self.verdict is not None and not self.verdict.allowed:
            return f"403 {self.verdict.code}: {self.verdict.reason.value}."
        if self.response is not None:
            code = shown(self.response.code, 40)
            if self.verdict is not None:
                return f"403 {code} was answered, though by these keys it is allowed."
            message = shown(self.response.message, 120)
            return f"403 {code}: {message}." if message else f"403 {code}."
        if self.verdict is None:
            return "Not known: only the public key can tell whether the signature is right."
        return "200 Allowed."

    def to_dict(self) -> dict[str, Any]:
        """Return all of it in types that JSON has."""
        return {
            "allowed": self.allowed,
            "reason": self.reason.name if self.reason else None,
            "code": self.code,
            "message": self._refusal[1],
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
    def _refusal(self) -> tuple[str | None, str | None]:
        """CloudFront's code and message: by the rules, or else as it answered."""
        if self.verdict is not None and not self.verdict.allowed:
            return self.verdict.code, self.verdict.message
        if self.response is not None and not self.response.is_s3s:
            return self.response.code or None, self.response.message or None
        return None, None

    def _numbered(self) -> Iterator[str]:
        for number, cause in enumerate(self.causes, 1):
            yield f"{number}. {cause}{'' if cause.certain else ' (a guess)'}"
            yield from (f"     {line}" for line in cause.evidence.splitlines())

    def _notes(self) -> Iterator[str]:
        if self.assumptions:
            yield "Undocumented, so that CloudFront may differ:"
            yield from (f"- {note}" for note in self.assumptions)


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
    Tell what CloudFront would response, why, and what to do about it; never raises.

    Likely mistakes are tried: where the signature verifies over another form of the URL or policy,
    with another key or hash, that form is what was signed, and the cause is certain.

    Without keys no signature is checked. The verdict is then None unless something else refuses the
    request for certain (no key pair id, a malformed policy, one that has expired), and its code is
    the one that CloudFront gives where key and signature are right.

    Args:
        url: The viewer's whole URL, as it is on the wire.
        trusted_keys: The trusted key group, or the mapping that makes one, if the keys are known.
        cookies: The request's cookies: a mapping, pairs, or a `Cookie` header's text.
        at: The time of the request: epoch seconds or an aware `datetime`; None is now.
        ip_address: The address that CloudFront saw.
        hosts: Other hosts of the same files, such as a CNAME's `d111111abcdef8.cloudfront.net`,
            for which the URL may have been signed.
        response: The body of the answer, CloudFront's or S3's XML or CloudFront's page, or the
            output of `curl -v` that it stands in, if it is known.
    """
    # Imported when used, so that `import cfsign` stays fast.
    from cfsign.explanation.assumptions import list_assumptions
    from cfsign.explanation.context import read_case
    from cfsign.explanation.rules import find_causes

    case = read_case(url, trusted_keys, cookies, at, ip_address, hosts, response)
    causes = find_causes(case)
    return Explanation(case.verdict, causes, list_assumptions(case, causes), case.response)


def explain_response(response: str) -> Explanation | None:
    """
    Tell what an error document says by itself, whose request is unknown.

    Args:
        response: CloudFront's or S3's XML, or any text that it stands in.

    Returns:
        None where there is no such document in it.
    """
    from cfsign.explanation.response import read_response
    from cfsign.explanation.responses import find_in_response_alone

    read = read_response(response)
    if read is None:
        return None
    # No verdict: several rules share one code, and only the request tells which of them failed.
    return Explanation(None, tuple(find_in_response_alone(read)), (), read)
