"""The interface between file formats and a run: sources, batches of rows and their results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

from cfsign.bulk.outcome import SignURL

#: Large enough that handing a batch to a worker costs little, small enough to stop quickly.
ROWS_PER_BATCH = 64

#: Where a batch starts, as the format counts. A resumed run continues from a position.
Position = dict[str, int]


class RejectedRow(NamedTuple):
    """A row that was not signed: its number in the file, counted from 1, and the reason."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class SignedBatch:
    """
    The result of one batch.

    Attributes:
        output: The bytes to append to the output.
        errors: The bytes to append to the file of rejected rows.
        rows: The number of rows, rejected rows included.
        rejected: The rows that were not signed.
        end: Where the next batch starts.
    """

    output: bytes = field(repr=False)
    errors: bytes = field(repr=False)
    rows: int
    rejected: Sequence[RejectedRow]
    end: Position


class Batch(Protocol):
    """Rows that are read but not signed yet."""

    def sign(self, sign_url: SignURL) -> SignedBatch:
        """Sign the rows. Several threads call this, each with its own batch."""
        ...


class Source(Protocol):
    """
    An input file in one of the formats.

    Attributes:
        unit: The unit of a row's number: "line" or "row".
        length: The input's length in the unit of `measure`, or None if it is not known.
        header: The first bytes of the output.
    """

    unit: str
    length: int | None
    header: bytes

    def read_batches(self, position: Position | None) -> Iterator[Batch]:
        """Read batches, starting at *position*."""
        ...

    def measure(self, position: Position) -> int:
        """Return how much of the input lies before *position*."""
        ...

    def convert(self, partial: Path, *, errors: bool) -> Path:
        """Convert the file *partial* to the final format, and return the path of the result."""
        ...
