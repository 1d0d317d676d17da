"""
Files that only their owner may read, and files that other users may have prepared.

A program of root may write to a folder of a less trusted user, who can replace any file by a link
at any time. So a file is opened once, and owner and mode are checked and changed by its descriptor.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cfsign.utils.secret import Secret, hide

_BINARY: int = getattr(os, "O_BINARY", 0)
_NO_LINK: int = getattr(os, "O_NOFOLLOW", 0)
# Opening a FIFO must not wait for its other end.
_NO_WAIT: int = getattr(os, "O_NONBLOCK", 0)


class UnsafeFileError(OSError):
    """A file that is not read or written: a link, not a regular file, or of another user."""


def create_file(
    path: Path, text: str | Secret[str], *, mode: int = 0o600, model: Path | None = None
) -> None:
    """
    Create a file with *text*; an existing file or link stays as it is.

    Args:
        path: The file to create.
        text: Its content; a `Secret` is in no frame of an error.
        mode: Its permissions. It is created with them, so that no one can open it earlier.
        model: A file whose owner and group the new file gets. Its group may read the new file if
            it may read the model.

    Raises:
        FileExistsError: The file exists.
        UnsafeFileError: Other users can write to the folder.
        OSError: The file cannot be written. No part of it is left.
    """
    text = hide(text)
    check_folder(path.parent, allow_group=model is None)
    access = None if model is None else model.stat()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK, mode)
    with _remove_on_error(path):
        _write(descriptor, text, access, stat.S_IRGRP)


def replace_file(path: Path, text: str | Secret[str]) -> None:
    """
    Replace the content of *path* with *text*, whole or not at all; its mode and owner stay.

    A file that does not exist is created for its owner alone.

    Raises:
        UnsafeFileError: Other users can write to the folder, or *path* is not a regular file.
        OSError: The file cannot be written. The old one is unchanged.
    """
    import tempfile  # imported late: most programs only read files

    text = hide(text)
    check_folder(path.parent)
    access = path.lstat() if os.path.lexists(path) else None
    if access is not None:
        _require_regular(path, access)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    new = Path(name)
    with _remove_on_error(new):
        _write(descriptor, text, access, 0o777)
        new.replace(path)
        sync_folder(path.parent)


def open_file(
    path: str | os.PathLike[str], flags: int = os.O_RDONLY, *, owner: int | None = None
) -> int:
    """
    Open a regular file, and return its descriptor. Never wait, for example for a pipe.

    Args:
        path: The file.
        flags: As for `os.open`. A file that is created is for its owner alone (mode 0600).
        owner: The id of the user who must own the file. If given, links are refused, too.

    Raises:
        UnsafeFileError: The file is not regular, belongs to another user, or is a refused link.
        OSError: The file cannot be opened.
    """
    no_link = 0 if owner is None else _NO_LINK
    try:
        descriptor = os.open(path, flags | _NO_WAIT | no_link | _BINARY, 0o600)
    except OSError as error:
        if error.errno == errno.ELOOP and no_link:
            raise _unsafe(path, "it is a link, and links are not followed") from None
        if error.errno == errno.ENXIO:  # a FIFO without a reader, a socket
            raise _unsafe(path, "it is not a regular file") from None
        raise
    try:
        status = os.fstat(descriptor)
        _require_regular(path, status)
        if owner is not None and status.st_uid != owner:
            raise _unsafe(path, f"it belongs to the user with id {status.st_uid}")
        if owner is not None and status.st_nlink > 1:
            raise _unsafe(path, "it has a second name (a hard link)")
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def read_file(path: str | os.PathLike[str], size: int = -1, *, owner: int | None = None) -> bytes:
    """Return at most *size* bytes of a file, or all; arguments and errors as for `open_file`."""
    with os.fdopen(open_file(path, owner=owner), "rb") as file:
        return file.read(size)


def get_user() -> int | None:
    """Return the id of the user of this process, for `open_file`; None on Windows."""
    return os.geteuid() if os.name == "posix" else None


def check_folder(folder: Path, *, allow_group: bool = False) -> None:
    """
    Check that no other user can replace files in *folder*.

    A folder with the sticky bit is accepted, such as /tmp: there, users replace their own files
    alone. So is a folder of a user's private group, whose id is the user's (as in pam_umask).

    Args:
        folder: The folder.
        allow_group: Accept a folder that its group can write to.

    Raises:
        UnsafeFileError: Other users can write to it.
        OSError: There is no such folder.
    """
    if os.name != "posix":
        return
    status = folder.stat()
    allow_group = allow_group or status.st_gid == status.st_uid
    writers = stat.S_IWOTH if allow_group else stat.S_IWOTH | stat.S_IWGRP
    if status.st_mode & writers and not status.st_mode & stat.S_ISVTX:
        mode = stat.S_IMODE(status.st_mode)
        raise _unsafe(folder, f"other users can write to the folder, which has mode {mode:04o}")


def sync_folder(folder: Path) -> None:
    """Call fsync on *folder*, so that the names in it survive a power failure."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unsafe(path: str | os.PathLike[str], reason: str) -> UnsafeFileError:
    return UnsafeFileError(errno.EPERM, reason, os.fspath(path))


def _require_regular(path: str | os.PathLike[str], status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    if not stat.S_ISREG(status.st_mode):
        raise _unsafe(path, "it is not a regular file")


@contextlib.contextmanager
def _remove_on_error(path: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:  # an interrupt, too: the file may hold part of a key
        with contextlib.suppress(OSError):
            path.unlink()
        raise


def _write(descriptor: int, text: Secret[Any], access: os.stat_result | None, mask: int) -> None:
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        if access is not None:
            _copy_access(descriptor, access, mask)
        file.write(text.reveal())
        file.flush()
        os.fsync(descriptor)


def _copy_access(descriptor: int, wanted: os.stat_result, mask: int) -> None:
    """Copy owner and mode of another file: a server often runs as another user."""
    if os.name != "posix":
        return
    own = os.fstat(descriptor)
    if (wanted.st_uid, wanted.st_gid) != (own.st_uid, own.st_gid):
        os.fchown(descriptor, wanted.st_uid, wanted.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(wanted.st_mode) & mask | 0o600)
