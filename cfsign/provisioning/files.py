"""Private keys and key ring documents on disk; errors as SigningKeyError."""

from __future__ import annotations

from pathlib import Path

from cfsign.errors import SigningKeyError
from cfsign.utils import files


def write_private_key(path: Path, text: str, model: Path | None = None) -> None:
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


def replace_file(path: Path, text: str) -> None:
    """
    Replace the content of *path*, whole or not at all; its mode and owner stay.

    Raises:
        SigningKeyError: The file cannot be written.
    """
    try:
        files.replace_file(path, text)
    except OSError as error:
        raise _build_write_error(path, error) from None


def _build_write_error(path: Path, error: OSError) -> SigningKeyError:
    return SigningKeyError(
        f"{str(path)!r} cannot be written ({error.strerror})",
        hint="check the folder, and run this as the user who owns its files",
        source=str(path),
    )
