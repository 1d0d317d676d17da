"""The verdict: one table from reasons to CloudFront's answers."""

from __future__ import annotations

import dataclasses

import pytest

from cfsign.checking.verdict import Reason, Verdict

REFUSALS = [reason for reason in Reason if reason is not Reason.ALLOWED]


def test_allowed_is_true_and_has_no_error() -> None:
    """An allowed request is a true verdict without code or message."""
    verdict = Verdict(Reason.ALLOWED)
    assert verdict
    assert (verdict.allowed, verdict.code, verdict.message) == (True, None, None)


@pytest.mark.parametrize("reason", REFUSALS)
def test_every_refusal_is_false_and_has_an_error(reason: Reason) -> None:
    """No refusal counts as true, and each has a code and a message."""
    verdict = Verdict(reason)
    assert not verdict
    assert not verdict.allowed
    assert verdict.code
    assert verdict.message


@pytest.mark.parametrize(
    ("reason", "code", "message"),
    [
        (
            Reason.MISSING_KEY,
            "MissingKey",
            "Missing Key-Pair-Id query parameter or cookie value",
        ),
        (
            Reason.MALFORMED_KEY_ID,
            "MissingKey",
            "Missing Key-Pair-Id query parameter or cookie value",
        ),
        (Reason.UNKNOWN_KEY, "InvalidKey", "Unknown Key"),
        (Reason.MALFORMED_SIGNATURE, "MalformedSignature", "Could not unencode Signature"),
        (Reason.MALFORMED_POLICY, "MalformedPolicy", "Malformed Policy"),
        (Reason.UNUSABLE_REQUEST, "AccessDenied", "Access denied"),
        (Reason.DUPLICATE_PARAMETER, "AccessDenied", "Access denied"),
        (Reason.AMBIGUOUS_POLICY, "AccessDenied", "Access denied"),
        (Reason.HASH_ALGORITHM, "AccessDenied", "Access denied"),
        (Reason.SIGNATURE_MISMATCH, "AccessDenied", "Access denied"),
        (Reason.RESOURCE_MISMATCH, "AccessDenied", "Access denied"),
        (Reason.EXPIRED, "AccessDenied", "Access denied"),
        (Reason.NOT_YET_VALID, "AccessDenied", "Access denied"),
        (Reason.VIEWER_ADDRESS, "AccessDenied", "Access denied"),
    ],
)
def test_answers_are_cloudfronts_own(reason: Reason, code: str, message: str) -> None:
    """Code and message are CloudFront's, to the letter."""
    assert (Verdict(reason).code, Verdict(reason).message) == (code, message)


def test_a_verdict_does_not_change() -> None:
    """A refusal cannot be turned into anything else."""
    verdict = Verdict(Reason.EXPIRED)
    with pytest.raises(dataclasses.FrozenInstanceError):
        verdict.reason = Reason.ALLOWED
    with pytest.raises((AttributeError, TypeError)):
        verdict.allowed = True


def test_verdicts_compare_by_value() -> None:
    """Two verdicts with one reason are equal."""
    assert Verdict(Reason.EXPIRED) == Verdict(Reason.EXPIRED) != Verdict(Reason.ALLOWED)


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (Reason.ALLOWED, "200: allowed"),
        (
            Reason.SIGNATURE_MISMATCH,
            "403 AccessDenied: the signature was not made by this key for this policy",
        ),
        (Reason.MISSING_KEY, "403 MissingKey: no key pair id"),
    ],
)
def test_a_verdict_prints_the_answer_and_the_reason(reason: Reason, text: str) -> None:
    """What CloudFront answers, and what it does not tell; the repr stays that of the value."""
    assert str(Verdict(reason)) == text
    assert repr(Verdict(reason)) == f"Verdict(reason={reason!r})"
