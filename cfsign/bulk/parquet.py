"""Parquet, with pyarrow. What is written meanwhile is Arrow's stream format, which can be cut."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import ipc
from pyarrow import parquet as pq

from cfsign.bulk.batch import Batch, Done, Fault, Position
from cfsign.bulk.outcome import Sign, outcome
from cfsign.bulk.partial_file import made_path
from cfsign.errors import ConfigurationError

#: Rows a batch: more than of text, since each is written with its schema.
_ROWS = 512
#: Rows a row group of what comes out.
_GROUP = 64 * 1024


class Parquet:
    """A Parquet file to sign: a `Source`. All columns and their types are kept."""

    unit = "row"
    head = b""

    def __init__(self, path: Path, column: str, output_column: str) -> None:
        """
        Read the file's schema.

        Raises:
            ConfigurationError: It is no Parquet file, or has not the columns.
        """
        try:
            self._file = pq.ParquetFile(path)
        except (OSError, pa.ArrowException) as error:
            raise ConfigurationError(f"{str(path)!r} is no Parquet file: {error}") from None
        schema = self._file.schema_arrow
        if schema.names.count(column) != 1:
            has = "no column" if column not in schema.names else "several columns"
            raise ConfigurationError(
                f"the Parquet file has {has} {column!r}; name one in --column, of "
                + ", ".join(map(repr, schema.names))
            )
        if output_column in schema.names:
            raise ConfigurationError(
                f"the Parquet file has a column {output_column!r}; choose another --output-column"
            )
        self._schema = schema.append(pa.field(output_column, pa.string()))
        number, reason = (_free(name, schema.names) for name in ("row", "error"))
        self._errors_schema = schema.append(pa.field(number, pa.int64()))
        self._errors_schema = self._errors_schema.append(pa.field(reason, pa.string()))
        self._index = schema.names.index(column)
        self.length: int | None = self._file.metadata.num_rows

    def batches(self, position: Position | None) -> Iterator[Batch]:
        """Read batch after batch, one row group after the other, from *position* on."""
        done = 0 if position is None else position["rows"]
        first = 0
        for group in range(self._file.num_row_groups):
            rows = self._file.metadata.row_group(group).num_rows
            if first + rows > done:
                for batch in self._read(group):
                    if first >= done:
                        yield _ParquetBatch(self, batch, first)
                    first += batch.num_rows
            else:
                first += rows

    def _read(self, group: int) -> Iterator[Any]:
        try:
            yield from self._file.iter_batches(_ROWS, row_groups=[group])
        except (OSError, pa.ArrowException) as error:
            raise ConfigurationError(
                f"row group {group} of the Parquet file cannot be read: {error}"
            ) from None

    def progress(self, position: Position) -> int:
        """Tell how far *position* is, in rows."""
        return position["rows"]

    def finish(self, partial: Path, *, errors: bool) -> Path:
        """Write as Parquet what was written as Arrow's streams, one behind the other."""
        made = made_path(partial)
        schema = self._errors_schema if errors else self._schema
        made.unlink(missing_ok=True)
        made.touch(0o600)
        with pq.ParquetWriter(made, schema) as writer, pa.OSFile(str(partial)) as file:
            batches = itertools.chain.from_iterable(_streams(file))
            while some := list(itertools.islice(batches, _GROUP // _ROWS)):
                writer.write_table(pa.Table.from_batches(some, schema), row_group_size=_GROUP)
        return made

    def encoded(self, rows: Any, *extra: list[Any], errors: bool) -> bytes:
        """Write a table, with columns added, as a stream of Arrow's."""
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
        """Return the column of URLs."""
        found: list[Any] = batch.column(self._index).to_pylist()
        return found


@dataclass(frozen=True, slots=True)
class _ParquetBatch:
    source: Parquet
    batch: Any
    first: int

    def signed(self, sign: Sign) -> Done:
        outcomes = [outcome(sign, url) for url in self.source.urls(self.batch)]
        signed = [one.signed_url for one in outcomes if one.error is None]
        faults = [
            Fault(number, one.error)
            for number, one in enumerate(outcomes, self.first + 1)
            if one.error is not None
        ]
        is_good = [one.error is None for one in outcomes]
        return Done(
            self.source.encoded(_parted(self.batch, is_good, True), signed, errors=False),
            self.source.encoded(
                _parted(self.batch, is_good, False),
                [fault.number for fault in faults],
                [fault.reason for fault in faults],
                errors=True,
            ),
            self.batch.num_rows,
            faults,
            {"rows": self.first + self.batch.num_rows},
        )


def _parted(batch: Any, kinds: list[bool], wanted: bool) -> Any:
    """Return the rows of a kind as a table: by slices, since not every type has a filter."""
    parts, first = [], 0
    for kind, some in itertools.groupby(kinds):
        count = len(list(some))
        if kind == wanted:
            parts.append(batch.slice(first, count))
        first += count
    return pa.Table.from_batches(parts, batch.schema).combine_chunks()


def _streams(file: Any) -> Iterator[Any]:
    while file.tell() < file.size():
        yield ipc.open_stream(file)


def _free(name: str, taken: list[str]) -> str:
    """Return *name*, with as many `_` behind it as make it one that no column has."""
    while name in taken:
        name += "_"
    return name
