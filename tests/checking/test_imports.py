"""Checking does not share code with signing."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

import cfsign

PACKAGE = Path(cfsign.__file__).parent
FOLDERS = ("checking", "edge")
FILES = [file for folder in FOLDERS for file in (PACKAGE / folder).glob("*.py")]
ALLOWED = re.compile(
    r"cfsign\.(checking|edge|explanation|keys|errors|limits|redaction|utils)(\.\w+)*"
)


def list_imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0
            found.add(node.module or "")
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}.{file.stem}")
def test_nothing_is_imported_from_signing(file: Path) -> None:
    """A bug in signing must not be hidden by the same bug here. No third party is needed either."""
    names = list_imports(file)
    ours = {name for name in names if name.startswith("cfsign")}
    assert not {name for name in ours if not ALLOWED.fullmatch(name)}
    others = {item.partition(".")[0] for item in names} - {"cfsign"}
    assert others <= set(sys.stdlib_module_names)
