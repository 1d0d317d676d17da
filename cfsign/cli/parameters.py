"""Parse the options and arguments that several commands share."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

import click

from cfsign.errors import PolicyError
from cfsign.keys import HASH_ALGORITHMS, KEY_ALGORITHMS, choose_backend
from cfsign.signing import times
from cfsign.utils.description import describe_name, describe_value

_ID_AND_FILE = re.compile("([A-Za-z0-9]+)=(.+)", re.DOTALL)


def parse_path(text: str) -> Path:
    """Parse a path. `~` is the home folder also in `--option=~/a`, which shells do not expand."""
    return Path(os.path.expanduser(text))


def parse_duration(text: str) -> int:
    """Parse a duration such as 90, 15m, 2h or 7d, and return its seconds."""
    try:
        return times.parse_duration(text, "duration")
    except PolicyError as error:
        raise click.BadParameter(str(error)) from None


#: The value of `--algorithm`.
KEY_ALGORITHM = click.Choice(KEY_ALGORITHMS, case_sensitive=False)

#: The algorithm of new keys: it signs fastest, and its URLs are the shortest.
DEFAULT_ALGORITHM = "P-256"


def check_algorithm(algorithm: str) -> None:
    """Raise a ClickException if no installed backend can generate such a key."""
    if algorithm == "P-256" and choose_backend() != "cryptography":
        raise click.ClickException(
            "a P-256 key needs cryptography; pip install cryptography, or make a slower key with "
            "--algorithm rsa-2048"
        )


def parse_hash_algorithm(text: str) -> str:
    """Parse the name of a hash algorithm, in any case. A wrong value may be a key: it is hidden."""
    if text.upper() not in HASH_ALGORITHMS:
        raise click.BadParameter(
            f"{describe_value(text)} is not one of {', '.join(HASH_ALGORITHMS)}"
        )
    return text.upper()


def parse_timestamp(text: str) -> int | datetime:
    """Parse epoch seconds, or a date and time in ISO 8601 with its time zone."""
    if re.fullmatch(r"[0-9]{1,20}", text):
        return int(text)
    try:
        timestamp = datetime.fromisoformat(text)
    except ValueError:
        timestamp = None
    if timestamp is None or timestamp.utcoffset() is None:
        raise click.BadParameter(
            f"{describe_value(text)} is not a time; use epoch seconds or a time with its zone: "
            "2027-01-31T12:00Z"
        )
    return timestamp


def parse_address(text: str) -> str:
    """Parse an IPv4 or IPv6 address."""
    try:
        return str(ip_address(text.strip()))
    except ValueError:
        raise click.BadParameter(
            f"{describe_name(text)} is not an address; use one address, such as 192.0.2.7"
        ) from None


class PublicKeyFile(NamedTuple):
    """The file of a public key, and its key pair id; "" if none was given."""

    key_pair_id: str
    path: Path


def parse_public_key(text: str) -> PublicKeyFile:
    """Parse ID=FILE."""
    key = parse_public_key_or_file(text)
    if not key.key_pair_id:
        raise click.BadParameter(
            f"{describe_name(text)} has no key pair id; use ID=FILE: "
            "K2JCJMDEHXQW5F=cloudfront-public.pem"
        )
    return key


def parse_public_key_or_file(text: str) -> PublicKeyFile:
    """Parse ID=FILE, or FILE alone; its id is then ""."""
    match = _ID_AND_FILE.fullmatch(text)
    if match is None:
        return PublicKeyFile("", parse_path(text))
    return PublicKeyFile(match[1], parse_path(match[2]))


def index_by_id(keys: Sequence[PublicKeyFile]) -> dict[str, Path]:
    """Return the files by key pair id; refuse two files with the same id."""
    files = dict(keys)
    if len(files) < len(keys):
        raise click.UsageError("two --public-key options have the same id; use each id once")
    return files
