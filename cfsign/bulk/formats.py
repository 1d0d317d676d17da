"""Which format a file has, and how it is opened."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from cfsign.bulk.batch import Source
from cfsign.bulk.text import CSV, JSONLines, PlainLines, Text, TextFormat
from cfsign.errors import ConfigurationError

FORMATS = ("lines", "csv", "jsonl", "parquet")

_SUFFIXES = {
    ".txt": "lines",
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}


def choose_format(wanted: str | None, *files: Path | None) -> str:
    """
    Return *wanted*, or the format that the files' names end in; None stands for a stream.

    Raises:
        ConfigurationError: The names tell none, or several.
    """
    if wanted is not None:
        return wanted
    told = {_SUFFIXES.get(file.suffix.lower()) for file in files if file is not None} - {None}
    if len(told) > 1:
        raise ConfigurationError(
            "INPUT and OUTPUT are named as two formats, and none is turned into another; "
            "give --format"
        )
    for name in told:
        if name is not None:
            return name
    raise ConfigurationError(
        f"no file's name tells the format; give --format: {', '.join(FORMATS)}"
    )


@contextlib.contextmanager
def open_source(
    path: Path | None, stream: BinaryIO, name: str, column: str, output_column: str
) -> Iterator[Source]:
    """
    Open the input.

    Args:
        path: The file, or None for the stream.
        stream: Read where there is no file.
        name: The format, one of `FORMATS`.
        column: The column, or member, that has the URL; plain lines have none.
        output_column: That which gets the signed one.

    Raises:
        ConfigurationError: It cannot be read, is not what the format asks for, or pyarrow is not
            installed.
    """
    if name == "parquet":
        yield _parquet(path, column, output_column)
        return
    form = _text_format(name, column, output_column)
    if path is None:
        yield Text(stream, form, None)
        return
    try:
        file = path.open("rb")
    except OSError as error:
        raise ConfigurationError(f"{str(path)!r} cannot be read ({error.strerror})") from None
    with file:
        status = os.fstat(file.fileno())
        yield Text(file, form, status.st_size if stat.S_ISREG(status.st_mode) else None)


def _text_format(name: str, column: str, output_column: str) -> TextFormat:
    if name == "lines":
        return PlainLines()
    return (CSV if name == "csv" else JSONLines)(column, output_column)


def _parquet(path: Path | None, column: str, output_column: str) -> Source:
    if path is None:
        raise ConfigurationError("Parquet is read from its end; give a file in the place of -")
    try:
        from cfsign.bulk.parquet import Parquet
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"Parquet needs {error.name}: pip install 'cloudfront-cfsign[parquet]'"
        ) from None
    return Parquet(path, column, output_column)
