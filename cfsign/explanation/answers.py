"""What the answer that was received tells, beyond what the request does."""

from __future__ import annotations

from collections.abc import Iterator

from cfsign.explanation.case import Case
from cfsign.explanation.cause import Cause, Mistake
from cfsign.explanation.display import shown
from cfsign.verdict import Reason

_NOT_RESTRICTED = "Query-string authentication requires the Signature"


def find_in_answers(case: Case) -> Iterator[Cause]:
    """Find an answer that is not CloudFront's own, or that tells what a request cannot."""
    answer = case.answer
    if answer is None:
        return
    evidence = f"the answer was {shown(answer.code, 40)}: {shown(answer.message, 120)}"
    if answer.message.startswith(_NOT_RESTRICTED):
        yield Cause(
            Mistake.NOT_RESTRICTED,
            Reason.ALLOWED,
            "S3 was handed the signed parameters: this path's cache behaviour restricts no viewers",
            "name the trusted key group in the behaviour that this path matches",
            evidence,
        )
    elif answer.is_s3s:
        yield Cause(
            Mistake.S3_ANSWER,
            Reason.ALLOWED,
            "This is S3's own refusal, not CloudFront's: the signature was let through",
            "let the distribution read the bucket (origin access control and a bucket policy), "
            "and see that the object is there: S3 says 403 for one that is not",
            f"{evidence}; RequestId and HostId are S3's",
        )
    elif case.verdict is not None and answer.code != case.verdict.code:
        yield from _differing(case, answer.code, evidence)


def _differing(case: Case, code: str, evidence: str) -> Iterator[Cause]:
    if code == "InvalidKey":
        yield Cause(
            Mistake.KEY_GROUP_NOT_ATTACHED,
            case.reason,
            "CloudFront does not know the key that is named",
            "put it into a key group, and name that in the behaviour that this path matches; "
            "wait until the distribution is deployed",
            evidence,
        )
    elif case.verdict is not None and case.verdict.allowed:
        yield Cause(
            Mistake.ANSWER_DIFFERS,
            Reason.ALLOWED,
            "The request is right by all that can be seen of it, and was refused",
            "compare the URL that was sent, byte for byte, and the time and address of it; "
            "then look at WAF, geographic restrictions and functions of the distribution",
            evidence,
            certain=False,
        )
