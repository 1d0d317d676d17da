"""The checking side stands alone."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import cfsign.verdict

MODULES = ("verdict", "credential", "statement", "matching", "request", "trusted_keys", "edge")
PROJECT = {f"cfsign.{name}" for name in (*MODULES, "errors", "keys")}


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0
            found.add(node.module or "")
    return found


@pytest.mark.parametrize("name", MODULES)
def test_nothing_of_the_signing_side_is_imported(name: str) -> None:
    """A bug of the signing side must not cancel itself out here; nor is a third party needed."""
    names = imported(Path(cfsign.verdict.__file__).with_name(f"{name}.py"))
    assert {item for item in names if item.startswith("cfsign")} <= PROJECT
    others = {item.partition(".")[0] for item in names} - {"cfsign"}
    assert others <= set(sys.stdlib_module_names)
