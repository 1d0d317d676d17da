"""The options that all commands that sign share: the key and the conditions."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from cfsign.cli.output import print_message
from cfsign.cli.parameters import parse_duration, parse_hash_algorithm, parse_timestamp
from cfsign.cli.password import ask_password as ask
from cfsign.config.settings import clean_variable
from cfsign.errors import ConfigurationError, PolicyError
from cfsign.keyring.ring import KeyRing
from cfsign.keys import is_key_text, resolve_private_key
from cfsign.keys.key_pair_id import find_key_pair_id
from cfsign.signing.base_signer import BaseSigner
from cfsign.signing.policy import Conditions, check_conditions
from cfsign.signing.signer import Signer
from cfsign.utils.secret import Secret


class VariableOption(click.Option):
    """An option whose environment variable is cleaned, as in the settings of a site."""

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """Return the cleaned value of the first variable that is set, or None."""
        value = super().resolve_envvar_value(ctx)
        return clean_variable("", value) or None if value else None


Command = TypeVar("Command", bound=Callable[..., Any])

_KEY_VARIABLES = ["CLOUDFRONT_PRIVATE_KEY", "CLOUDFRONT_PRIVATE_KEY_FILE"]
_PASSWORD_VARIABLE = "CLOUDFRONT_PASSWORD"  # noqa: S105 - the variable's name


def signing_options(
    *, expires_in_help: str = "How long it works: 90, 15m, 2h or 7d. Default: 60 seconds."
) -> Callable[[Command], Command]:
    """
    Return a decorator that adds the options which `read_signing_options` takes.

    Args:
        expires_in_help: The help of `--expires-in`.
    """
    options = (
        click.option(
            "--key-pair-id",
            cls=VariableOption,
            envvar="CLOUDFRONT_KEY_PAIR_ID",
            show_envvar=True,
            help="The ID of the public key in CloudFront.",
        ),
        click.option(
            "--private-key",
            cls=VariableOption,
            envvar=_KEY_VARIABLES,
            show_envvar=True,
            help="The private key's path, or kms:alias/NAME. The variable may hold the PEM itself.",
        ),
        click.option(
            "--ask-password",
            is_flag=True,
            help=f"Ask for the key's password, instead of reading {_PASSWORD_VARIABLE}.",
        ),
        click.option(
            "--hash-algorithm",
            cls=VariableOption,
            envvar="CLOUDFRONT_HASH_ALGORITHM",
            show_envvar=True,
            type=parse_hash_algorithm,
            metavar="[SHA1|SHA256]",
            help="Default: SHA1, or SHA256 if the key supports nothing else.",
        ),
        click.option(
            "--key-ring",
            cls=VariableOption,
            metavar="FILE",
            envvar="CLOUDFRONT_KEY_RING_FILE",
            show_envvar=True,
            help="A key ring document, instead of the four options above.",
        ),
        click.option(
            "--expires-in",
            cls=VariableOption,
            envvar=["CLOUDFRONT_EXPIRES_IN", "CLOUDFRONT_EXPIRES"],
            show_envvar=True,
            type=parse_duration,
            metavar="DURATION",
            help=expires_in_help,
        ),
        click.option(
            "--expires-at",
            type=parse_timestamp,
            metavar="TIME",
            help="Epoch seconds or 2027-01-31T12:00Z.",
        ),
        click.option(
            "--starts-at",
            type=parse_timestamp,
            metavar="TIME",
            help="CloudFront refuses requests before this time.",
        ),
        click.option(
            "--ip-address",
            metavar="ADDRESS",
            help="Allow only this IPv4 address or network of clients.",
        ),
    )

    def add_options(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add_options


def read_signing_options(
    expires_in: int | None,
    expires_at: int | datetime | None,
    starts_at: int | datetime | None,
    ip_address: str | None,
    **key_options: Any,
) -> tuple[BaseSigner, Conditions, int]:
    """
    Return the signer, the conditions and the expiry that the `signing_options` describe.

    Raises:
        click.UsageError: Options are missing, wrong or contradict each other.
        CfsignError: The key cannot be used.
    """
    # The variable is a default, as in a site's settings, so --expires-at overrides it.
    if expires_at is not None and _is_from_environment("expires_in"):
        expires_in = None
    if expires_in is not None and expires_at is not None:
        raise click.UsageError("--expires-in cannot be combined with --expires-at; use one of them")
    if expires_in is None and expires_at is None:
        expires_in = 60
    signer = _build_signer(**key_options)
    with report_by_option():
        # The clock is read last, because asking for a password takes time.
        conditions: Conditions = {
            "expires_in": expires_in,
            "expires_at": expires_at,
            "starts_at": starts_at,
            "ip_address": ip_address,
        }
        ends, *_ = check_conditions(conditions, time.time())
    # Every signature of the command gets the same expiry.
    return signer, {**conditions, "expires_in": None, "expires_at": ends}, ends


def print_expiry(expires_at: int) -> None:
    """Print on standard error when the result expires."""
    expiry_time = datetime.fromtimestamp(expires_at, UTC)
    print_message(f"valid until {expiry_time:%Y-%m-%d %H:%M:%S} UTC")


@contextlib.contextmanager
def report_by_option() -> Iterator[None]:
    """Report an error under the name of the option or variable that caused it."""
    try:
        yield
    except PolicyError as error:
        raise click.BadParameter(str(error), param_hint=repr(_label(error.field))) from None
    except ConfigurationError as error:
        raise ConfigurationError(
            [replace(problem, setting=_label(problem.setting)) for problem in error.problems]
        ) from None


def _build_signer(key_ring: str | None, **one_key: Any) -> BaseSigner:
    """Build the signer. An option replaces the variables of the other kind of key."""
    if key_ring is None or (_is_option("private_key") and not _is_option("key_ring")):
        return _build_signer_of_one_key(**one_key)
    extra = [name for name, value in one_key.items() if value]
    if _is_option("key_ring"):
        extra = [name for name in extra if _is_option(name)]
    labels = [_label(name) for name in extra]
    if not _is_option("key_ring") and os.environ.get(_PASSWORD_VARIABLE):
        labels.append(_PASSWORD_VARIABLE)
    if labels:
        raise click.UsageError(
            f"{' and '.join(labels)} cannot be combined with {_label('key_ring')}; "
            "set it on each key of the ring, or use no key ring"
        )
    return KeyRing.from_file(key_ring)


def _build_signer_of_one_key(
    key_pair_id: str | None,
    private_key: str | None,
    ask_password: bool,
    hash_algorithm: str | None,
) -> Signer:
    if not key_pair_id:
        found = find_key_pair_id(Secret(private_key))
        hint = f" (is it {found}, as in the name of the key's file?)" if found else ""
        raise click.UsageError(
            "the key pair id is missing; use --key-pair-id, CLOUDFRONT_KEY_PAIR_ID or --key-ring"
            + hint
        )
    if not private_key:
        raise click.UsageError(
            f"the private key is missing; use --private-key, {_KEY_VARIABLES[1]} or --key-ring"
        )
    if not _is_option("private_key") and all(map(os.environ.get, _KEY_VARIABLES)):
        raise click.UsageError(f"{' and '.join(_KEY_VARIABLES)} are both set; set one")
    if _is_option("private_key") and is_key_text(private_key):
        print_message(
            "warning: other users of this machine can read a key on the command line; pass its "
            "path, or set CLOUDFRONT_PRIVATE_KEY"
        )
    password = ask() if ask_password else os.environ.get(_PASSWORD_VARIABLE) or None
    key = resolve_private_key(private_key, password)
    return Signer(key_pair_id, key, hash_algorithm=hash_algorithm)


def _is_option(parameter: str) -> bool:
    return _source_of(parameter) is ParameterSource.COMMANDLINE


def _is_from_environment(parameter: str) -> bool:
    return _source_of(parameter) is ParameterSource.ENVIRONMENT


def _source_of(parameter: str) -> ParameterSource | None:
    return click.get_current_context().get_parameter_source(parameter)


def _label(parameter: str) -> str:
    """Return the name of the option or variable that set *parameter*."""
    if _is_from_environment(parameter):
        for option in click.get_current_context().command.params:
            if option.name == parameter and option.envvar is not None:
                names = [option.envvar] if isinstance(option.envvar, str) else option.envvar
                return next(filter(os.environ.get, names))
    return f"--{parameter.replace('_', '-')}"
