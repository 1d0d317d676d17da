"""The verdict, and CloudFront's code and message for each reason."""

from __future__ import annotations

import dataclasses

import pytest

from cfsign.checking.verdict import Reason, Verdict

REFUSALS = [reason for reason in Reason if reason is not Reason.ALLOWED]


def test_allowed_verdict_is_true_and_has_no_code() -> None:
    verdict = Verdict(Reason.ALLOWED)
    assert verdict
    assert (verdict.allowed, verdict.code, verdict.message) == (True, None, None)


@pytest.mark.parametrize("reason", REFUSALS)
def test_every_refusal_is_false_and_has_a_code(reason: Reason) -> None:
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
def test_code_and_message_of_each_reason(reason: Reason, code: str, message: str) -> None:
    assert (Verdict(reason).code, Verdict(reason).message) == (code, message)


def test_verdict_is_immutable() -> None:
    """A refusal cannot be changed into an Allow."""
    verdict = Verdict(Reason.EXPIRED)
    with pytest.raises(dataclasses.FrozenInstanceError):
        verdict.reason = Reason.ALLOWED
    with pytest.raises((AttributeError, TypeError)):
        verdict.allowed = True


def test_verdicts_with_the_same_reason_are_equal() -> None:
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
def test_str_is_the_status_the_code_and_the_reason(reason: Reason, text: str) -> None:
    """The repr is that of a dataclass."""
    assert str(Verdict(reason)) == text
    assert repr(Verdict(reason)) == f"Verdict(reason={reason!r})"
