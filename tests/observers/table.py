"""Write the audit line and the table of docs/events.md: `python -m tests.observers.table`."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import time_machine

from cfsign.observers import AuditLog
from tests.observers.run import make_decisions
from tests.observers.telemetry import Telemetry

PAGE = Path(__file__).parents[2] / "docs" / "events.md"
NOW = datetime(2026, 12, 1, 16, 51, 46, 123_456, UTC)


def build_line() -> str:
    """Return the audit log's first line of a run, as a code block."""
    stream = io.StringIO()
    make_decisions([AuditLog(stream, fields=lambda request: {"user": "ada"})])
    line = json.loads(stream.getvalue().splitlines()[0])
    line["duration"] = 0.000_571  # each run takes another time
    return f"```json\n{json.dumps(line)}\n```"


def build_table() -> str:
    """Return what OpenTelemetry's exporters received in a run."""
    telemetry = Telemetry()
    observer = telemetry.make_observer()
    observer.add_key_ring(make_decisions([observer]), max_expires_in=360)
    spans = Counter((span.name, _describe(span.attributes)) for span in telemetry.read_spans())
    return "\n".join(
        [
            "| signal | name | attributes | received |",
            "|---|---|---|---|",
            *(f"| span | `{name}` | {text} | {spans[name, text]} |" for name, text in spans),
            *_describe_metrics(telemetry),
        ]
    )


def _describe_metrics(telemetry: Telemetry) -> Iterator[str]:
    for name, metric in telemetry.read_metrics().items():
        for attributes, point in telemetry.read_points(name):
            if hasattr(point, "count"):
                kind, value = "histogram", f"{point.count} recorded"
            else:
                kind = "counter" if hasattr(metric.data, "is_monotonic") else "gauge"
                value = str(round(point.value))
            yield f"| {kind}, `{metric.unit}` | `{name}` | {_describe(attributes)} | {value} |"


def _describe(attributes: Any) -> str:
    pairs = sorted(attributes.items())
    return ", ".join(f"`{name}` = {json.dumps(value).strip(chr(34))}" for name, value in pairs)


def replace_parts(text: str) -> str:
    """Return the page with a new line and a new table; raises ValueError without markers."""
    with time_machine.travel(NOW, tick=False):
        parts = {"audit": build_line(), "telemetry": build_table()}
    for name, part in parts.items():
        pattern = re.compile(f"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        if pattern.search(text) is None:
            raise ValueError(f"{PAGE.name} has no <!-- {name} --> and <!-- /{name} -->")
        text = pattern.sub(lambda found, part=part: f"{found[1]}\n{part}\n\n{found[2]}", text)
    return text


if __name__ == "__main__":
    PAGE.write_text(replace_parts(PAGE.read_text("utf-8")), "utf-8")
