"""Print results on standard output and messages on standard error."""

from __future__ import annotations

import contextlib
import os
import sys


def print_message(message: str) -> None:
    """Print *message* on standard error; ignore a closed standard error."""
    if sys.stderr is not None:  # print(file=None) would write to standard output
        with contextlib.suppress(OSError):
            print(f"cfsign: {message}", file=sys.stderr)


def print_result(text: str | bytes) -> None:
    """
    Print *text* and a newline on standard output.

    Raises:
        click.ClickException: The text cannot be written completely.
    """
    import click  # imported here: `main` prints a message if click is missing

    try:
        try:
            click.echo(text)
        except UnicodeEncodeError:  # a file name that is not text is printed as its bytes
            click.echo(os.fsencode(text))
    except OSError as error:
        raise click.ClickException(describe_os_error(error)) from None


def describe_os_error(error: OSError) -> str:
    """
    Return a message for *error*.

    An error without a file name is one of standard output. Further output is then discarded.
    """
    if error.filename is not None:
        return f"{os.fsdecode(error.filename)!r}: {error.strerror}; check its permissions"
    # At exit Python would write the rest of the buffer again, and print a second error.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return f"cannot write: {error.strerror}"
