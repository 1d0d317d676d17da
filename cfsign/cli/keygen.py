"""`cfsign keygen`."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import click

from cfsign.cli.file import file
from cfsign.cli.messages import say
from cfsign.cli.output import put
from cfsign.keys import SUPPORTED, generate_private_key_pem, load_private_key


@click.command(short_help="Make a key pair that CloudFront takes.")
@click.argument("name", default="cloudfront", type=file)
@click.option(
    "--algorithm",
    type=click.Choice(SUPPORTED, case_sensitive=False),
    default="RSA-2048",
    show_default=True,
    help="P-256 signs faster and makes shorter URLs; it needs `cryptography`.",
)
def keygen(name: Path, algorithm: str) -> None:
    """
    Make a key pair that CloudFront takes: NAME-private.pem and NAME-public.pem.

    No file is ever overwritten.
    """
    if not name.name:
        raise click.ClickException("NAME is a file's name, such as keys/site")
    private = name.with_name(f"{name.name}-private.pem")
    public = name.with_name(f"{name.name}-public.pem")
    for path in (private, public):
        if path.exists():
            raise click.ClickException(
                f"{path} is there already; choose another NAME: cfsign keygen NAME"
            )
    pem = generate_private_key_pem(algorithm)
    try:
        _write(private, pem, 0o600)
        with _removed_on_failure(private):
            _write(public, load_private_key(pem).public_key_pem(), 0o644)
    except OSError as error:
        path = error.filename or name
        raise click.ClickException(f"cannot write {path}: {error.strerror}") from None
    put(os.fsencode(private) + b"\n" + os.fsencode(public))
    say(
        f"upload {public.name} to CloudFront as a public key, put it into a key group that "
        f"your distribution trusts, and keep {private.name} secret; the public key's ID is the "
        "key pair id"
    )


def _write(path: Path, text: str, mode: int) -> None:
    # Made with its permissions, so that nobody can open the key before they are set.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with _removed_on_failure(path), os.fdopen(descriptor, "w", encoding="ascii") as opened:
        opened.write(text)


@contextlib.contextmanager
def _removed_on_failure(made: Path) -> Iterator[None]:
    """Remove a file that this run made, which would be in the next one's way."""
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            made.unlink()
        raise
