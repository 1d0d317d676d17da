"""Asking for a key's password."""

from __future__ import annotations

import getpass
import warnings

import click


def ask_password() -> str:
    """
    Ask at the terminal, where nothing of it is shown.

    Raises:
        click.UsageError: There is no terminal.
    """
    with warnings.catch_warnings():
        # Without a terminal the password would be read all the same, and seen by whoever looks.
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass("Password: ")
        except (EOFError, getpass.GetPassWarning):
            raise click.UsageError(
                "there is no terminal to ask at; set CLOUDFRONT_PASSWORD"
            ) from None
