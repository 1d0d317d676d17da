"""Write lines to a file, a stream or a logger; raise if a line was not written completely."""

from __future__ import annotations

import errno
import io
import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias
from weakref import WeakSet

from cfsign.utils.files import check_folder, open_file
from cfsign.utils.fork import run_after_fork

#: Writes one line of ASCII, which ends in a newline.
Write: TypeAlias = Callable[[str], None]


def append_to_file(path: str | os.PathLike[str]) -> Write:
    """
    Return a function that appends lines to the file *path*.

    Each line is one `write` of a descriptor with O_APPEND, so lines of several threads and
    processes do not mix. The file is opened for each line: after a log rotation the next line goes
    to the new file.
    """
    # The working directory may change, as in a daemon.
    return _FileWriter(Path(os.path.abspath(path)))


def write_to_stream(stream: Any) -> Write:
    """Return a function that writes lines to a text or binary stream, and flushes it."""
    return _StreamWriter(stream)


def log_to(logger: logging.Logger | logging.LoggerAdapter[Any]) -> Write:
    """Return a function that logs lines at level INFO."""
    return lambda line: logger.info("%s", line.rstrip("\n"))


class _LineWriter:
    """Writes bytes or text; starts a new line after one that was written in part."""

    def __init__(self) -> None:
        self._ends_in_part = False

    def _complete(self, line: str) -> str:
        return f"\n{line}" if self._ends_in_part else line

    def _check_written(self, written: object, length: int) -> None:
        # Some streams return None.
        is_part = isinstance(written, int) and written < length
        if written != 0:
            self._ends_in_part = is_part
        if is_part:
            raise OSError(errno.EIO, "only a part of the line was written")


class _FileWriter(_LineWriter):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def __call__(self, line: str) -> None:
        check_folder(self._path.parent, allow_group=True)
        data = self._complete(line).encode("ascii")
        descriptor = open_file(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            self._check_written(os.write(descriptor, data), len(data))
        finally:
            os.close(descriptor)


class _StreamWriter(_LineWriter):
    def __init__(self, stream: Any) -> None:
        super().__init__()
        self._stream = stream
        self._is_binary = _is_binary(stream)
        self._lock = threading.Lock()
        _stream_writers.add(self)

    def __call__(self, line: str) -> None:
        with self._lock:
            text = self._complete(line)
            written = self._stream.write(text.encode("ascii") if self._is_binary else text)
            if written is None and isinstance(self._stream, io.RawIOBase):
                written = 0  # it would have to wait
            self._check_written(written, len(text))
            if hasattr(self._stream, "flush"):
                self._stream.flush()

    def renew_lock(self) -> None:
        self._lock = threading.Lock()


def _is_binary(stream: object) -> bool:
    # The wrappers of `tempfile` have a mode, and are of no class of `io`.
    mode = getattr(stream, "mode", "")
    return isinstance(stream, io.RawIOBase | io.BufferedIOBase) or (
        isinstance(mode, str) and "b" in mode
    )


_stream_writers: WeakSet[_StreamWriter] = WeakSet()


def _renew_locks() -> None:
    for writer in _stream_writers:
        writer.renew_lock()


run_after_fork(_renew_locks)
