"""An output file that is being written, and that gets its final name once it is complete."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from types import TracebackType

from cfsign.errors import ConfigurationError
from cfsign.utils.files import UnsafeFileError, check_folder, get_user, open_file, sync_folder

#: How to give up an interrupted run.
RESTART_HINT = "remove the .partial and .partial.json files to start again"

_BINARY = getattr(os, "O_BINARY", 0)


def partial_path(final: Path) -> Path:
    """Return the path of the unfinished file that is later renamed to *final*."""
    return final.with_name(final.name + ".partial")


def converted_path(partial: Path) -> Path:
    """Return the path of the Parquet file that *partial* is converted to."""
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
            ConfigurationError: Another run is using the file; or another user may have made it: it
                is a link, belongs to another user, or others can write to it or to its folder.
            OSError: The file cannot be written.
        """
        self.path = partial_path(final)
        self._file = os.fdopen(_open_or_create(self.path, final), "r+b", buffering=0)
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


def create_new(path: Path) -> int:
    """
    Create a file for its owner alone, and return its descriptor.

    Raises:
        FileExistsError: There is a file or a link.
    """
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _BINARY, 0o600)


def open_own(path: Path) -> int:
    """
    Open a file of this user and return its descriptor.

    Raises:
        ConfigurationError: The path is a link or not a regular file, or belongs to another user.
    """
    try:
        return open_file(path, os.O_RDWR, owner=get_user())
    except UnsafeFileError as error:
        raise ConfigurationError(
            f"{str(path)!r} cannot be used: {error.strerror}", hint="remove it"
        ) from None


def _open_or_create(partial: Path, final: Path) -> int:
    try:
        check_folder(partial.parent, allow_group=True)
    except UnsafeFileError as error:
        raise ConfigurationError(
            f"{str(partial.parent)!r} cannot be used: {error.strerror}", hint="use chmod o-w"
        ) from None
    try:
        return create_new(partial)
    except FileExistsError:
        descriptor = open_own(partial)
    if _read_mode(os.fstat(descriptor)) & ~_read_mode_of_output(final) & 0o077:
        os.close(descriptor)
        # Other users may have opened it already, so it is too late to change its mode.
        raise ConfigurationError(
            f"{str(partial)!r} can be opened by other users, so it belongs to no interrupted run",
            hint="remove it, or choose another name",
        )
    return descriptor


def _read_mode_of_output(final: Path) -> int:
    """Return the mode of *final*, which `publish` gives to the partial file; 0 without a file."""
    try:
        return _read_mode(final.stat())
    except FileNotFoundError:
        return 0


def _read_mode(status: os.stat_result) -> int:
    return stat.S_IMODE(status.st_mode) if os.name == "posix" else 0


def publish(partial: Path, final: Path) -> None:
    """Move *partial* to *final* atomically, keeping the mode of a file that it replaces."""
    descriptor = open_own(partial)
    try:
        if os.name == "posix" and final.exists():
            os.fchmod(descriptor, _read_mode_of_output(final))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.replace(partial, final)
    sync_folder(final.parent)
