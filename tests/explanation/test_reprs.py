"""The `repr` of internal objects: error reporters send it away."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

from cfsign.checking.credential import read_credential
from cfsign.checking.matching import ViewerURL
from cfsign.checking.request import read_request
from cfsign.checking.statement import read_custom_policy
from cfsign.edge.request import ViewerRequest
from cfsign.explanation.base64_variants import decode_variants
from cfsign.explanation.candidates.candidate import Candidate
from cfsign.explanation.candidates.documents import Document
from cfsign.explanation.cause import Mistake
from cfsign.explanation.context import read_context
from cfsign.explanation.readers import read_text

SECRET = "s3cretS3CRET"
URL = f"https://h.example/{SECRET}?Signature={SECRET}&Expires=1&Key-Pair-Id=K1&a={SECRET}"
COOKIES = f"a={SECRET}; CloudFront-Signature={SECRET}"
POLICY = (
    "eyJTdGF0ZW1lbnQiOlt7IlJlc291cmNlIjoiKiIsIkNvbmRpdGlvbiI6eyJEYXRlTGVzc1RoYW4iOnsi"
    "QVdTOkVwb2NoVGltZSI6MX19fV19"
)


@pytest.mark.parametrize(
    "build",
    [
        lambda: ViewerRequest("GET", URL, URL, COOKIES),
        lambda: ViewerURL.parse(URL),
        lambda: read_request(URL, COOKIES, 1, None),
        lambda: read_credential(URL.partition("?")[2]),
        lambda: read_context(URL, None, COOKIES, 1, None, (), None),
        lambda: read_text(f"{URL}\n<Error>{SECRET}</Error>"),
        lambda: read_text(f"Cookie: {COOKIES}"),
        lambda: decode_variants(b64encode(SECRET.encode()).decode()),
        lambda: Candidate(URL, Mistake.EXPIRED, "message", "hint"),
        lambda: Document(URL.encode()),
        lambda: read_custom_policy(POLICY),
    ],
)
def test_repr_shows_no_url_and_no_cookies(build: Callable[[], Any]) -> None:
    """Nor a policy, which has a URL in it."""
    text = repr(build())
    assert SECRET not in text
    assert "AWS:EpochTime" not in text


def test_repr_of_the_demo_shows_no_signature() -> None:
    pytest.importorskip("jinja2")
    pytest.importorskip("waitress")
    from cfsign.demo.servers import RecordedRequest
    from cfsign.demo.signed_url import SignedURL

    assert SECRET not in repr(SignedURL.parse(URL.replace(f"/{SECRET}", "/a")))
    assert SECRET not in repr(RecordedRequest(URL, SECRET, COOKIES))
