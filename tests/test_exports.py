"""Public means listed: the names of `cfsign`, and what importing it does not import."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import pytest

import cfsign

PUBLIC = {
    "Allow",
    "AsyncPrivateKey",
    "BaseSigner",
    "Cause",
    "Caution",
    "CfsignError",
    "CfsignWarning",
    "Configuration",
    "ConfigurationError",
    "DecisionError",
    "Deny",
    "Distribution",
    "Explanation",
    "Mistake",
    "KeyPair",
    "KeyRing",
    "KeyUnavailableError",
    "Policy",
    "PolicyError",
    "PrivateKey",
    "Reason",
    "ResourceError",
    "SignedCookies",
    "SignedPolicy",
    "Signer",
    "SigningKeyError",
    "TrustedKeyGroup",
    "Verdict",
    "cautions_of",
    "choose_backend",
    "decide",
    "explain",
    "load_private_key",
}

IN_NO_CASE = {"flask", "django", "falcon", "werkzeug", "cryptography", "boto3", "botocore", "click"}


def test_public_names_are_those_listed() -> None:
    """No more, so that nothing becomes public by accident, and no fewer."""
    assert set(cfsign.__all__) == PUBLIC
    assert cfsign.__all__ == sorted(cfsign.__all__)
    names = {name for name in dir(cfsign) if not name.startswith("_")}
    assert {name for name in names if not is_a_module(name)} - {"TYPE_CHECKING"} == PUBLIC


def is_a_module(name: str) -> bool:
    return isinstance(getattr(cfsign, name), ModuleType)


def test_all_public_names_come_with_a_star() -> None:
    """Those that are imported later, too; in a process of its own, where nothing else asked."""
    code = "from cfsign import *; print(*(name for name in dir() if name[0] != '_'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == PUBLIC


@pytest.mark.parametrize("name", sorted(cfsign._LATER))  # type: ignore[attr-defined]
def test_what_is_imported_later_can_be_asked_for_first(name: str) -> None:
    """In a process of its own; and it is the same one ever after."""
    code = f"import cfsign; assert cfsign.{name} is cfsign.{name}; from cfsign import {name}"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_is_not_there_is_no_name() -> None:
    """A slip of the pen is told as for any module."""
    with pytest.raises(AttributeError, match="module 'cfsign' has no attribute 'explian'"):
        getattr(cfsign, "explian")  # noqa: B009  # mypy would tell of the plain way
    with pytest.raises(ImportError, match="explian"):
        from cfsign import explian  # type: ignore[attr-defined]  # noqa: F401


def test_public_names_have_docstrings() -> None:
    """Whoever asks `help()` gets an answer."""
    for name in PUBLIC:
        assert (getattr(cfsign, name).__doc__ or "").strip(), name


def test_importing_imports_no_framework_and_no_backend() -> None:
    """In a fresh interpreter; with the edge and the checking side, too."""
    code = "import sys, cfsign, cfsign.edge; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = {name.partition(".")[0] for name in done.stdout.split()}
    assert "cfsign" in imported
    assert not imported & IN_NO_CASE
