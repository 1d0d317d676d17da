"""The adapters hold no logic: each is short enough to be read at once."""

import ast
import io
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

#: Lines of code an adapter may have.
MOST = 250

_NO_CODE = {
    tokenize.COMMENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
    tokenize.INDENT,
    tokenize.NEWLINE,
    tokenize.NL,
}


def lines_of_code(source):
    """The numbers of the lines that hold code: neither blank nor a comment nor a docstring."""
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in _NO_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        if isinstance(node, documented) and ast.get_docstring(node) is not None:
            lines.difference_update(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return lines


SAMPLE = '''"""Module."""

# why
x = """a
b"""  # c


def f():
    """Doc.

    More.
    """
    return (
        1
    )
'''


def test_what_counts_as_a_line_of_code():
    """So that what is counted is what one thinks is."""
    assert sorted(lines_of_code(SAMPLE)) == [4, 5, 8, 13, 14, 15]


@pytest.mark.parametrize("adapter", ["cfsign_django", "cfsign_falcon", "cfsign_flask"])
def test_an_adapter_is_thin(adapter):
    """What it grows by belongs in the core."""
    files = sorted((ROOT / adapter).rglob("*.py"))
    counts = {str(path.relative_to(ROOT)): len(lines_of_code(path.read_text())) for path in files}
    assert files
    assert sum(counts.values()) <= MOST, (
        f"{adapter} has {sum(counts.values())} lines of code, and may have {MOST}; move what is "
        f"not its framework's into the core: {counts}"
    )
