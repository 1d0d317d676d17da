"""Public means listed: the names of `cfsign`, and what importing it does not import."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import cfsign

PUBLIC = {
    "Allow",
    "Answer",
    "Asked",
    "AsyncPrivateKey",
    "BaseSigner",
    "Cause",
    "Caution",
    "CfsignError",
    "CfsignWarning",
    "Configuration",
    "ConfigurationError",
    "DecisionError",
    "Delivery",
    "Deny",
    "Desk",
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
    "Site",
    "TrustedKeyGroup",
    "Verdict",
    "ViewOptions",
    "cautions_of",
    "choose_backend",
    "decide",
    "explain",
    "load_private_key",
    "split_location",
}

IN_NO_CASE = {"flask", "django", "falcon", "werkzeug", "cryptography", "boto3", "botocore", "click"}


def test_public_names_are_those_listed() -> None:
    """No more, so that nothing becomes public by accident, and no fewer."""
    names = {
        name
        for name, value in vars(cfsign).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
    }
    assert names == PUBLIC


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
