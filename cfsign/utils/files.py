"""Files that only their owner may read: written whole, or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path


def create_file(path: Path, text: str, *, mode: int = 0o600, model: Path | None = None) -> None:
    """
    Create a file with *text*; an existing file stays as it is.

    Args:
        path: The file to create.
        text: Its content.
        mode: Its permissions. It is created with them, so that no one can open it earlier.
        model: A file whose owner and group the new file gets. Its group may read the new file if
            it may read the model.

    Raises:
        FileExistsError: The file exists.
        OSError: The file cannot be written. No part of it is left.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with _remove_on_error(path):
        _write(descriptor, path, text, model, stat.S_IRGRP)


def replace_file(path: Path, text: str) -> None:
    """
    Replace the content of *path* with *text*, whole or not at all; its mode and owner stay.

    A file that does not exist is created for its owner alone.

    Raises:
        OSError: The file cannot be written. The old one is unchanged.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    new = Path(name)
    with _remove_on_error(new):
        _write(descriptor, new, text, path if path.exists() else None, 0o777)
        new.replace(path)
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Call fsync on *folder*, so that the names in it survive a power failure."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _remove_on_error(path: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:  # an interrupt, too: the file may hold part of a key
        with contextlib.suppress(OSError):
            path.unlink()
        raise


def _write(descriptor: int, path: Path, text: str, model: Path | None, mask: int) -> None:
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        if model is not None:
            _copy_access(descriptor, path, model, mask)
        file.write(text)
        file.flush()
        os.fsync(descriptor)


def _copy_access(descriptor: int, path: Path, model: Path, mask: int) -> None:
    """Let those read the new file who may read *model*: a server often runs as another user."""
    if os.name != "posix":
        return
    wanted, own = model.stat(), os.fstat(descriptor)
    if (wanted.st_uid, wanted.st_gid) != (own.st_uid, own.st_gid):
        os.chown(path, wanted.st_uid, wanted.st_gid)
    os.chmod(path, stat.S_IMODE(wanted.st_mode) & mask | 0o600)
