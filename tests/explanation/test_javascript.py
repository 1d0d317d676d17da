"""Mistakes that are easy to make with AWS's JavaScript SDK, made with it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

from cfsign import Mistake, explain
from tests.explanation.makers import CANNED, EXPIRES, NOW, World, canned

PACKAGE = "@aws-sdk/cloudfront-signer@3"
URL = "https://media.example.com/images/horizon.jpg"
UNTIL = "2026-01-01T01:00:00.000Z"
POLICY = {"Statement": [{"Resource": URL, "Condition": {}}]}

SIGN = """
const signer = require("@aws-sdk/cloudfront-signer");
const given = JSON.parse(require("fs").readFileSync(0, "utf8"));
const signed = given.cookies ? signer.getSignedCookies(given.options)
                             : signer.getSignedUrl(given.options);
process.stdout.write(JSON.stringify(signed));
"""


@pytest.fixture(scope="session")
def modules() -> Path:
    """The SDK, installed once per machine into a temporary folder."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("node is not installed")
    folder = Path(tempfile.gettempdir()) / f"cfsign-javascript-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    if not (folder / "node_modules" / "@aws-sdk" / "cloudfront-signer").exists():
        options = ("--no-save", "--no-package-lock", "--silent", "--prefix", str(folder))
        done = subprocess.run(
            [npm, "install", *options, PACKAGE], cwd=folder, check=False, timeout=300
        )
        if done.returncode:
            pytest.skip(f"npm cannot install {PACKAGE}")
    return folder


@pytest.fixture
def javascript(modules: Path, world: World) -> Any:
    """A function that signs with the SDK."""

    def sign(*, cookies: bool = False, **options: Any) -> Any:
        keys = {"keyPairId": world.rsa.key_pair_id, "privateKey": world.rsa.pem.decode()}
        done = subprocess.run(
            ["node", "-e", SIGN],
            input=json.dumps({"cookies": cookies, "options": {**keys, **options}}),
            cwd=modules,
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(done.stdout)

    return sign


def find_first(world: World, url: str, **more: Any) -> Mistake | None:
    causes = explain(url, world.trusted, **{"at": NOW} | more).causes
    return causes[0].mistake if causes else None


def test_right_use_is_allowed(world: World, javascript: Any) -> None:
    signed = javascript(url=URL, dateLessThan=UNTIL)
    assert f"Expires={EXPIRES}" in signed
    assert explain(signed, world.trusted, at=NOW).allowed


@pytest.mark.parametrize(
    ("options", "mistake"),
    [
        ({"url": URL, "dateLessThan": EXPIRES}, Mistake.SECONDS_FOR_MILLISECONDS),
        ({"url": URL, "dateLessThan": EXPIRES * 1_000_000}, Mistake.MILLISECONDS),
        ({"url": f"{URL}?Expires=1", "dateLessThan": UNTIL}, Mistake.PARAMETER_TWICE),
        (
            {"url": URL, "dateLessThan": UNTIL, "dateGreaterThan": "2026-01-01T00:30:00.000Z"},
            Mistake.NOT_YET_VALID,
        ),
        ({"url": URL, "policy": json.dumps(POLICY)}, Mistake.NO_DATE_LESS_THAN),
    ],
)
def test_mistake(world: World, javascript: Any, options: dict[str, Any], mistake: Mistake) -> None:
    assert find_first(world, javascript(**options)) is mistake


def test_cookies_for_a_wildcard_are_canned(world: World, javascript: Any) -> None:
    """Such cookies never work, and the SDK does not report it (aws/aws-sdk-js#2870)."""
    folder = URL.replace("horizon.jpg", "*")
    cookies = javascript(cookies=True, url=folder, dateLessThan=UNTIL)
    assert "CloudFront-Expires" in cookies
    sent = {name: str(value) for name, value in cookies.items()}
    assert find_first(world, URL, cookies=sent) is Mistake.WILDCARD_IN_CANNED


def test_browser_encodes_an_apostrophe_in_the_query(world: World, javascript: Any) -> None:
    """Reported as aws/aws-sdk-js-v3#7428. A version of the SDK that encodes it too is allowed."""
    signed = javascript(url=f"{URL}?name=it's", dateLessThan=UNTIL)
    expected = Mistake.APOSTROPHE if "'" in signed else None
    assert find_first(world, signed.replace("'", "%27")) is expected


def test_webcrypto_signature_is_in_raw_form(world: World, modules: Path) -> None:
    """Signed with Node's ieee-p1363 encoding of ECDSA."""
    script = """
    const crypto = require("crypto"), fs = require("fs");
    const given = JSON.parse(fs.readFileSync(0, "utf8"));
    const key = {key: given.pem, dsaEncoding: "ieee-p1363"};
    process.stdout.write(crypto.sign("sha1", Buffer.from(given.text), key).toString("hex"));
    """
    given = {"pem": world.ec.pem.decode(), "text": CANNED % (URL, EXPIRES)}
    done = subprocess.run(
        ["node", "-e", script],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=True,
    )
    signed = canned(URL, bytes.fromhex(done.stdout), world.ec)
    assert find_first(world, signed) is Mistake.RAW_ECDSA
