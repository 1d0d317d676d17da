"""
Private keys and key ring documents on disk; errors as SigningKeyError.

A rotation may run as root in a folder of the site's user, who can put links there.
"""

from __future__ import annotations

import os
from pathlib import Path

from cfsign.errors import SigningKeyError
from cfsign.keys.source import MAX_KEY_BYTES
from cfsign.utils import files
from cfsign.utils.secret import Secret


def write_private_key(path: Path, text: Secret[str], model: Path | None = None) -> None:
    """
    Write a new file that only its owner can read; an existing file stays as it is.

    Args:
        path: The new file.
        text: The private key.
        model: A file whose owner and group the new file gets. Its group may read the new file if
            it may read the model.

    Raises:
        SigningKeyError: The file exists or cannot be written.
    """
    try:
        files.create_file(path, text, model=model)
    except FileExistsError:
        raise SigningKeyError(
            f"{str(path)!r} already exists, and keys are not overwritten",
            hint="choose another name",
            source=str(path),
        ) from None
    except OSError as error:
        raise _build_write_error(path, error) from None


def replace_file(path: Path, text: Secret[str]) -> None:
    """
    Replace the content of *path*, whole or not at all; its mode and owner stay.

    Raises:
        SigningKeyError: The file cannot be written.
    """
    try:
        files.replace_file(path, text)
    except OSError as error:
        raise _build_write_error(path, error) from None


def read_private_key(path: Path, model: Path) -> Secret[bytes]:
    """
    Read a private key that `write_private_key` has written with *model*.

    Raises:
        SigningKeyError: The file cannot be read, is a link, or belongs to another user than
            *model*. Otherwise the site's user could get a copy of root's key by a link to it.
    """
    try:
        owner = model.stat().st_uid if os.name == "posix" else None
        return Secret(files.read_file(path, MAX_KEY_BYTES, owner=owner))
    except OSError as error:
        raise SigningKeyError(
            f"the private key in {str(path)!r} cannot be used ({error.strerror})",
            hint="delete the file unless it is yours, and run this again",
            source=str(path),
        ) from None


def check_folder(folder: Path) -> None:
    """Raise SigningKeyError if another user than its owner can write to *folder*."""
    try:
        files.check_folder(folder)
    except OSError as error:
        raise SigningKeyError(
            f"keys cannot be written to {str(folder)!r} ({error.strerror})",
            hint="use chmod go-w",
            source=str(folder),
        ) from None


def _build_write_error(path: Path, error: OSError) -> SigningKeyError:
    return SigningKeyError(
        f"{str(path)!r} cannot be written ({error.strerror})",
        hint="check the folder, and run this as the user who owns its files",
        source=str(path),
    )
