"""One finding: how bad, where, what, and the mend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


@dataclass(frozen=True, slots=True)
class Finding:
    """
    What was found; never a key, a password, a signature or a whole signed URL.

    Attributes:
        severity: "error", with which nothing works as meant; "warning", which works and may harm;
            "note", which is good to know.
        setting: The setting as its user knows it, such as `CLOUDFRONT_DOMAIN` or `--domain`.
        found: What it is, as a sentence without its full stop.
        mend: What to do about it, or "".
    """

    severity: Severity
    setting: str
    found: str
    mend: str = ""

    @classmethod
    def from_message(cls, severity: Severity, setting: str, message: str) -> Finding:
        """Split a message of this library's, which is `what; the mend`."""
        found, _, mend = message.partition("; ")
        return cls(severity, setting, found, mend)
