"""What `import cfsign` brings in: little, so that a command or a worker starts at once."""

import subprocess
import sys

import pytest

# Each takes milliseconds, and is needed by some users or at some moments only.
NOT_BROUGHT = {
    "asyncio",
    "boto3",
    "botocore",
    "click",
    "concurrent",
    "cryptography",
    "difflib",
    "django",
    "falcon",
    "flask",
    "http",
    "logging",
    "rsa",
    "socket",
    "ssl",
    "werkzeug",
}


def test_the_import_brings_in_no_framework_backend_or_loop():
    """In a process of its own, without what `site` imports for the tests' sake."""
    brought = {name.partition(".")[0] for name in brought_by("import cfsign")}
    assert "cfsign" in brought
    assert not brought & NOT_BROUGHT


# What is needed when a key is read, a request is judged or settings are checked.
LATER = {
    "cfsign.config.configuration",
    "cfsign.checking.credential",
    "cfsign.explanation",
    "cfsign.keyring.key_pair",
    "cfsign.keyring.ring",
    "cfsign.keys.cryptography_backend",
    "cfsign.keys.pem",
    "cfsign.keys.rsa_backend",
    "cfsign.keys.source",
    "cfsign.checking.matching",
    "cfsign.checking.statement",
    "cfsign.checking.key_group",
    "cfsign.checking.verdict",
    "hashlib",
    "json",
    "pathlib",
}

# What whoever signs whole URLs until a number of seconds never needs: plain paths, decisions,
# deliveries, and their like.
FOR_SITES = {
    "cfsign.views.decision",
    "cfsign.views.handler",
    "cfsign.signing.distribution",
    "cfsign.config.headers",
    "cfsign.views.options",
    "cfsign.signing.path",
    "cfsign.views.response",
    "cfsign.config.fields",
    "cfsign.signing.cache",
    "datetime",
    "ipaddress",
    "urllib",
}


@pytest.mark.parametrize(
    ("statement", "unneeded"),
    [
        ("import cfsign", LATER | FOR_SITES),
        ("from cfsign import Policy, SignedCookies, Signer", LATER | FOR_SITES),
        ("from cfsign import Distribution, Policy, SignedCookies, Signer", LATER),
    ],
)
def test_what_is_needed_later_is_imported_later(statement: str, unneeded: set[str]) -> None:
    """Each of these would add its milliseconds to each command and each worker."""
    assert brought_by(statement) & unneeded == set()


def brought_by(statement: str) -> set[str]:
    """Give the modules that a fresh interpreter has behind *statement* and had not before."""
    code = f"import sys; old = set(sys.modules); {statement}; print(*set(sys.modules) - old)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split())
