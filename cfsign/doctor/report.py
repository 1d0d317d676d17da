"""The findings as lines for a person, or as JSON for a machine."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from dataclasses import asdict

from cfsign.doctor.finding import SEVERITIES, Finding, Severity

_WIDTH = 100


def as_text(source: str, findings: Sequence[Finding]) -> str:
    """Write the findings as aligned lines, each mend below what it mends."""
    lines = [f"The settings of {source}: {_summary(findings)}"]
    setting_width = max((len(finding.setting) for finding in findings), default=0)
    for finding in findings:
        head = f"{finding.severity:<7}  {finding.setting:<{setting_width}}  "
        lines += _wrapped(head, finding.found)
        if finding.mend:
            lines += _wrapped(" " * len(head) + "-> ", finding.mend)
    return "\n".join(lines)


def as_json(source: str, findings: Sequence[Finding]) -> str:
    """
    Write the findings as one JSON object.

        {"source": "the environment",
         "ok": false,                         whether there is no error
         "counts": {"error": 1, "warning": 0, "note": 2},
         "findings": [{"severity": "error",   or "warning", "note"; errors first
                       "setting": "CLOUDFRONT_DOMAIN",
                       "found": "...",        what it is
                       "mend": "..."}]}       what to do about it, or ""
    """
    return json.dumps(
        {
            "source": source,
            "ok": not _count(findings, "error"),
            "counts": {severity: _count(findings, severity) for severity in SEVERITIES},
            "findings": [asdict(finding) for finding in findings],
        },
        indent=2,
        ensure_ascii=False,
    )


def _wrapped(head: str, text: str) -> list[str]:
    # A path or a command stays in one piece, to be copied.
    return textwrap.wrap(
        text,
        max(_WIDTH, len(head) + 40),
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _summary(findings: Sequence[Finding]) -> str:
    counts = ((_count(findings, severity), severity) for severity in SEVERITIES)
    told = [f"{count} {name}{'s' if count > 1 else ''}" for count, name in counts if count]
    return ", ".join(told) or "nothing to say"


def _count(findings: Sequence[Finding], severity: Severity) -> int:
    return sum(finding.severity == severity for finding in findings)
