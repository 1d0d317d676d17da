"""Files with secrets in them: made for their owner alone, never overwritten, replaced whole."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from cfsign.errors import SigningKeyError


def write_private_key(path: Path, pem: str, model: Path | None = None) -> None:
    """
    Write a new private key; a file that is there stays as it is.

    Args:
        path: Where.
        pem: The key.
        model: A file whose owner and group the new one gets, and whose group may read the new one
            if it may read the model; None makes it the caller's own alone, mode 600.

    Raises:
        SigningKeyError: There is such a file, or it cannot be written.
    """
    try:
        # Made with its mode, so that nobody can open the key before it is set.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise SigningKeyError(
            f"{str(path)!r} is there already, and no key is overwritten; choose another name",
            source=str(path),
        ) from None
    except OSError as error:
        raise _cannot_write(path, error) from None
    with _whole_or_gone(path, path):
        _fill(descriptor, path, pem, model, stat.S_IRGRP)


def replace_file(path: Path, text: str) -> None:
    """
    Replace a file's content, whole or not at all; its mode and owner stay.

    Raises:
        SigningKeyError: It cannot be written.
    """
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise _cannot_write(path, error) from None
    with _whole_or_gone(Path(name), path):
        _fill(descriptor, Path(name), text, path, 0o777)
        Path(name).replace(path)


@contextlib.contextmanager
def _whole_or_gone(made: Path, wanted: Path) -> Iterator[None]:
    """Remove the file *made*, which may hold a key, whatever hinders its becoming *wanted*."""
    try:
        yield
    except BaseException as error:
        with contextlib.suppress(OSError):
            made.unlink()
        if isinstance(error, OSError):
            raise _cannot_write(wanted, error) from None
        raise


def _fill(descriptor: int, path: Path, text: str, model: Path | None, bits: int) -> None:
    """Write a file that was just made."""
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        if model is not None:
            _resemble(descriptor, path, model, bits)
        file.write(text)
        file.flush()
        os.fsync(descriptor)


def _resemble(descriptor: int, path: Path, model: Path, bits: int) -> None:
    """Let those read the new file who read the model: a server is often another user."""
    if os.name != "posix":
        return
    wanted, own = model.stat(), os.fstat(descriptor)
    if (wanted.st_uid, wanted.st_gid) != (own.st_uid, own.st_gid):
        os.chown(path, wanted.st_uid, wanted.st_gid)
    os.chmod(path, stat.S_IMODE(wanted.st_mode) & bits | 0o600)


def _cannot_write(path: Path, error: OSError) -> SigningKeyError:
    return SigningKeyError(
        f"{str(path)!r} cannot be written ({error.strerror}); check the folder, and run this as "
        "the user whose files lie there",
        source=str(path),
    )
