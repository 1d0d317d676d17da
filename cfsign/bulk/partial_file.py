"""An output file that is being written, and that gets its final name once it is complete."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from types import TracebackType

from cfsign.errors import ConfigurationError
from cfsign.utils.files import sync_folder

#: How to give up an interrupted run.
RESTART_HINT = "remove the .partial and .partial.json files to start again"

_BINARY = getattr(os, "O_BINARY", 0)
#: Another user who may write in the folder could place a link to one of our files.
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


def partial_path(final: Path) -> Path:
    """Return the path at which *final* is written."""
    return final.with_name(final.name + ".partial")


def converted_path(partial: Path) -> Path:
    """Return the path at which *partial* is converted to Parquet."""
    return partial.with_name(partial.name + ".parquet")


class PartialFile:
    """
    A file to append to, readable by its owner only (mode 600) and locked against other runs.

    Attributes:
        path: Its path, in the same folder as the final file.
        size: Its length in bytes.
    """

    def __init__(self, final: Path) -> None:
        """
        Open the partial file of *final* with its content, or create it.

        Raises:
            ConfigurationError: Another run is using the file, or it is a link.
            OSError: The file cannot be written.
        """
        self.path = partial_path(final)
        if self.path.is_symlink():
            raise ConfigurationError(
                f"{str(self.path)!r} is a link, and links are not followed", hint="remove it"
            )
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | _NO_LINK | _BINARY, 0o600)
        self._file = os.fdopen(descriptor, "r+b", buffering=0)
        try:
            self._lock()
            self.size = self._file.seek(0, os.SEEK_END)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> PartialFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and release its lock."""
        self._file.close()

    def truncate(self, size: int) -> None:
        """
        Remove everything after the first *size* bytes.

        Raises:
            ConfigurationError: The file is shorter than *size*.
        """
        if self.size < size:
            raise shorter_than_expected(self.path)
        self._file.truncate(size)
        self.size = self._file.seek(0, os.SEEK_END)

    def append(self, data: bytes) -> None:
        """Append *data*."""
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]
        self.size += len(data)

    def sync(self) -> None:
        """Fsync the file."""
        os.fsync(self._file.fileno())

    def _lock(self) -> None:
        try:
            import fcntl
        except ModuleNotFoundError:  # Windows
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # If the other run has finished by now, the open file is its final output.
            is_free = os.path.samestat(os.fstat(self._file.fileno()), os.stat(self.path))
        except OSError:
            is_free = False
        if not is_free:
            raise ConfigurationError(
                f"another run is writing {str(self.path)!r}", hint="wait until it has ended"
            )


def shorter_than_expected(partial: Path) -> ConfigurationError:
    """Return the error for a partial file that has lost data."""
    return ConfigurationError(
        f"{str(partial)!r} is shorter than the interrupted run left it", hint=RESTART_HINT
    )


def publish(partial: Path, final: Path) -> None:
    """Move *partial* to *final* atomically, keeping the mode of a file that it replaces."""
    with contextlib.suppress(FileNotFoundError):
        os.chmod(partial, stat.S_IMODE(final.stat().st_mode))
    descriptor = os.open(partial, os.O_RDWR | _BINARY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.replace(partial, final)
    sync_folder(final.parent)
