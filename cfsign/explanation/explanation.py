"""Why a signed URL or signed cookies are refused, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cfsign.credential import Cookies
from cfsign.explanation.addresses import find_in_addresses
from cfsign.explanation.answers import find_in_answers
from cfsign.explanation.case import Case, read_case
from cfsign.explanation.cause import Cause, Mistake
from cfsign.explanation.cookies import find_in_cookies
from cfsign.explanation.key_ids import find_in_key_ids
from cfsign.explanation.policies import find_in_policies
from cfsign.explanation.requests import (
    find_duplicates,
    find_hash_name,
    find_hidden_parameters,
    find_in_url,
    find_nothing,
)
from cfsign.explanation.resources import find_in_resources
from cfsign.explanation.signatures import find_in_encoding, find_in_signing, find_unproved
from cfsign.explanation.times import find_in_numbers, find_in_times
from cfsign.explanation.trial import find_signing
from cfsign.explanation.undocumented import undocumented
from cfsign.trusted_keys import Address, KeySource, TrustedKeyGroup
from cfsign.verdict import Reason, Verdict


@dataclass(frozen=True, slots=True)
class Explanation:
    """
    What CloudFront answers to a request, and what is wrong with it; `str` of it is the whole text.

    It is true exactly when the request is allowed.

    Attributes:
        verdict: The answer; None where only a public key could tell.
        causes: The mistakes, the likeliest to have led to the answer first.
        undocumented: What the verdict rests on that AWS does not document, so that CloudFront
            may differ: a sentence each.
    """

    verdict: Verdict | None
    causes: tuple[Cause, ...]
    undocumented: tuple[str, ...]

    @property
    def allowed(self) -> bool | None:
        """Whether the file may be served; None where only a public key could tell."""
        return None if self.verdict is None else self.verdict.allowed

    @property
    def reason(self) -> Reason | None:
        """The first rule of the edge that fails; None where only a public key could tell."""
        return None if self.verdict is None else self.verdict.reason

    @property
    def code(self) -> str | None:
        """CloudFront's own code for that rule, such as "AccessDenied"; None where none fails."""
        return None if self.verdict is None else self.verdict.code

    def __bool__(self) -> bool:
        return bool(self.verdict)

    def __str__(self) -> str:
        return "\n".join((self.headline, *self._numbered(), *self._notes()))

    @property
    def headline(self) -> str:
        """The answer in one line."""
        if self.verdict is None:
            return "Unknown: nothing is seen to be wrong, but only a public key can tell."
        if self.verdict.allowed:
            return "200 Allowed."
        return f"403 {self.verdict.code}: {self.verdict.reason.value}."

    def to_dict(self) -> dict[str, Any]:
        """Return all of it in types that JSON has."""
        return {
            "allowed": self.allowed,
            "reason": self.reason.name if self.reason else None,
            "code": self.code,
            "message": self.verdict.message if self.verdict else None,
            "causes": [
                {
                    "mistake": cause.mistake.value,
                    "reason": cause.reason.name,
                    "sentence": str(cause),
                    "finding": cause.finding,
                    "mend": cause.mend,
                    "evidence": cause.evidence,
                    "certain": cause.certain,
                }
                for cause in self.causes
            ],
            "undocumented": list(self.undocumented),
        }

    def _numbered(self) -> Iterator[str]:
        for number, cause in enumerate(self.causes, 1):
            yield f"{number}. {cause}{'' if cause.certain else ' (a guess)'}"
            yield from (f"     {line}" for line in cause.evidence.splitlines())

    def _notes(self) -> Iterator[str]:
        if self.undocumented:
            yield "Undocumented, so that CloudFront may differ:"
            yield from (f"- {note}" for note in self.undocumented)


