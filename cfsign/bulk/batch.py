"""Some rows of a file: what is read at once, signed by one worker, and written at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

from cfsign.bulk.outcome import Sign

#: Enough that handing a batch over costs next to nothing, and few enough to stop soon.
ROWS = 64

#: Where the next batch begins, as the format counts: what a run that was cut off goes on from.
Position = dict[str, int]


class Fault(NamedTuple):
    """A row that was not signed: its number in the file, from 1 on, and the reason."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Done:
    """
    A batch that is signed.

    Attributes:
        output: What is added to the output.
        errors: What is added to the rows that were set aside.
        rows: How many rows there were.
        faults: Those that were set aside.
        end: Where the next batch begins.
    """

    output: bytes = field(repr=False)
    errors: bytes = field(repr=False)
    rows: int
    faults: Sequence[Fault]
    end: Position


class Batch(Protocol):
    """Some rows, read but not signed."""

    def signed(self, sign: Sign) -> Done:
        """Sign the rows; called by several threads, each with its own batch."""
        ...


class Source(Protocol):
    """
    A file to sign, in one of the formats.

    Attributes:
        unit: What the format numbers its rows by: "line" or "row".
        length: How far there is to go, in the unit of `progress`, or None where nobody knows.
        head: What the output begins with.
    """

    unit: str
    length: int | None
    head: bytes

    def batches(self, position: Position | None) -> Iterator[Batch]:
        """Read batch after batch, from *position* on."""
        ...

    def progress(self, position: Position) -> int:
        """Tell how far *position* is."""
        ...

    def finish(self, partial: Path, *, errors: bool) -> Path:
        """Make the file that is wanted of what was written, and return its path."""
        ...
