"""docs/checking.md lists every form."""

from __future__ import annotations

from pathlib import Path

from cfsign.explanation.readers import READERS

PAGE = Path(__file__).parents[3] / "docs" / "checking.md"


def test_page_lists_the_forms_in_their_order() -> None:
    lines = PAGE.read_text("utf-8").splitlines()
    listed = [line.split("|")[1].strip() for line in lines if line.startswith(("| a ", "| an "))]
    listed += [line.split("|")[1].strip() for line in lines if line.startswith("| HTTP/2")]
    assert sorted(listed) == sorted(reader.form for reader in READERS)
