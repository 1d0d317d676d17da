"""What changes something: done and told, or, in a dry run, told alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


class Actions:
    """
    Through which every change goes.

    Attributes:
        dry_run: Whether nothing is changed.
    """

    def __init__(self, tell: Callable[[str], None], *, dry_run: bool = False) -> None:
        """Take the function that tells the user, a line at a call."""
        self.dry_run = dry_run
        self._tell = tell

    def do(
        self, what: str, change: Callable[[], Result], instead: Result, details: str = ""
    ) -> Result:
        """
        Tell *what* is done, such as "write key.pem", and do it.

        Args:
            what: The change, as an order.
            change: Makes it.
            instead: What a dry run goes on with.
            details: What a dry run tells as well.
        """
        if self.dry_run:
            self._tell(f"would {what} {details}".rstrip())
            return instead
        self._tell(what)
        return change()

    def warn(self, what: str) -> None:
        """Tell what the user may not expect, in a dry run as well."""
        self._tell(what)
