"""Write a diagnosis as text for people, or as JSON for programs."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from dataclasses import asdict

from cfsign.doctor.diagnosis import LEVELS
from cfsign.errors import Problem

_WIDTH = 100


def as_text(source: str, problems: Sequence[Problem]) -> str:
    """Return *problems* as aligned lines, each hint below its message."""
    counts = [(sum(each.level == level for each in problems), level) for level in LEVELS]
    summary = [f"{count} {level}{'s' if count > 1 else ''}" for count, level in counts if count]
    lines = [f"The settings of {source}: {', '.join(summary) or 'no problems'}"]
    labels = [problem.setting or "settings" for problem in problems]
    width = max(map(len, labels), default=0)
    for problem, label in zip(problems, labels, strict=True):
        head = f"{problem.level:<7}  {label:<{width}}  "
        lines += _wrap(head, problem.message)
        if problem.hint:
            lines += _wrap(" " * len(head) + "-> ", problem.hint)
    return "\n".join(lines)


def as_json(source: str, problems: Sequence[Problem]) -> str:
    """
    Return *problems* as one JSON object.

        {"source": "the environment",
         "ok": false,                         true if there is no error
         "counts": {"error": 1, "warning": 0, "note": 2},
         "problems": [{"setting": "CLOUDFRONT_DOMAIN",
                       "message": "...",      what is wrong
                       "hint": "...",         how to fix it, or ""
                       "level": "error",      or "warning", "note"; errors first
                       "rule": "domain"}]}    the check that found it
    """
    counts = {level: sum(each.level == level for each in problems) for level in LEVELS}
    report = {
        "source": source,
        "ok": not counts["error"],
        "counts": counts,
        "problems": [asdict(problem) for problem in problems],
    }
    return json.dumps(report, indent=2, ensure_ascii=False)


def _wrap(head: str, text: str) -> list[str]:
    # Paths and commands are not broken, so that they can be copied.
    return textwrap.wrap(
        text,
        max(_WIDTH, len(head) + 40),
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )
