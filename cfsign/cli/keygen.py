"""`cfsign keygen`."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import click

from cfsign.cli.output import print_message, print_result
from cfsign.cli.parameters import (
    DEFAULT_ALGORITHM,
    KEY_ALGORITHM,
    check_algorithm,
    parse_path,
)
from cfsign.keys import generate_private_key_pem, load_private_key
from cfsign.utils.files import UnsafeFileError, create_file
from cfsign.utils.secret import Secret


@click.command(short_help="Make a key pair for CloudFront.")
@click.argument("name", default="cloudfront", type=parse_path)
@click.option(
    "--algorithm",
    type=KEY_ALGORITHM,
    default=DEFAULT_ALGORITHM,
    show_default=True,
    help="P-256 signs faster and makes shorter URLs. It needs `cryptography`.",
)
def keygen(name: Path, algorithm: str) -> None:
    """
    Make a key pair for CloudFront: NAME-private.pem and NAME-public.pem.

    Existing files are never overwritten.
    """
    if not name.name:
        raise click.ClickException("NAME must end in a file name, such as keys/site")
    private = name.with_name(f"{name.name}-private.pem")
    public = name.with_name(f"{name.name}-public.pem")
    for path in (private, public):
        if path.exists():
            raise click.ClickException(
                f"{path} exists already; choose another NAME: cfsign keygen NAME"
            )
    check_algorithm(algorithm)
    pem = Secret(generate_private_key_pem(algorithm))
    try:
        create_file(private, pem)
        try:
            create_file(public, load_private_key(pem.reveal()).public_key_pem(), mode=0o644)
        except BaseException:  # an interrupt, too: the private key would block the next run
            with contextlib.suppress(OSError):
                private.unlink()
            raise
    except OSError as error:
        path = error.filename or name
        hint = "; use chmod o-w" if isinstance(error, UnsafeFileError) else ""
        if isinstance(error, FileNotFoundError):
            hint = "; create the folder first"
        raise click.ClickException(f"cannot write {path}: {error.strerror}{hint}") from None
    print_result(os.fsencode(private) + b"\n" + os.fsencode(public))
    print_message(f"keep {private.name} secret")
    print_message(f"upload {public.name} to CloudFront: the ID that it shows is the key pair id")
    print_message("add the public key to a key group that your distribution trusts")
