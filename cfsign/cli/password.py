"""Ask for the password of a key."""

from __future__ import annotations

import getpass
import warnings

import click


def ask_password() -> str:
    """
    Ask for a password at the terminal, without showing it.

    Raises:
        click.UsageError: There is no terminal.
    """
    with warnings.catch_warnings():
        # Without a terminal, getpass warns and then reads the password visibly.
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass("Password: ")
        except (EOFError, getpass.GetPassWarning):
            raise click.UsageError(
                "there is no terminal to ask for the password; set CLOUDFRONT_PASSWORD"
            ) from None
