"""Text, a record a row: plain lines, CSV and JSON Lines. Each is kept to the byte."""

from __future__ import annotations

import csv
import io
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from cfsign.bulk.batch import ROWS, Batch, Done, Fault, Position
from cfsign.bulk.outcome import Sign
from cfsign.errors import ConfigurationError, ResourceError

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_LONGEST = 64 * 1024 * 1024


class Record(NamedTuple):
    """One record as it stands in the file: where it begins, its text, its line's end."""

    line: int
    text: bytes
    ending: bytes


class Lines:
    """The lines of a file, and where the next one begins."""

    def __init__(self, file: BinaryIO, position: Position) -> None:
        self._file = file
        self.offset = position["offset"]
        self.line = position["line"]

    def __iter__(self) -> Iterator[bytes]:
        while line := self._file.readline(_LONGEST):
            if len(line) == _LONGEST:
                raise ConfigurationError(
                    f"line {self.line} is over {_LONGEST >> 20} MiB; is this a text file?"
                )
            self.offset += len(line)
            self.line += 1
            yield line

    @property
    def position(self) -> Position:
        """Where the next line begins."""
        return {"offset": self.offset, "line": self.line}


class TextFormat(ABC):
    """How a record holds its URL, and takes the signed one."""

    def head(self, records: Iterator[Record]) -> bytes:
        """Read what stands before the first row, and return it as the output has it."""
        return b""

    def texts(self, lines: Lines) -> Iterator[bytes]:
        """Put together the lines of each record."""
        return iter(lines)

    @abstractmethod
    def signed(self, text: bytes, sign: Sign) -> bytes:
        """Return the record with its URL signed; raises ResourceError."""


class Text:
    """A text file to sign: a `Source`."""

    unit = "line"

    def __init__(self, file: BinaryIO, form: TextFormat, length: int | None) -> None:
        """
        Read what stands before the rows.

        Args:
            file: A buffered binary file; seekable where a run is to be carried on.
            form: The format.
            length: The file's size in bytes, or None where nobody knows.

        Raises:
            ConfigurationError: It is not text as the format has it.
        """
        self.length = length
        self._file = file
        self._form = form
        beginning = file.peek(4)[:4]  # type: ignore[attr-defined]  # a BufferedReader
        if beginning.startswith(_UTF_16):
            raise ConfigurationError("the input is UTF-16; save it as UTF-8")
        mark = file.read(3) if beginning.startswith(_BYTE_ORDER_MARK) else b""
        self._lines = Lines(file, {"offset": len(mark), "line": 1})
        self.head = mark + form.head(self._records())

    def batches(self, position: Position | None) -> Iterator[Batch]:
        """Read batch after batch, from *position* on."""
        if position is not None:
            self._file.seek(position["offset"])
            self._lines = Lines(self._file, position)
        records = self._records()
        while some := list(islice(records, ROWS)):
            yield _TextBatch(self._form, some, self._lines.position)

    def progress(self, position: Position) -> int:
        """Tell how far *position* is, in bytes."""
        return position["offset"]

    def finish(self, partial: Path, *, errors: bool) -> Path:
        """Return what was written as it is."""
        return partial

    def _records(self) -> Iterator[Record]:
        first = self._lines.line
        for text in self._form.texts(self._lines):
            bare = text.removesuffix(b"\n").rstrip(b"\r")
            yield Record(first, bare, text[len(bare) :])
            first = self._lines.line


@dataclass(frozen=True, slots=True)
class _TextBatch:
    form: TextFormat
    records: list[Record]
    end: Position

    def signed(self, sign: Sign) -> Done:
        output: list[bytes] = []
        errors: list[bytes] = []
        faults: list[Fault] = []
        rows = 0
        for line, text, ending in self.records:
            if not text.strip():  # a blank line stays one, so that the lines' numbers stay too
                output += (text, ending)
                continue
            rows += 1
            try:
                output += (self.form.signed(text, sign), ending)
            except ResourceError as error:
                faults.append(Fault(line, str(error)))
                errors.append(_set_aside(line, text, str(error)))
        return Done(b"".join(output), b"".join(errors), rows, faults, self.end)


def _set_aside(line: int, text: bytes, reason: str) -> bytes:
    """Write down a record that was not signed, whatever bytes are in it, as a line of JSON."""
    fault = {"line": line, "error": reason, "record": _text(text)}
    return json.dumps(fault).encode("ascii") + b"\n"


