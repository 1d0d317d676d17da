"""The public names of `cfsign`, and the packages that it does not import."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from importlib import metadata
from types import ModuleType

import pytest

import cfsign

PUBLIC = {
    "Allow",
    "AsyncPrivateKey",
    "BaseSigner",
    "Cause",
    "CfsignError",
    "CfsignWarning",
    "Conditions",
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
    "Problem",
    "Reason",
    "ResourceError",
    "SignedCookies",
    "SignedPolicy",
    "Signer",
    "SigningKeyError",
    "TrustedKeyGroup",
    "Verdict",
    "decide",
    "explain",
    "load_private_key",
    "load_public_key",
}

NEVER_IMPORTED = {
    "boto3",
    "botocore",
    "click",
    "cryptography",
    "django",
    "falcon",
    "fastapi",
    "flask",
    "starlette",
    "werkzeug",
}


def run_python(code: str) -> set[str]:
    """Run *code* in a new interpreter and return the words that it prints."""
    completed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return set(completed.stdout.split())


def test_public_names_are_the_listed_ones() -> None:
    assert set(cfsign.__all__) == PUBLIC
    assert cfsign.__all__ == sorted(cfsign.__all__)
    names = {name for name in dir(cfsign) if not name.startswith("_")}
    modules = {name for name in names if isinstance(getattr(cfsign, name), ModuleType)}
    assert names - modules - {"TYPE_CHECKING"} == PUBLIC


def test_type_checkers_see_the_same_names_from_the_same_modules() -> None:
    """They read the imports under TYPE_CHECKING, and Python reads the table."""
    tree = ast.parse(inspect.getsource(cfsign))
    imports = {
        alias.name: statement.module
        for block in tree.body
        if isinstance(block, ast.If)
        for statement in block.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
    assert imports == cfsign._MODULES  # type: ignore[attr-defined]


def test_version_is_that_of_the_distribution() -> None:
    assert cfsign.__version__ == metadata.version("cloudfront-cfsign")
    assert "__version__" in dir(cfsign)
    assert not run_python("import cfsign, sys; print(*sys.modules)") & {"importlib.metadata"}


def test_star_import_imports_all_public_names() -> None:
    """Also the names that are imported lazily."""
    assert run_python("from cfsign import *; print(*(n for n in dir() if n[0] != '_'))") == PUBLIC


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_public_name_can_be_imported_first(name: str) -> None:
    """Lazy imports work in any order, and return the same object each time."""
    run_python(f"import cfsign; assert cfsign.{name} is cfsign.{name}; from cfsign import {name}")


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'cfsign' has no attribute 'explian'"):
        getattr(cfsign, "explian")  # noqa: B009  # mypy rejects cfsign.explian
    with pytest.raises(ImportError, match="explian"):
        from cfsign import explian  # type: ignore[attr-defined]  # noqa: F401


def test_public_names_have_docstrings() -> None:
    for name in PUBLIC:
        assert (getattr(cfsign, name).__doc__ or "").strip(), name


def test_import_loads_no_framework_and_no_backend() -> None:
    """Also with the edge and the checking side."""
    modules = run_python("import sys, cfsign, cfsign.edge; print('\\n'.join(sys.modules))")
    packages = {name.partition(".")[0] for name in modules}
    assert "cfsign" in packages
    assert not packages & NEVER_IMPORTED