def explain(
    url: str,
    trusted_keys: TrustedKeyGroup | Mapping[str, KeySource] | None = None,
    *,
    cookies: Cookies | None = None,
    at: float | datetime | None = None,
    viewer_ip: Address | None = None,
    hosts: Iterable[str] = (),
    answer: str | None = None,
) -> Explanation:
    """
    Tell what CloudFront would answer, why, and what to do about it; never raises.

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
        viewer_ip: The address that CloudFront saw.
        hosts: Other hosts of the same files, such as a CNAME's `d111111abcdef8.cloudfront.net`,
            for which the URL may have been signed.
        answer: The body of the answer, CloudFront's or S3's XML, if it is known.
    """
    case = read_case(url, trusted_keys, cookies, at, viewer_ip, hosts, answer)
    causes = _ranked(case)
    return Explanation(case.verdict, causes, undocumented(case, causes))


def _ranked(case: Case) -> tuple[Cause, ...]:
    """Put first what was answered, then what breaks the rule that refuses, then what else is."""
    told = list(find_in_answers(case))
    if case.verdict is not None and case.verdict.allowed:
        return tuple(told)
    found = list(_found(case))
    if not any(cause.reason is case.reason for cause in (*told, *found)):
        found.append(_fallback(case))
    found.sort(key=lambda cause: (cause.reason is not case.reason, not cause.certain))
    return tuple(dict.fromkeys((*told, *found)))


def _found(case: Case) -> Iterator[Cause]:
    """Give what every finder finds, in the order of the edge's own rules."""
    signing = find_signing(case) if case.keys else None
    yield from _in_keys(case)
    yield from find_in_url(case)
    yield from find_hidden_parameters(case)
    yield from find_in_cookies(case)
    yield from find_nothing(case)
    yield from find_duplicates(case)
    yield from find_in_key_ids(case)
    yield from find_hash_name(case)
    yield from find_in_encoding(case, signing)
    yield from find_in_numbers(case)
    yield from find_in_addresses(case)
    yield from find_in_policies(case)
    yield from find_in_signing(case, signing)
    yield from find_unproved(case, signing)
    yield from find_in_resources(case)
    yield from find_in_times(case)


def _in_keys(case: Case) -> Iterator[Cause]:
    if case.keys_error:
        finding = f"The trusted keys cannot be used: {case.keys_error}"
        mend = "give them as {key_pair_id: public_key_pem}"
        yield Cause(Mistake.UNUSABLE_KEYS, case.reason, finding, mend)


def _fallback(case: Case) -> Cause:
    """Say at least which rule fails, where no finder has said more."""
    if case.verdict is None:
        finding = "Without a public key nobody can tell whether the signature is right"
        mend = "give the public key whose id is named, or its PEM"
        return Cause(Mistake.NO_PUBLIC_KEY, case.reason, finding, mend, certain=False)
    value = case.reason.value
    finding = f"The request is refused: {value}"
    mend = "compare it with a URL that the signer makes now"
    mistake = _FALLBACKS.get(case.reason, Mistake.NOT_SIGNED)
    return Cause(mistake, case.reason, finding, mend)


_FALLBACKS = {
    Reason.UNUSABLE_REQUEST: Mistake.UNUSABLE_ARGUMENT,
    Reason.DUPLICATE_PARAMETER: Mistake.PARAMETER_TWICE,
    Reason.MALFORMED_POLICY: Mistake.POLICY_SHAPE,
    Reason.MALFORMED_SIGNATURE: Mistake.NOT_BASE64,
    Reason.SIGNATURE_MISMATCH: Mistake.NO_KEY_VERIFIES,
    Reason.UNKNOWN_KEY: Mistake.UNKNOWN_KEY,
    Reason.MALFORMED_KEY_ID: Mistake.KEY_ID_MALFORMED,
    Reason.MISSING_KEY: Mistake.KEY_ID_MISSING,
    Reason.HASH_ALGORITHM: Mistake.HASH_ALGORITHM,
    Reason.RESOURCE_MISMATCH: Mistake.RESOURCE,
    Reason.VIEWER_ADDRESS: Mistake.VIEWER_ADDRESS,
}
