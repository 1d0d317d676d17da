"""Text files with one record per row. All bytes of a record are copied."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

from cfsign.bulk.batch import ROWS_PER_BATCH, Batch, Position, RejectedRow, SignedBatch
from cfsign.bulk.outcome import SignURL
from cfsign.errors import ConfigurationError, ResourceError

MAX_RECORD_BYTES = 64 * 1024 * 1024

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class Record(NamedTuple):
    """One record: the line on which it starts, its text, and its line ending."""

    line: int
    text: bytes
    ending: bytes


class Lines:
    """An iterator over the lines of a file that knows where the next line starts."""

    def __init__(self, file: BinaryIO, position: Position) -> None:
        self._file = file
        self.offset = position["offset"]
        self.line = position["line"]

    def __iter__(self) -> Iterator[bytes]:
        while line := self._file.readline(MAX_RECORD_BYTES):
            if len(line) == MAX_RECORD_BYTES:
                raise ConfigurationError(
                    f"line {self.line} is longer than {MAX_RECORD_BYTES >> 20} MiB",
                    hint="check that the input is a text file",
                )
            self.offset += len(line)
            self.line += 1
            yield line

    @property
    def position(self) -> Position:
        """The position of the next line."""
        return {"offset": self.offset, "line": self.line}


class TextFormat(ABC):
    """A text format: how to find the URL in a record, and how to add the signed URL."""

    def read_header(self, records: Iterator[Record]) -> bytes:
        """Read the records before the first row, and return the header of the output."""
        return b""

    def join_lines(self, lines: Lines) -> Iterator[bytes]:
        """Join the lines of each record."""
        return iter(lines)

    @abstractmethod
    def sign_record(self, text: bytes, sign_url: SignURL) -> bytes:
        """Return the record with its signed URL; raise ResourceError if it cannot be signed."""


class TextSource:
    """A text file to sign: a `Source`."""

    unit = "line"

    def __init__(self, file: BinaryIO, text_format: TextFormat, length: int | None) -> None:
        """
        Read the header.

        Args:
            file: A buffered binary file. It must be seekable if a run is to be resumed.
            text_format: The format.
            length: The file's size in bytes, or None if it is not known.

        Raises:
            ConfigurationError: The text has another format.
        """
        self.length = length
        self._file = file
        self._format = text_format
        start = file.peek(4)[:4]  # type: ignore[attr-defined]  # a BufferedReader
        if start.startswith(_UTF_16):
            raise ConfigurationError("the input is UTF-16", hint="save it as UTF-8")
        mark = file.read(3) if start.startswith(_BYTE_ORDER_MARK) else b""
        self._lines = Lines(file, {"offset": len(mark), "line": 1})
        self.header = mark + text_format.read_header(self._read_records())

    def read_batches(self, position: Position | None) -> Iterator[Batch]:
        """Read batches, starting at *position*."""
        if position is not None:
            self._file.seek(position["offset"])
            self._lines = Lines(self._file, position)
        records = self._read_records()
        while some := list(islice(records, ROWS_PER_BATCH)):
            yield _TextBatch(self._format, some, self._lines.position)

    def measure(self, position: Position) -> int:
        """Return the number of bytes before *position*."""
        return position["offset"]

    def convert(self, partial: Path, *, errors: bool) -> Path:
        """Return *partial*: text needs no conversion."""
        return partial

    def _read_records(self) -> Iterator[Record]:
        first = self._lines.line
        for record in self._format.join_lines(self._lines):
            text = record.removesuffix(b"\n").rstrip(b"\r")
            yield Record(first, text, record[len(text) :])
            first = self._lines.line


@dataclass(frozen=True, slots=True)
class _TextBatch:
    format: TextFormat
    records: list[Record]
    end: Position

    def sign(self, sign_url: SignURL) -> SignedBatch:
        output: list[bytes] = []
        errors: list[bytes] = []
        rejected: list[RejectedRow] = []
        rows = 0
        for line, text, ending in self.records:
            if not text.strip():  # blank lines are copied, so that line numbers stay the same
                output += (text, ending)
                continue
            rows += 1
            try:
                output += (self.format.sign_record(text, sign_url), ending)
            except ResourceError as error:
                rejected.append(RejectedRow(line, str(error)))
                member = {"line": line, "error": str(error), "record": decode(text)}
                errors.append(json.dumps(member).encode("ascii") + b"\n")
        return SignedBatch(b"".join(output), b"".join(errors), rows, rejected, self.end)


def decode(data: bytes) -> str:
    """Decode UTF-8. Other bytes are preserved: a column that is only copied may hold them."""
    return data.decode("utf-8", "surrogateescape")
