"""The text formats: plain lines, CSV and JSON Lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from cfsign.bulk.outcome import SignURL
from cfsign.bulk.text import MAX_RECORD_BYTES, Lines, Record, TextFormat, decode
from cfsign.errors import ConfigurationError, ResourceError


class PlainLines(TextFormat):
    """One URL per line; the signed URL replaces it."""

    def sign_record(self, text: bytes, sign_url: SignURL) -> bytes:
        """Return the signed URL."""
        return sign_url(decode(text)).encode("ascii")


class CSV(TextFormat):
    """Comma-separated values with a header (RFC 4180); the signed URL becomes the last column."""

    def __init__(self, column: str, output_column: str) -> None:
        self._column = column
        self._output_column = output_column
        self._width = 0
        self._index = 0
        # At its lower default limit, the reader raises an error and then continues inside the cell.
        csv.field_size_limit(MAX_RECORD_BYTES)

    def read_header(self, records: Iterator[Record]) -> bytes:
        """Find the column in the header, and return the header with one more column."""
        header = next(records, None)
        if header is None:
            raise ConfigurationError(
                "the CSV file is empty", hint="its first line must name the columns"
            )
        try:
            names = _parse_cells(header.text)
        except ResourceError as error:
            raise ConfigurationError(
                f"the CSV header cannot be read: {error.message}", hint=error.hint
            ) from None
        if names.count(self._column) != 1:
            count = "no column" if self._column not in names else "several columns"
            raise ConfigurationError(
                f"the CSV file has {count} named {self._column!r}",
                hint="choose a --column: " + ", ".join(map(repr, names)),
            )
        if self._output_column in names:
            raise ConfigurationError(
                f"the CSV file already has a column named {self._output_column!r}",
                hint="choose another --output-column",
            )
        self._width, self._index = len(names), names.index(self._column)
        return header.text + b"," + _format_cell(self._output_column) + (header.ending or b"\n")

    def join_lines(self, lines: Lines) -> Iterator[bytes]:
        """Join the lines of each record: a quoted cell may hold line breaks."""
        record: list[bytes] = []
        first, size = lines.line, 0

        def feed() -> Iterator[str]:
            nonlocal size
            for line in lines:
                record.append(line)
                size += len(line)
                if size > MAX_RECORD_BYTES:
                    raise ConfigurationError(
                        f"the row that starts on line {first} is longer than "
                        f"{MAX_RECORD_BYTES >> 20} MiB",
                        hint="check that its quotes are closed",
                    )
                # The reader would raise an error for a bare CR and forget an open quote.
                # `sign_record` sees the CR and rejects the row.
                yield decode(line.replace(b"\r", b" "))

        for _ in csv.reader(feed()):
            yield b"".join(record)
            record.clear()
            first, size = lines.line, 0

    def sign_record(self, text: bytes, sign_url: SignURL) -> bytes:
        """Return the record with one more cell."""
        cells = _parse_cells(text)
        if len(cells) != self._width:
            raise ResourceError(
                f"the row has {len(cells)} cells and the header has {self._width}",
                hint="put a cell that holds a comma in quotes",
            )
        return text + b"," + _format_cell(sign_url(cells[self._index]))


def _parse_cells(text: bytes) -> list[str]:
    try:
        # As one line: any line break is between quotes.
        return next(csv.reader([decode(text)], strict=True), [])
    except csv.Error as error:
        raise ResourceError(f"the row is not valid CSV: {error}") from None


def _format_cell(value: str) -> bytes:
    cell = io.StringIO()
    csv.writer(cell, lineterminator="").writerow([value])
    return cell.getvalue().encode("utf-8", "surrogateescape")


class JSONLines(TextFormat):
    """One JSON object per line; the signed URL becomes its last member."""

    def __init__(self, column: str, output_column: str) -> None:
        self._column = column
        self._output_column = output_column

    def sign_record(self, text: bytes, sign_url: SignURL) -> bytes:
        """Return the record with one more member; the rest of its text stays the same."""
        try:
            # Integers are read as floats, because Python refuses integers of too many digits.
            # Their values are not used.
            members = json.loads(decode(text), object_pairs_hook=_Members, parse_int=float)
        except (ValueError, RecursionError) as error:
            raise ResourceError(f"the line is not valid JSON: {error}") from None
        if not isinstance(members, _Members):
            raise ResourceError("the line is JSON, but not an object")
        names = [name for name, _ in members]
        if names.count(self._column) != 1:
            count = "no member" if self._column not in names else "several members"
            raise ResourceError(f"the object has {count} named {self._column!r}")
        if self._output_column in names:
            raise ResourceError(
                f"the object already has a member named {self._output_column!r}",
                hint="choose another --output-column",
            )
        url = dict(members)[self._column]
        if not isinstance(url, str):
            raise ResourceError(f"the member {self._column!r} is not a string")
        signed_url = sign_url(url)
        end = text.rindex(b"}")
        member = f",{json.dumps(self._output_column)}:{json.dumps(signed_url)}"
        return text[:end] + member.encode("ascii") + text[end:]


class _Members(list[tuple[str, Any]]):
    """The members of a JSON object in their order. A name may occur twice."""
