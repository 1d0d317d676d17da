"""
Comparison with AWS's signer for JavaScript, `@aws-sdk/cloudfront-signer`, which knows SHA-256.

It is installed from npm once a session, into a temporary folder; it is not part of this project.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from cfsign import Policy, Signer, TrustedKeyGroup, load_private_key

PACKAGE = "@aws-sdk/cloudfront-signer@^3"
SCRIPT = Path(__file__).parents[1] / "javascript" / "sign.mjs"
KEY_PAIR_ID = "K2JCJMDEHXQW5F"

NOW = 1767225600
LATER = NOW + 3600
CLIENT = "192.0.2.44"
URLS = ["https://d111111abcdef8.cloudfront.net/videos/42/1.ts?size=large&k=", "https://e.com/a%20b"]

# At most one condition besides the expiry: their signer orders two differently.
CONDITIONS: dict[str, dict[str, Any]] = {
    "canned": {},
    "address": {"ip_address": "192.0.2.0/24"},
    "start": {"starts_at": NOW - 60},
}

JavaScript = Callable[[list[dict[str, Any]]], list[Any]]


@pytest.fixture(scope="session")
def javascript(tmp_path_factory: pytest.TempPathFactory) -> JavaScript:
    """A function that calls AWS's signer with options and returns URLs and cookies."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        pytest.skip("node and npm are not installed")
    folder = tmp_path_factory.mktemp("javascript")
    (folder / "package.json").write_text('{"private": true}')
    options = ("--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts")
    try:
        subprocess.run(
            [npm, "install", *options, PACKAGE],
            cwd=folder,
            check=True,
            capture_output=True,
            timeout=60,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        pytest.skip(f"npm cannot install {PACKAGE}: no network, or no registry")

    def run(asked: list[dict[str, Any]]) -> list[Any]:
        request = json.dumps(asked).encode()
        done = subprocess.run(
            [node, SCRIPT], cwd=folder, input=request, check=True, capture_output=True, timeout=60
        )
        results: list[Any] = json.loads(done.stdout)
        return results

    return run


def build_options(
    url: str, condition: Mapping[str, Any], pem: str, algorithm: str
) -> dict[str, Any]:
    """Return the options of AWS's signer for what is to be signed."""
    asked = {"url": url, "keyPairId": KEY_PAIR_ID, "privateKey": pem, "algorithm": algorithm}
    asked["dateLessThan"] = iso(LATER)
    if "ip_address" in condition:
        asked["ipAddress"] = condition["ip_address"]
    if "starts_at" in condition:
        asked["dateGreaterThan"] = iso(condition["starts_at"])
    return asked


def iso(timestamp: int) -> str:
    return datetime.fromtimestamp(timestamp, UTC).isoformat()


def parameters(signed: str, url: str) -> dict[str, str]:
    assert signed.startswith(url)
    return dict(parse_qsl(signed[len(url) + 1 :], strict_parsing=True))


CASES = [(url, name) for url in URLS for name in CONDITIONS]


@pytest.mark.parametrize("algorithm", ["SHA1", "SHA256"])
def test_rsa_signatures_are_equal(
    javascript: JavaScript, backend: str, pem: str, algorithm: str
) -> None:
    """Each parameter and each cookie: the policy, the signature and the hash algorithm."""
    asked = [build_options(url, CONDITIONS[name], pem, algorithm) for url, name in CASES]
    signed = javascript(asked + [{**options, "cookies": True} for options in asked])
    key = load_private_key(pem, backend=backend)
    signer = Signer(KEY_PAIR_ID, key, hash_algorithm=algorithm)
    for number, (url, name) in enumerate(CASES):
        ours = signer.sign_policy(Policy(url, LATER, **CONDITIONS[name]))
        assert parameters(ours.url(url), url) == parameters(signed[number], url)
        cookies = {name: str(value) for name, value in signed[number + len(CASES)].items()}
        assert dict(ours.cookies()) == cookies
        assert ("CloudFront-Hash-Algorithm" in cookies) == (algorithm == "SHA256")


@pytest.mark.parametrize("algorithm", ["SHA1", "SHA256"])
def test_ecdsa_signatures_are_allowed(
    javascript: JavaScript,
    openssl: Callable[..., bytes],
    ec_pem: str,
    ec_sec1_pem: str,
    algorithm: str,
) -> None:
    """ECDSA signatures differ each time; everything else is equal."""
    pytest.importorskip("cryptography")
    for pem in (ec_pem, ec_sec1_pem):
        edge = TrustedKeyGroup({KEY_PAIR_ID: openssl("pkey", "-pubout", given=pem)})
        asked = [build_options(url, CONDITIONS[name], pem, algorithm) for url, name in CASES]
        signed = javascript(asked + [{**options, "cookies": True} for options in asked])
        signer = Signer(KEY_PAIR_ID, pem, hash_algorithm=algorithm)
        for number, (url, name) in enumerate(CASES):
            their_url, their_cookies = signed[number], signed[number + len(CASES)]
            assert edge.check(their_url, at=NOW, ip_address=CLIENT)
            cookies = {name: str(value) for name, value in their_cookies.items()}
            assert edge.check(url, cookies=cookies, at=NOW, ip_address=CLIENT)
            ours = signer.sign_policy(Policy(url, LATER, **CONDITIONS[name])).url(url)
            assert edge.check(ours, at=NOW, ip_address=CLIENT)
            expected = parameters(their_url, url) | {"Signature": ""}
            assert parameters(ours, url) | {"Signature": ""} == expected
