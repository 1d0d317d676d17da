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
        click.echo(text)
    except OSError as error:
        raise click.ClickException(cannot_write(error)) from None


def cannot_write(error: OSError) -> str:
    """Say what *error* means, and give up what could not be written."""
    # It would be tried again, and fail again, when the process ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return f"cannot write: {error.strerror}"
