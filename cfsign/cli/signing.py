"""What the commands that sign have in common: with which key, for how long and for whom."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from cfsign.cli.messages import say
from cfsign.cli.password import ask_password as ask
from cfsign.cli.times import duration, moment
from cfsign.config.fields import VARIABLES
from cfsign.errors import PolicyError
from cfsign.keyring.key_pair import is_key_text
from cfsign.keyring.ring import KeyRing
from cfsign.keys import HASH_ALGORITHMS, resolve_private_key
from cfsign.signing.base_signer import BaseSigner
from cfsign.signing.policy import check_conditions
from cfsign.signing.signer import Signer
from cfsign.signing.times import expiry

Command = TypeVar("Command", bound=Callable[..., Any])

_KEY_VARIABLES = ["CLOUDFRONT_PRIVATE_KEY", "CLOUDFRONT_PRIVATE_KEY_FILE"]
_PASSWORD = "CLOUDFRONT_PASSWORD"  # noqa: S105 - the variable's name


def signing_options(
    *, lifetime: str = "90, 15m, 2h, 7d; 60 if nothing is said."
) -> Callable[[Command], Command]:
    """
    Return what adds the options that `signer_and_times` takes.

    Args:
        lifetime: The help of `--expires-in`.
    """
    options = (
        click.option(
            "--key-pair-id",
            envvar="CLOUDFRONT_KEY_PAIR_ID",
            show_envvar=True,
            help="The ID of the public key in CloudFront.",
        ),
        click.option(
            "--private-key",
            envvar=_KEY_VARIABLES,
            show_envvar=True,
            help="The private key's path, or kms:alias/NAME; in the environment, its PEM too.",
        ),
        click.option(
            "--ask-password",
            is_flag=True,
            help=f"Ask for the key's password, and do not take it from {_PASSWORD}.",
        ),
        click.option(
            "--hash-algorithm",
            envvar="CLOUDFRONT_HASH_ALGORITHM",
            show_envvar=True,
            type=click.Choice(HASH_ALGORITHMS, case_sensitive=False),
            metavar="[SHA1|SHA256]",
            help="SHA1 if nothing is said; SHA256 with a key that has no other.",
        ),
        click.option(
            "--key-ring",
            metavar="FILE",
            envvar="CLOUDFRONT_KEY_RING_FILE",
            show_envvar=True,
            help="A key ring's document, in place of the four above.",
        ),
        click.option(
            "--expires-in",
            envvar="CLOUDFRONT_EXPIRES",
            show_envvar=True,
            type=duration,
            help=lifetime,
        ),
        click.option("--expires-at", type=moment, help="Epoch seconds or 2027-01-31T12:00Z."),
        click.option("--starts-at", type=moment, help="Not before then."),
        click.option("--ip-address", help="The viewer's IPv4 address or network alone."),
    )

    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def signer_and_times(
    expires_in: int | None,
    expires_at: int | datetime | None,
    starts_at: int | datetime | None,
    ip_address: str | None,
    **keys: Any,
) -> tuple[BaseSigner, dict[str, Any]]:
    """
    Make of the `signing_options` what signs, and the arguments that say for how long and for whom.

    Raises:
        click.UsageError: The options do not go together.
        CfsignError: The key, or a time, cannot be used.
    """
    # The environment's lifetime is a default, as in a site's settings.
    if expires_at is not None and _is_from_environment("expires_in"):
        expires_in = None
    if expires_in is None and expires_at is None:
        expires_in = 60
    signer = _signer(**keys)
    with _named_as_given():
        # Counted from now: a password may have been asked for in the meantime.
        ends = expiry(expires_in, expires_at, int(time.time()))
        check_conditions(ends, starts_at, ip_address)
    return signer, {"expires_at": ends, "starts_at": starts_at, "ip_address": ip_address}


def say_when(expires_at: int) -> None:
    """Say on standard error how long what was printed is good."""
    ends = datetime.fromtimestamp(expires_at, UTC)
    say(f"good until {ends:%Y-%m-%d %H:%M:%S} UTC")


@contextlib.contextmanager
def _named_as_given() -> Iterator[None]:
    """Name in an error what the user gave, `--expires-in`, not the library's argument."""
    try:
        yield
    except PolicyError as error:
        message = re.sub(r"\b(?:expires_in|expires_at|starts_at|ip_address)\b", _given, str(error))
        raise PolicyError(message, field=error.field) from None


def _given(name: re.Match[str]) -> str:
    if name[0] == "expires_in" and _is_from_environment("expires_in"):
        return "CLOUDFRONT_EXPIRES"
    return f"--{name[0].replace('_', '-')}"


def _signer(key_ring: str | None, **one_key: Any) -> BaseSigner:
    """Make the signer; a flag stands in for what the environment says of the same."""
    if key_ring is None or (_is_flag("private_key") and not _is_flag("key_ring")):
        return _signer_of_one_key(**one_key)
    beside = [name for name, value in one_key.items() if value]
    if _is_flag("key_ring"):
        beside = [name for name in beside if _is_flag(name)]
    labels = [_label(name) for name in beside]
    if not _is_flag("key_ring") and os.environ.get(_PASSWORD):
        labels.append(_PASSWORD)
    if labels:
        raise click.UsageError(
            f"{' and '.join(labels)} beside {_label('key_ring')}, where each key has its own; "
            "give the one or the other"
        )
    return KeyRing.from_file(key_ring)


def _signer_of_one_key(
    key_pair_id: str | None,
    private_key: str | None,
    ask_password: bool,
    hash_algorithm: str | None,
) -> Signer:
    if not key_pair_id:
        raise click.UsageError("give --key-pair-id or CLOUDFRONT_KEY_PAIR_ID, or a --key-ring")
    if not private_key:
        raise click.UsageError(f"give --private-key or {_KEY_VARIABLES[1]}, or a --key-ring")
    if not _is_flag("private_key") and all(map(os.environ.get, _KEY_VARIABLES)):
        raise click.UsageError(f"{' and '.join(_KEY_VARIABLES)} are both set; set one")
    if _is_flag("private_key") and is_key_text(private_key):
        say(
            "warning: the key itself is among the words of the command, which every user of this "
            "machine may list; give its path, or CLOUDFRONT_PRIVATE_KEY"
        )
    password = ask() if ask_password else os.environ.get(_PASSWORD) or None
    key = resolve_private_key(private_key, password)
    return Signer(key_pair_id, key, hash_algorithm=hash_algorithm)


def _is_flag(parameter: str) -> bool:
    return _source_of(parameter) is ParameterSource.COMMANDLINE


def _is_from_environment(parameter: str) -> bool:
    return _source_of(parameter) is ParameterSource.ENVIRONMENT


def _source_of(parameter: str) -> ParameterSource | None:
    return click.get_current_context().get_parameter_source(parameter)


def _label(parameter: str) -> str:
    """Return what the user gave it as: a flag, or a variable."""
    if _is_flag(parameter):
        return f"--{parameter.replace('_', '-')}"
    if parameter == "private_key":
        return next(filter(os.environ.get, _KEY_VARIABLES))
    return f"CLOUDFRONT_{VARIABLES[parameter]}"
