"""Error responses are explained, with their request and without it."""

from __future__ import annotations

import pytest

from cfsign import Mistake, Reason, explain
from cfsign.explanation import explain_response
from tests.explanation.makers import EXPIRES, NOW, World
from tests.explanation.mistakes import (
    ABROAD,
    BAD_GATEWAY,
    BLOCKED,
    DENIED,
    INVALID_KEY,
    S3,
    UNRESTRICTED,
    URL,
)


@pytest.mark.parametrize(
    ("body", "code", "mistake"),
    [
        (S3, None, Mistake.S3_RESPONSE),
        (UNRESTRICTED, None, Mistake.NOT_RESTRICTED),
        (INVALID_KEY, "InvalidKey", Mistake.KEY_GROUP_NOT_ATTACHED),
        (DENIED, "AccessDenied", Mistake.NO_KEY_VERIFIES),
        (BLOCKED, None, Mistake.BLOCKED),
        (ABROAD, None, Mistake.BLOCKED),
        (BLOCKED.replace("403", "502"), None, Mistake.OTHER_STATUS),
    ],
)
def test_response_alone_has_its_likeliest_cause(
    body: str, code: str | None, mistake: Mistake
) -> None:
    explanation = explain_response(body)
    assert explanation is not None
    assert explanation.code == code
    assert explanation.causes[0].mistake is mistake
    assert not explanation
    # A status other than 403 is not a refusal: it says nothing about the signature.
    assert explanation.allowed is (None if mistake is Mistake.OTHER_STATUS else False)
    assert explanation.reason is None
    is_certain = mistake in (Mistake.NOT_RESTRICTED, Mistake.BLOCKED, Mistake.OTHER_STATUS)
    assert any(cause.certain for cause in explanation.causes) is is_certain


def test_response_alone_has_no_reason_in_its_headline() -> None:
    """Several reasons share a code."""
    explanation = explain_response(DENIED)
    assert explanation is not None
    assert explanation.headline == "403 AccessDenied: Access denied."
    assert explanation.to_dict()["message"] == "Access denied"
    bare = explain_response("<Code>AccessDenied</Code>")
    assert bare is not None
    assert bare.headline == "403 AccessDenied."


@pytest.mark.parametrize("body", [S3, UNRESTRICTED])
def test_s3_response_to_a_refused_request(world: World, body: str) -> None:
    """CloudFront did not check the signature, because the cache behavior is not restricted."""
    explanation = explain(world.boto(URL), world.trusted, at=EXPIRES, response=body)
    assert explanation.reason is Reason.EXPIRED
    assert explanation.causes[0].mistake is Mistake.NOT_RESTRICTED
    assert "accepted" not in str(explanation.causes[0])
    assert explanation.headline == "403 from S3, not from CloudFront."


def test_s3_response_is_certain_only_with_keys(world: World) -> None:
    causes = [
        explain(world.boto(URL), keys, at=NOW, response=S3).causes[0]
        for keys in (world.trusted, None)
    ]
    assert [cause.mistake for cause in causes] == [Mistake.S3_RESPONSE] * 2
    assert [cause.certain for cause in causes] == [True, False]


@pytest.mark.parametrize(("body", "code"), [(DENIED, "AccessDenied"), (INVALID_KEY, "InvalidKey")])
def test_response_that_refuses_an_allowed_request(world: World, body: str, code: str) -> None:
    explanation = explain(world.boto(URL), world.trusted, at=NOW, response=body)
    assert explanation.headline == f"403 {code}, although these keys allow the request."
    assert (bool(explanation), explanation.allowed, explanation.code) == (False, False, code)
    assert explanation.verdict


def test_hint_for_a_page_depends_on_its_text() -> None:
    blocked, abroad = explain_response(BLOCKED), explain_response(ABROAD)
    assert blocked is not None
    assert abroad is not None
    assert blocked.headline == "403 from CloudFront, but not because of the signature."
    assert "WAF" in blocked.causes[0].hint
    assert "geographic restrictions" in abroad.causes[0].hint
    assert "WAF" not in abroad.causes[0].hint


def test_response_with_another_status(world: World) -> None:
    """The signature is only called right if the keys allow the request."""
    url = world.boto(URL)
    right = explain(url, world.trusted, at=NOW, response=BAD_GATEWAY)
    assert right.headline == "The signature is right, but the response was 502."
    assert "check the origin" in right.causes[0].hint
    unknown = explain(url, at=NOW, response=BAD_GATEWAY)
    assert "signature is right" not in str(unknown)
    assert unknown.causes[0].message == "The response was 502, which is never caused by a signature"
    wrong = explain(url, world.trusted, at=EXPIRES, response=BAD_GATEWAY)
    assert wrong.causes[0].mistake is Mistake.EXPIRED
    not_there = f"> GET /a HTTP/2\n> Host: h.example\n< HTTP/2 404\n{S3}"
    assert (
        "the response was 404" in explain(url, world.trusted, at=NOW, response=not_there).headline
    )
    for status in ("200", "304", "403"):
        fine = BAD_GATEWAY.partition("<!")[0].replace("502", status)
        assert explain(url, world.trusted, at=NOW, response=fine).causes == ()


def test_text_without_an_error_response() -> None:
    assert explain_response("hello") is None
