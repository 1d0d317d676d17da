"""`cfsign sign` and `cfsign cookies`."""

from __future__ import annotations

import getpass
import json
import os
import re
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from cfsign.cli.output import put
from cfsign.cookies import SignedCookies
from cfsign.keys import HASH_ALGORITHMS, resolve_private_key
from cfsign.signer import Signer
from cfsign.times import expiry

Command = TypeVar("Command", bound=Callable[..., Any])

_KEY_VARIABLES = ["CLOUDFRONT_PRIVATE_KEY", "CLOUDFRONT_PRIVATE_KEY_FILE"]
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def duration(text: str) -> int:
    """Turn seconds, or a number with s, m, h or d behind it, into seconds."""
    match = re.fullmatch(r"([0-9]{1,10})([smhd]?)", text)
    if match is None:
        raise click.BadParameter("give seconds, or a number with s, m, h or d: 90, 15m, 2h")
    return int(match[1]) * _UNITS[match[2]]


def moment(text: str) -> int | datetime:
    """Turn epoch seconds, or a date and time, into what the library then checks."""
    if re.fullmatch(r"[0-9]{1,20}", text):
        return int(text)
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        when = None
    if when is None or when.utcoffset() is None:
        raise click.BadParameter("give epoch seconds or a time with its zone: 2027-01-31T12:00Z")
    return when


def signing_options(command: Command) -> Command:
    """Add the options that say with which key to sign, for how long and for whom."""
    for option in reversed(
        (
            click.option(
                "--key-pair-id",
                envvar="CLOUDFRONT_KEY_PAIR_ID",
                show_envvar=True,
                required=True,
                help="The ID of the public key in CloudFront.",
            ),
            click.option(
                "--private-key",
                envvar=_KEY_VARIABLES,
                show_envvar=True,
                required=True,
                help="The private key's path, or kms:alias/NAME; in the environment, its PEM too.",
            ),
            click.option(
                "--ask-password",
                is_flag=True,
                help="Ask for the key's password, and do not take it from CLOUDFRONT_PASSWORD.",
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
                "--expires-in",
                envvar="CLOUDFRONT_EXPIRES",
                show_envvar=True,
                type=duration,
                help="90, 15m, 2h, 7d; 60 if nothing is said.",
            ),
            click.option("--expires-at", type=moment, help="Epoch seconds or 2027-01-31T12:00Z."),
            click.option("--starts-at", type=moment, help="Not before then."),
            click.option("--ip-address", help="The viewer's IPv4 address or network alone."),
        )
    ):
        command = option(command)
    return command


@click.command()
@click.argument("url")
@signing_options
@click.option("--resource", help="A pattern that covers the URL, to sign in its place.")
def sign(url: str, resource: str | None, **options: Any) -> None:
    """Print URL signed. It is given as it goes on the wire: percent-encoded."""
    signer, times = _signer_and_times(**options)
    put(signer.sign_url(url, resource=resource, **times))
    _say_when(times["expires_at"])


@click.command()
@click.argument("resource")
@signing_options
@click.option("--set-cookie", is_flag=True, help="Print Set-Cookie headers, a line each.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
@click.option("--domain", help="The cookies' domain, with --set-cookie.")
@click.option("--path", help="The cookies' path, likewise; / if nothing is said.")
@click.option("--samesite", type=click.Choice(["Strict", "Lax", "None"]), help="Likewise.")
def cookies(
    resource: str,
    set_cookie: bool,
    as_json: bool,
    domain: str | None,
    path: str | None,
    samesite: str | None,
    **options: Any,
) -> None:
    """
    Print the cookies that open RESOURCE, such as 'https://HOST/videos/*'.

    As they stand they are a Cookie header: curl --cookie "$(cfsign cookies ...)" URL.
    """
    if as_json and set_cookie:
        raise click.UsageError("--json and --set-cookie are two forms; give one")
    if not set_cookie and (domain, path, samesite) != (None, None, None):
        raise click.UsageError("--domain, --path and --samesite go with --set-cookie")
    signer, times = _signer_and_times(**options)
    signed: SignedCookies = signer.sign_cookies(resource, **times)
    if as_json:
        put(json.dumps(dict(signed)))
    elif set_cookie:
        headers = signed.set_cookie_headers(domain, path or "/", samesite=samesite)
        put("\n".join(f"Set-Cookie: {header}" for header in headers))
    else:
        put("; ".join(f"{name}={value}" for name, value in signed.items()))
    if resource.endswith("/") and "*" not in resource:
        click.echo("cfsign: opens that one URL; end it in /* to open the folder", err=True)
    _say_when(times["expires_at"])


def _signer_and_times(
    key_pair_id: str,
    private_key: str,
    ask_password: bool,
    hash_algorithm: str | None,
    expires_in: int | None,
    expires_at: int | datetime | None,
    starts_at: int | datetime | None,
    ip_address: str | None,
) -> tuple[Signer, dict[str, Any]]:
    if _is_from_environment("private_key") and all(map(os.environ.get, _KEY_VARIABLES)):
        raise click.UsageError(f"{' and '.join(_KEY_VARIABLES)} are both set; set one")
    # The environment's lifetime is a default, as in a site's settings.
    if expires_at is not None and _is_from_environment("expires_in"):
        expires_in = None
    if expires_in is None and expires_at is None:
        expires_in = 60
    password = _ask_password() if ask_password else os.environ.get("CLOUDFRONT_PASSWORD") or None
    key = resolve_private_key(private_key, password)
    ends = expiry(expires_in, expires_at, int(time.time()))
    times = {"expires_at": ends, "starts_at": starts_at, "ip_address": ip_address}
    return Signer(key_pair_id, key, hash_algorithm=hash_algorithm), times


def _is_from_environment(parameter: str) -> bool:
    source = click.get_current_context().get_parameter_source(parameter)
    return source is ParameterSource.ENVIRONMENT


def _ask_password() -> str:
    with warnings.catch_warnings():
        # Without a terminal the password would be read all the same, and seen by whoever looks.
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass("Password: ")
        except (EOFError, getpass.GetPassWarning):
            raise click.UsageError(
                "there is no terminal to ask at; set CLOUDFRONT_PASSWORD"
            ) from None


def _say_when(expires_at: int) -> None:
    ends = datetime.fromtimestamp(expires_at, UTC)
    click.echo(f"cfsign: good until {ends:%Y-%m-%d %H:%M:%S} UTC", err=True)
