"""The checking side stands alone."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import cfsign.verdict

PACKAGE = Path(cfsign.verdict.__file__).parent
MODULES = ("verdict", "credential", "statement", "matching", "request", "trusted_keys")
FILES = [*(PACKAGE / f"{name}.py" for name in MODULES), *(PACKAGE / "edge").glob("*.py")]
PROJECT = {f"cfsign.{name}" for name in (*MODULES, "errors", "explanation", "keys")}
PROJECT |= {f"cfsign.edge.{file.stem}" for file in (PACKAGE / "edge").glob("*.py")}


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0
            found.add(node.module or "")
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_nothing_of_the_signing_side_is_imported(file: Path) -> None:
    """A bug of the signing side must not cancel itself out here; nor is a third party needed."""
    names = imported(file)
    assert {item for item in names if item.startswith("cfsign")} <= PROJECT
    others = {item.partition(".")[0] for item in names} - {"cfsign"}
    assert others <= set(sys.stdlib_module_names)
