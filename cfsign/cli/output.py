"""What a command prints on standard output: all of it, or an error."""

from __future__ import annotations

import os
import sys

import click


def put(text: str | bytes) -> None:
    """
    Print *text* and a newline on standard output.

    Raises:
        click.ClickException: It cannot be written.
    """
    try:
        try:
            click.echo(text)
        except UnicodeEncodeError:  # a file's name that is no text: as the system gave it
            click.echo(os.fsencode(text))
    except OSError as error:
        raise click.ClickException(failed(error)) from None


def failed(error: OSError) -> str:
    """Say what *error* means; what could not be written on standard output is given up."""
    if error.filename is not None:
        return f"{os.fsdecode(error.filename)!r}: {error.strerror}; check who may read and write it"
    # It would be tried again, and fail again, when the process ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return f"cannot write: {error.strerror}"
