"""A file in the making: beside the one that it will be, and that one only when it is whole."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from types import TracebackType

from cfsign.errors import ConfigurationError

_BINARY = getattr(os, "O_BINARY", 0)
#: Somebody who may write in the same folder could lay a link to a file of ours.
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


def partial_path(final: Path) -> Path:
    """Return where *final* is made."""
    return final.with_name(final.name + ".partial")


def made_path(partial: Path) -> Path:
    """Return where *partial* becomes what is wanted, if that is another format."""
    return partial.with_name(partial.name + ".parquet")


class PartialFile:
    """
    Bytes that are added one behind the other, for their owner's eyes alone (mode 600).

    While it is open, no other run has it.

    Attributes:
        path: Where it is, in the same folder as the file that it becomes.
        size: How many bytes it has.
    """

    def __init__(self, final: Path) -> None:
        """
        Open it as it is, or make it.

        Raises:
            ConfigurationError: Another run is at it, or it is a link.
            OSError: It cannot be written.
        """
        self.path = partial_path(final)
        if self.path.is_symlink():
            raise ConfigurationError(
                f"{str(self.path)!r} is a link, which is not followed; remove it"
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
        """Let go of it; another run may have it."""
        self._file.close()

    def cut(self, size: int) -> None:
        """
        Take away all behind the first *size* bytes.

        Raises:
            ConfigurationError: There are not as many.
        """
        if self.size < size:
            raise ConfigurationError(
                f"{str(self.path)!r} is shorter than the run left it; remove the .partial and "
                ".partial.json files, and begin anew"
            )
        self._file.truncate(size)
        self.size = self._file.seek(0, os.SEEK_END)

    def append(self, data: bytes) -> None:
        """Add *data*."""
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]
        self.size += len(data)

    def sync(self) -> None:
        """See to it that what was added outlasts a failure of power."""
        os.fsync(self._file.fileno())

    def _lock(self) -> None:
        try:
            import fcntl
        except ModuleNotFoundError:  # Windows
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Or the other run has finished meanwhile, and this is its output.
            is_free = os.path.samestat(os.fstat(self._file.fileno()), os.stat(self.path))
        except OSError:
            is_free = False
        if not is_free:
            raise ConfigurationError(f"another run is at {str(self.path)!r}; wait until it is over")


def publish(made: Path, final: Path) -> None:
    """Put the file *made* in the place of *final*, whole; the mode of one that was there stays."""
    with contextlib.suppress(FileNotFoundError):
        os.chmod(made, stat.S_IMODE(final.stat().st_mode))
    descriptor = os.open(made, os.O_RDWR | _BINARY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.replace(made, final)
    sync_folder(final.parent)


def sync_folder(folder: Path) -> None:
    """See to it that the names in *folder* outlast a failure of power."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
