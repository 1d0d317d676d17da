"""Helpers of the tests of key rings: ids, and documents with their entries."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

OLD, NEW = "K1OLD", "K2NEW"
URL = "https://media.example.com/report.pdf"


def write(path: Path, *entries: Any) -> Path:
    """Replace the document atomically."""
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps({"keys": list(entries)}))
    os.replace(temporary, path)
    return path


def entry(key_pair_id: str, private_key: str, **more: Any) -> dict[str, Any]:
    return {"key_pair_id": key_pair_id, "private_key": private_key, **more}
