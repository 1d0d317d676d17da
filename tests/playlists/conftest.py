"""A folder's signature, and node's URL parser."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cfsign import Distribution, SignedPolicy, Signer

HOST = "https://media.example.com"
FOLDER = f"{HOST}/videos/42/"
EXPIRY = 1999999999

Resolve = Callable[[str, str], str | None]


@pytest.fixture(scope="session")
def signed_policy(signer: Signer) -> SignedPolicy:
    """The signature of the folder `videos/42`."""
    return Distribution(HOST, signer).sign_folder("videos/42", expires_at=EXPIRY)


@pytest.fixture(scope="session")
def query(signed_policy: SignedPolicy) -> str:
    """The query of a URL that has no other query than the signature."""
    return signed_policy.url(FOLDER).partition("?")[2]


@pytest.fixture(scope="session")
def resolve() -> Iterator[Resolve]:
    """A function that resolves a URI as browsers do, by node's URL; None for no URL."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    script = Path(__file__).parents[1] / "javascript" / "resolve.mjs"
    command = [node, str(script)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout

        def run(uri: str, base: str) -> str | None:
            assert process.stdin
            assert process.stdout
            process.stdin.write(json.dumps([uri, base]) + "\n")
            process.stdin.flush()
            found: str | None = json.loads(process.stdout.readline())
            return found

        yield run
        process.stdin.close()


def mark(text: str, query: str) -> str:
    """Return *text* with `^` in place of each signature and the `?` or `&` before it."""
    return re.sub(rf"[?&]{re.escape(query)}", "^", text)
