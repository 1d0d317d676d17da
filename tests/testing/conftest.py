"""An edge around a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from cfsign.testing import Edge


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a b.txt").write_text("the file")
    return tmp_path


@pytest.fixture
def edge(cloudfront_edge: Callable[..., Edge], folder: Path) -> Edge:
    return cloudfront_edge(folder)
