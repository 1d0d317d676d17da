"""Check the signatures of the test vectors that cover the AWS SDKs."""

from __future__ import annotations

import base64
import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from cfsign.checking.key_group import TrustedKeyGroup
from cfsign.checking.verdict import Reason
from cfsign.errors import CfsignWarning

VECTORS = Path(__file__).parents[2].parent / "shared" / "vectors"
CASES = {
    case["id"]: case
    for case in (json.loads((VECTORS / "test-cases.json").read_text()) if VECTORS.is_dir() else [])
}
pytestmark = pytest.mark.skipif(not CASES, reason=f"the vectors are not at {VECTORS}")

EXPIRES = 1_767_290_400
CLIENTS = {"192.168.0.0/24": "192.168.0.9", "10.0.0.0/8": "10.1.2.3"}


@pytest.fixture(scope="module")
def vector_group(openssl: Any) -> TrustedKeyGroup:
    """Both keys of the vectors. The RSA key has 1,024 bits."""
    pytest.importorskip("cryptography")
    keys = {"K1TESTKEY": "test-rsa-key.pem", "K2ECDSATEST": "test-ecdsa-key.pem"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CfsignWarning)
        return TrustedKeyGroup(
            {
                name: openssl("pkey", "-in", str(VECTORS / file), "-pubout")
                for name, file in keys.items()
            }
        )


def build_request(case: dict[str, Any]) -> tuple[str, dict[str, str], str | None]:
    """Return the URL, the cookies and the client's address of a case."""
    expected, given = case["expected"], case["input"]
    url = expected.get("applyTo", given["resource"])
    client = CLIENTS.get(given.get("ipRange"))
    if "cookies" in expected:
        return url.replace("*", "any/file"), expected["cookies"], client
    text = base64.b64encode(expected["policyJson"].encode()).decode()
    parameters = {**expected["queryParams"], "Signature": expected["signature"]}
    if "Expires" not in parameters:
        parameters["Policy"] = text.translate(str.maketrans("+=/", "-_~"))
    start = "&" if "?" in url else "?"
    query = "&".join(f"{name}={value}" for name, value in parameters.items() if name != "size")
    return url + start + query, {}, client


@pytest.mark.parametrize("name", [name for name in CASES if not name.startswith(("error", "json"))])
def test_signed_case_is_allowed_until_its_expiry(vector_group: TrustedKeyGroup, name: str) -> None:
    url, cookies, client = build_request(CASES[name])
    late = vector_group.check(url, cookies=cookies, at=EXPIRES, ip_address=client)
    assert vector_group.check(url, cookies=cookies, at=EXPIRES - 1, ip_address=client)
    assert late.reason is Reason.EXPIRED


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("json")])
def test_injected_policy_allows_nothing_else(vector_group: TrustedKeyGroup, name: str) -> None:
    """The policies are signed, but their injected part has no effect."""
    expected = CASES[name]["expected"]
    text = base64.b64encode(expected["policyJson"].encode()).decode()
    cookies = {
        "CloudFront-Policy": text.translate(str.maketrans("+=/", "-_~")),
        "CloudFront-Signature": expected["signature"],
        "CloudFront-Key-Pair-Id": "K1TESTKEY",
    }
    for url in ("https://example.com/other", "https://d111111abcdef8.cloudfront.net/image.jpg"):
        verdict = vector_group.check(url, cookies=cookies, at=EXPIRES - 1, ip_address="192.168.0.9")
        assert verdict.reason in (Reason.RESOURCE_MISMATCH, Reason.MALFORMED_POLICY)