class PlainLines(TextFormat):
    """A URL a line."""

    def signed(self, text: bytes, sign: Sign) -> bytes:
        """Return the signed URL."""
        return sign(_text(text)).encode("ascii")


class CSV(TextFormat):
    """Comma-separated values with a header (RFC 4180); the signed URL becomes the last column."""

    def __init__(self, column: str, output_column: str) -> None:
        self._column = column
        self._output_column = output_column
        self._width = 0
        self._index = 0
        # Past the reader's own limit it would go on in the middle of a cell, as if that were rows.
        csv.field_size_limit(_LONGEST)

    def head(self, records: Iterator[Record]) -> bytes:
        """Find the column in the header, and return it with one column more."""
        header = next(records, None)
        if header is None:
            raise ConfigurationError("the CSV is empty; its first line names the columns")
        try:
            names = _cells(header.text)
        except ResourceError as error:
            raise ConfigurationError(f"the CSV's header cannot be read: {error}") from None
        if names.count(self._column) != 1:
            has = "no column" if self._column not in names else "several columns"
            raise ConfigurationError(
                f"the CSV has {has} {self._column!r}; name one in --column, of "
                + ", ".join(map(repr, names))
            )
        if self._output_column in names:
            raise ConfigurationError(
                f"the CSV has a column {self._output_column!r}; choose another --output-column"
            )
        self._width, self._index = len(names), names.index(self._column)
        return header.text + b"," + _cell(self._output_column) + (header.ending or b"\n")

    def texts(self, lines: Lines) -> Iterator[bytes]:
        """Put together the lines of a record with a line break between quotes."""
        taken: list[bytes] = []
        first, size = lines.line, 0

        def feed() -> Iterator[str]:
            nonlocal size
            for line in lines:
                taken.append(line)
                size += len(line)
                if size > _LONGEST:
                    raise ConfigurationError(
                        f"the row that begins on line {first} is over {_LONGEST >> 20} MiB; is its "
                        "quote never closed?"
                    )
                # A bare CR, which `signed` refuses, is an error here that forgets an open quote.
                yield _text(line.replace(b"\r", b" "))

        for _ in csv.reader(feed()):
            yield b"".join(taken)
            taken.clear()
            first, size = lines.line, 0

    def signed(self, text: bytes, sign: Sign) -> bytes:
        """Return the record with one cell more."""
        cells = _cells(text)
        if len(cells) != self._width:
            raise ResourceError(
                f"the row has {len(cells)} cells, and the header {self._width}; is a comma to be "
                "between quotes?"
            )
        return text + b"," + _cell(sign(cells[self._index]))


def _cells(text: bytes) -> list[str]:
    try:
        # In one piece: a line break can only be between quotes.
        return next(csv.reader([_text(text)], strict=True), [])
    except csv.Error as error:
        raise ResourceError(f"the row is no CSV: {error}") from None


def _cell(value: str) -> bytes:
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow([value])
    return written.getvalue().encode("utf-8", "surrogateescape")


class JSONLines(TextFormat):
    """A JSON object a line; the signed URL becomes its last member."""

    def __init__(self, column: str, output_column: str) -> None:
        self._column = column
        self._output_column = output_column

    def signed(self, text: bytes, sign: Sign) -> bytes:
        """Return the record with one member more; its numbers and all else stay as written."""
        try:
            # As a float, since an int of too many digits is refused; it is not looked at.
            members = json.loads(_text(text), object_pairs_hook=_Members, parse_int=float)
        except (ValueError, RecursionError) as error:
            raise ResourceError(f"the line is no JSON: {error}") from None
        if not isinstance(members, _Members):
            raise ResourceError("the line is JSON, but no object")
        names = [name for name, _ in members]
        if names.count(self._column) != 1:
            has = "no member" if self._column not in names else "several members"
            raise ResourceError(f"the object has {has} {self._column!r}")
        if self._output_column in names:
            raise ResourceError(
                f"the object has a member {self._output_column!r}; choose another --output-column"
            )
        url = dict(members)[self._column]
        if not isinstance(url, str):
            raise ResourceError(f"the member {self._column!r} is no string")
        signed = sign(url)
        end = text.rindex(b"}")
        member = f",{json.dumps(self._output_column)}:{json.dumps(signed)}"
        return text[:end] + member.encode("ascii") + text[end:]


class _Members(list[tuple[str, Any]]):
    """The members of an object, in the order in which they stand, be it twice."""


def _text(data: bytes) -> str:
    # Bytes that are no UTF-8 stay what they are: a column that nobody looks at may have them.
    return data.decode("utf-8", "surrogateescape")
