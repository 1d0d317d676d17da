"""
Parquet files, read and written by pyarrow.

A Parquet file cannot be appended to, so a run writes Arrow streams and converts them at the end.
"""

from __future__ import annotations

import io
import itertools
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import ipc
from pyarrow import parquet as pq

from cfsign.bulk.batch import Batch, Position, RejectedRow, SignedBatch
from cfsign.bulk.outcome import SignURL, try_to_sign
from cfsign.bulk.partial_file import converted_path, create_new, open_own
from cfsign.errors import ConfigurationError

#: More rows than a batch of text has, because each batch is written with its schema.
_ROWS_PER_BATCH = 512
_ROWS_PER_GROUP = 64 * 1024


class Parquet:
    """A Parquet file to sign: a `Source`. All columns and their types are copied."""

    unit = "row"
    header = b""

    def __init__(self, path: Path, column: str, output_column: str) -> None:
        """
        Read the file's schema.

        Raises:
            ConfigurationError: The file is not Parquet, has not exactly one *column*, or already
                has *output_column*.
        """
        try:
            self._file = pq.ParquetFile(path)
        except (OSError, pa.ArrowException) as error:
            raise ConfigurationError(
                f"{str(path)!r} cannot be read as a Parquet file: {error}"
            ) from None
        schema = self._file.schema_arrow
        if schema.names.count(column) != 1:
            count = "no column" if column not in schema.names else "several columns"
            raise ConfigurationError(
                f"the Parquet file has {count} named {column!r}",
                hint="choose a --column: " + ", ".join(map(repr, schema.names)),
            )
        if output_column in schema.names:
            raise ConfigurationError(
                f"the Parquet file already has a column named {output_column!r}",
                hint="choose another --output-column",
            )
        self._schema = schema.append(pa.field(output_column, pa.string()))
        number, reason = (_make_unique(name, schema.names) for name in ("row", "error"))
        self._errors_schema = schema.append(pa.field(number, pa.int64()))
        self._errors_schema = self._errors_schema.append(pa.field(reason, pa.string()))
        self._index = schema.names.index(column)
        self.length: int | None = self._file.metadata.num_rows

    def read_batches(self, position: Position | None) -> Iterator[Batch]:
        """Read batches, starting at *position*, one row group after the other."""
        start = 0 if position is None else position["rows"]
        first = 0
        for group in range(self._file.num_row_groups):
            rows = self._file.metadata.row_group(group).num_rows
            if first + rows <= start:
                first += rows
                continue
            for batch in self._read_group(group):
                if first >= start:
                    yield _ParquetBatch(self, batch, first)
                first += batch.num_rows

    def _read_group(self, group: int) -> Iterator[Any]:
        try:
            yield from self._file.iter_batches(_ROWS_PER_BATCH, row_groups=[group])
        except (OSError, pa.ArrowException) as error:
            raise ConfigurationError(
                f"row group {group} of the Parquet file cannot be read: {error}"
            ) from None

    def measure(self, position: Position) -> int:
        """Return the number of rows before *position*."""
        return position["rows"]

    def convert(self, partial: Path, *, errors: bool) -> Path:
        """Convert a sequence of Arrow streams to Parquet, and return the path of the result."""
        converted = converted_path(partial)
        schema = self._errors_schema if errors else self._schema
        converted.unlink(missing_ok=True)  # of a run that was killed
        with ExitStack() as stack:
            # By descriptor: a link that another user places here must not be followed.
            target = stack.enter_context(os.fdopen(create_new(converted), "wb"))
            source = stack.enter_context(os.fdopen(open_own(partial), "rb"))
            file = stack.enter_context(pa.PythonFile(source, "r"))
            writer = stack.enter_context(pq.ParquetWriter(target, schema))
            batches = itertools.chain.from_iterable(_read_streams(file))
            while some := list(itertools.islice(batches, _ROWS_PER_GROUP // _ROWS_PER_BATCH)):
                table = pa.Table.from_batches(some, schema)
                writer.write_table(table, row_group_size=_ROWS_PER_GROUP)
        return converted

    def encode(self, rows: Any, *extra: list[Any], errors: bool) -> bytes:
        """Encode the table *rows*, with the columns *extra* added, as an Arrow stream."""
        if not rows.num_rows:
            return b""
        schema = self._errors_schema if errors else self._schema
        fields = list(schema)[-len(extra) :]
        columns = [
            pa.array(values, field.type) for values, field in zip(extra, fields, strict=True)
        ]
        sink = io.BytesIO()
        with ipc.new_stream(sink, schema) as stream:
            stream.write_table(pa.Table.from_arrays([*rows.columns, *columns], schema=schema))
        return sink.getvalue()

    def urls(self, batch: Any) -> list[Any]:
        """Return the URLs of *batch*."""
        urls: list[Any] = batch.column(self._index).to_pylist()
        return urls


@dataclass(frozen=True, slots=True)
class _ParquetBatch:
    source: Parquet
    batch: Any
    first: int

    def sign(self, sign_url: SignURL) -> SignedBatch:
        outcomes = [try_to_sign(sign_url, url) for url in self.source.urls(self.batch)]
        rejected = [
            RejectedRow(number, outcome.error)
            for number, outcome in enumerate(outcomes, self.first + 1)
            if outcome.error is not None
        ]
        is_signed = [outcome.error is None for outcome in outcomes]
        return SignedBatch(
            output=self.source.encode(
                _select_rows(self.batch, is_signed, True),
                [outcome.signed_url for outcome in outcomes if outcome.error is None],
                errors=False,
            ),
            errors=self.source.encode(
                _select_rows(self.batch, is_signed, False),
                [row.number for row in rejected],
                [row.reason for row in rejected],
                errors=True,
            ),
            rows=self.batch.num_rows,
            rejected=rejected,
            end={"rows": self.first + self.batch.num_rows},
        )


def _select_rows(batch: Any, flags: list[bool], wanted: bool) -> Any:
    """Return the rows whose flag is *wanted* as a table."""
    # By slices: pyarrow cannot filter columns of every type.
    parts, first = [], 0
    for flag, group in itertools.groupby(flags):
        count = len(list(group))
        if flag == wanted:
            parts.append(batch.slice(first, count))
        first += count
    return pa.Table.from_batches(parts, batch.schema).combine_chunks()


def _read_streams(file: Any) -> Iterator[Any]:
    while file.tell() < file.size():
        yield ipc.open_stream(file)


def _make_unique(name: str, names: list[str]) -> str:
    """Return *name*, with as many `_` added as needed to differ from all *names*."""
    while name in names:
        name += "_"
    return name
