"""Choose the format of a file, and open it."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from cfsign.bulk.batch import Source
from cfsign.bulk.text import TextFormat, TextSource
from cfsign.bulk.text_formats import CSV, JSONLines, PlainLines
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
    Return *wanted*; if it is None, the format that the endings of the file names show.

    Args:
        wanted: The format that the user chose, or None.
        files: The files; None for a stream.

    Raises:
        ConfigurationError: The names have no known ending, or different ones.
    """
    if wanted is not None:
        return wanted
    formats = {_SUFFIXES.get(file.suffix.lower()) for file in files if file is not None}
    match [name for name in formats if name is not None]:
        case [name]:
            return name
        case []:
            raise ConfigurationError(
                "the file names do not show the format",
                hint=f"add --format with one of {', '.join(FORMATS)}",
            )
    raise ConfigurationError(
        "INPUT and OUTPUT have file names of different formats, and formats are not converted",
        hint="add --format",
    )


@contextlib.contextmanager
def open_source(
    path: Path | None, stream: BinaryIO, name: str, column: str, output_column: str
) -> Iterator[Source]:
    """
    Open the input.

    Args:
        path: The file, or None to read the stream.
        stream: The stream to read if there is no file.
        name: The format, one of `FORMATS`.
        column: The column or JSON member that holds the URL. Plain lines ignore it.
        output_column: The column or member to add for the signed URL. Plain lines ignore it.

    Raises:
        ConfigurationError: The input cannot be read or has another format, or pyarrow is not
            installed.
    """
    if name == "parquet":
        yield _open_parquet(path, column, output_column)
        return
    text_format: TextFormat
    if name == "lines":
        text_format = PlainLines()
    else:
        text_format = (CSV if name == "csv" else JSONLines)(column, output_column)
    if path is None:
        yield TextSource(stream, text_format, None)
        return
    try:
        file = path.open("rb")
    except OSError as error:
        raise ConfigurationError(f"cannot read {str(path)!r} ({error.strerror})") from None
    with file:
        status = os.fstat(file.fileno())
        size = status.st_size if stat.S_ISREG(status.st_mode) else None
        yield TextSource(file, text_format, size)


def _open_parquet(path: Path | None, column: str, output_column: str) -> Source:
    if path is None:
        raise ConfigurationError(
            "Parquet cannot be read from a stream", hint="replace - by the name of a file"
        )
    try:
        from cfsign.bulk.parquet import Parquet
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"Parquet needs {error.name}", hint="pip install 'cloudfront-cfsign[parquet]'"
        ) from None
    return Parquet(path, column, output_column)
