"""Changes that are printed and made or, in a dry run, only printed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


class Actions:
    """
    Makes every change of files and of CloudFront.

    Attributes:
        dry_run: True if nothing is changed.
    """

    def __init__(self, print_line: Callable[[str], None], *, dry_run: bool = False) -> None:
        """Use *print_line* to inform the user, one line per call."""
        self.dry_run = dry_run
        self._print_line = print_line

    def run(
        self,
        description: str,
        change: Callable[[], Result],
        dry_result: Result,
        details: str = "",
    ) -> Result:
        """
        Print *description* and make the change.

        Args:
            description: The change in the imperative, such as "write key.pem".
            change: Makes the change.
            dry_result: The result to return in a dry run.
            details: What a dry run prints in addition.
        """
        if self.dry_run:
            self._print_line(f"would {description} {details}".rstrip())
            return dry_result
        self._print_line(description)
        return change()

    def warn(self, text: str) -> None:
        """Print *text*, also in a dry run."""
        self._print_line(text)
