"""Mistakes that are easy to make with AWS's JavaScript SDK, made with it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cfsign import Mistake, explain
from tests.explanation.makers import CANNED, EXPIRES, NOW, World, canned

PACKAGE = "@aws-sdk/cloudfront-signer"
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


def install(version: str) -> Path:
    """Install the SDK, once per machine, and return its folder below the temporary one."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("node is not installed")
    folder = Path(tempfile.gettempdir()) / f"cfsign-javascript-{os.getuid()}-{version}"
    folder.mkdir(exist_ok=True)
    if not (folder / "node_modules" / "@aws-sdk" / "cloudfront-signer").exists():
        options = ("--no-save", "--no-package-lock", "--silent", "--prefix", str(folder))
        package = f"{PACKAGE}@{version}"
        done = subprocess.run(
            [npm, "install", *options, package], cwd=folder, check=False, timeout=300
        )
        if done.returncode:
            pytest.skip(f"npm cannot install {package}")
    return folder


@pytest.fixture(scope="session")
def modules() -> Path:
    return install("3")


Sign = Callable[..., Any]


def build_signer(modules: Path, world: World) -> Sign:
    """Return a function that signs with the SDK."""

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


@pytest.fixture
def javascript(modules: Path, world: World) -> Sign:
    return build_signer(modules, world)


@pytest.fixture
def old_javascript(world: World) -> Sign:
    """The last version that signs the URL as it is given, and returns it encoded."""
    return build_signer(install("3.1046"), world)


def find_first(world: World, url: str, **more: Any) -> Mistake | None:
    causes = explain(url, world.trusted, **{"at": NOW} | more).causes
    return causes[0].mistake if causes else None


def test_right_use_is_allowed(world: World, javascript: Sign) -> None:
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
def test_mistake(world: World, javascript: Sign, options: dict[str, Any], mistake: Mistake) -> None:
    assert find_first(world, javascript(**options)) is mistake


def test_cookies_for_a_wildcard_are_canned(world: World, javascript: Sign) -> None:
    """Such cookies never work, and the SDK does not report it (aws/aws-sdk-js#2870)."""
    folder = URL.replace("horizon.jpg", "*")
    cookies = javascript(cookies=True, url=folder, dateLessThan=UNTIL)
    assert "CloudFront-Expires" in cookies
    sent = {name: str(value) for name, value in cookies.items()}
    assert find_first(world, URL, cookies=sent) is Mistake.WILDCARD_IN_CANNED


def test_browser_encodes_an_apostrophe_in_the_query(world: World, javascript: Sign) -> None:
    """Reported as aws/aws-sdk-js-v3#7428. A version of the SDK that encodes it too is allowed."""
    signed = javascript(url=f"{URL}?name=it's", dateLessThan=UNTIL)
    expected = Mistake.APOSTROPHE if "'" in signed else None
    assert find_first(world, signed.replace("'", "%27")) is expected


@pytest.mark.parametrize("limits", [{}, {"ipAddress": "0.0.0.0/0"}], ids=["canned", "custom"])
@pytest.mark.parametrize(
    ("rest", "mistakes"),
    [
        ('/a "b".pdf', {Mistake.UNENCODED}),
        (
            '/a.pdf?response-content-disposition=attachment; filename="a b.pdf"',
            {Mistake.RE_ENCODED, Mistake.UNENCODED},
        ),
        (
            '/a.pdf?response-content-disposition=attachment%3B%20filename%3D"a b.pdf"',
            {Mistake.UNENCODED},
        ),
        ("/a(1),b=c@d.pdf?q=a,b:c/d", {Mistake.RE_ENCODED}),
        ("/a+b(1).jpg?x=a+b(1)", {Mistake.RE_ENCODED}),
        ("/a.jpg?a=1&", {Mistake.QUERY_REWRITTEN}),
        ("/ä ö (1).jpg?n=ü", {Mistake.UNENCODED}),
    ],
    ids=["quoted", "header", "partly-encoded", "delimiters", "plus", "empty", "umlauts"],
)
def test_old_signer_encodes_after_signing(
    world: World, old_javascript: Sign, rest: str, mistakes: set[Mistake], limits: dict[str, str]
) -> None:
    url = f"https://media.example.com{rest}"
    signed = old_javascript(url=url, dateLessThan=UNTIL, **limits)
    assert find_first(world, signed, ip_address="192.0.2.1") in mistakes


def test_old_signer_with_cookies_over_a_quoted_file_name(
    world: World, old_javascript: Sign
) -> None:
    url = 'https://media.example.com/"a" b.pdf'
    cookies = old_javascript(cookies=True, url=url, dateLessThan=UNTIL)
    requested = url.replace('"', "%22").replace(" ", "%20")
    sent = {name: str(value) for name, value in cookies.items()}
    assert find_first(world, requested, cookies=sent) is Mistake.UNENCODED


def test_signer_keeps_capitals_in_the_host(world: World, javascript: Sign) -> None:
    signed = javascript(url=URL.replace("media.example", "Media.Example"), dateLessThan=UNTIL)
    requested = signed.replace("Media.Example", "media.example")
    assert find_first(world, requested) is Mistake.HOST


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
