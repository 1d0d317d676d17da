"""Public keys as every command takes them: by key pair id and file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import click

from cfsign.cli.file import file

_WITH_ID = re.compile("([A-Za-z0-9]+)=(.+)", re.DOTALL)


class PublicKeyFile(NamedTuple):
    """A public key's file, and the id that it is said to have; "" where none was given."""

    key_pair_id: str
    path: Path


def public_key(text: str) -> PublicKeyFile:
    """Turn ID=FILE into the two."""
    found = public_key_or_file(text)
    if not found.key_pair_id:
        raise click.BadParameter(
            "give the key pair id and the public key's file: K2JCJMDEHXQW5F=cloudfront-public.pem"
        )
    return found


def public_key_or_file(text: str) -> PublicKeyFile:
    """Turn ID=FILE, or FILE where the id is known already, into the two."""
    parts = _WITH_ID.fullmatch(text)
    return PublicKeyFile(parts[1], file(parts[2])) if parts else PublicKeyFile("", file(text))


def by_id(keys: Sequence[PublicKeyFile]) -> dict[str, Path]:
    """Return the files by their ids; two files of one id are a usage error."""
    found = dict(keys)
    if len(found) < len(keys):
        raise click.UsageError("two of --public-key have the same id; each key has its own")
    return found
