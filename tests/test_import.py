"""`import cfsign` imports few modules, so that commands and workers start fast."""

import subprocess
import sys

import pytest

# Each takes milliseconds, and most users do not need it at import.
NEVER_IMPORTED = {
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
    "starlette",
    "werkzeug",
}


def test_import_loads_no_framework_or_backend():
    imported = {name.partition(".")[0] for name in list_imports("import cfsign")}
    assert "cfsign" in imported
    assert not imported & NEVER_IMPORTED


# Needed only to read a key, check a request or read settings.
LATER = {
    "cfsign.config.configuration",
    "cfsign.checking.credential",
    "cfsign.explanation",
    "cfsign.keyring.document",
    "cfsign.keyring.ring",
    "cfsign.keys.cryptography_backend",
    "cfsign.keys.pem",
    "cfsign.keys.rsa_backend",
    "cfsign.checking.matching",
    "cfsign.checking.statement",
    "cfsign.checking.key_group",
    "cfsign.checking.verdict",
    "hashlib",
    "json",
    "pathlib",
}

# Not needed to sign whole URLs with an expiry in seconds.
FOR_SITES = {
    "cfsign.views.decision",
    "cfsign.views.handler",
    "cfsign.signing.distribution",
    "cfsign.config.headers",
    "cfsign.views.options",
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
def test_import_loads_only_what_is_needed(statement: str, unneeded: set[str]) -> None:
    assert list_imports(statement) & unneeded == set()


@pytest.mark.parametrize(
    "package",
    ["cfsign_django.views", "cfsign_falcon.asgi", "cfsign_flask", "cfsign_starlette"],
)
def test_adapter_imports_nothing_of_opentelemetry(package: str) -> None:
    """An application without it must work, and one with it must ask for it."""
    pytest.importorskip(package.partition(".")[0].removeprefix("cfsign_"))
    statement = f"import {package}, cfsign.observers"
    assert not [name for name in list_imports(statement) if name.startswith("opentelemetry")]


def list_imports(statement: str) -> set[str]:
    """Return the modules that *statement* loads in a new interpreter."""
    code = f"import sys; old = set(sys.modules); {statement}; print(*set(sys.modules) - old)"
    completed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(completed.stdout.split())


@pytest.mark.parametrize(
    ("package", "framework"),
    [("cfsign_django", "Django"), ("cfsign_falcon", "Falcon"), ("cfsign_flask", "Flask")],
)
def test_adapter_without_its_framework_says_what_to_install(package: str, framework: str) -> None:
    """In one sentence, without the traceback of a nested import."""
    name = framework.lower()
    program = f"import sys; sys.modules[{name!r}] = None; import {package}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    last = done.stderr.splitlines()[-1]
    assert last == (
        f"ModuleNotFoundError: {package} needs {framework}: pip install 'cloudfront-cfsign[{name}]'"
    )
    assert "another exception occurred" not in done.stderr
