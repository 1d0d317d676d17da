"""`cfsign sign` and `cfsign cookies`."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from cfsign.cookies import SignedCookies
from cfsign.keys import HASH_ALGORITHMS, resolve_private_key
from cfsign.signer import Signer
from cfsign.times import expiry

Command = TypeVar("Command", bound=Callable[..., Any])

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
        return datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            "give epoch seconds or a time with its zone: 2027-01-31T12:00Z"
        ) from None


def signing_options(command: Command) -> Command:
    """Add the options that say with which key to sign, for how long and for whom."""
    for option in reversed(
        (
            click.option(
                "--key-pair-id",
                envvar="CLOUDFRONT_KEY_PAIR_ID",
                required=True,
                help="The ID of the public key in CloudFront.  [env: CLOUDFRONT_KEY_PAIR_ID]",
            ),
            click.option(
                "--private-key",
                envvar=["CLOUDFRONT_PRIVATE_KEY", "CLOUDFRONT_PRIVATE_KEY_FILE"],
                required=True,
                help="The private key's path, or kms:alias/NAME; in the environment, its PEM too.  "
                "[env: CLOUDFRONT_PRIVATE_KEY, CLOUDFRONT_PRIVATE_KEY_FILE]",
            ),
            click.option("--ask-password", is_flag=True, help="Ask for the key's password."),
            click.option(
                "--hash-algorithm",
                type=click.Choice(HASH_ALGORITHMS),
                help="[default: SHA1; SHA256 with a key that has no other]",
            ),
            click.option("--expires-in", type=duration, help="90, 15m, 2h, 7d.  [default: 60]"),
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
    print(signer.sign_url(url, resource=resource, **times))
    _say_when(times["expires_at"])


@click.command()
@click.argument("resource")
@signing_options
@click.option("--set-cookie", is_flag=True, help="Print Set-Cookie headers, a line each.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
@click.option("--domain", help="The cookies' domain, with --set-cookie.")
@click.option("--path", default="/", show_default=True, help="The cookies' path, likewise.")
@click.option("--samesite", type=click.Choice(["Strict", "Lax", "None"]), help="Likewise.")
def cookies(
    resource: str,
    set_cookie: bool,
    as_json: bool,
    domain: str | None,
    path: str,
    samesite: str | None,
    **options: Any,
) -> None:
    """
    Print the cookies that open RESOURCE, such as 'https://HOST/videos/*'.

    As they stand they are a Cookie header: curl --cookie "$(cfsign cookies ...)" URL.
    """
    signer, times = _signer_and_times(**options)
    signed: SignedCookies = signer.sign_cookies(resource, **times)
    if as_json:
        print(json.dumps(dict(signed)))
    elif set_cookie:
        for header in signed.set_cookie_headers(domain, path, samesite=samesite):
            print(f"Set-Cookie: {header}")
    else:
        print("; ".join(f"{name}={value}" for name, value in signed.items()))
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
    password = click.prompt("Password", hide_input=True, err=True) if ask_password else None
    key = resolve_private_key(private_key, password)
    if expires_in is None and expires_at is None:
        expires_in = 60
    ends = expiry(expires_in, expires_at, int(time.time()))
    times = {"expires_at": ends, "starts_at": starts_at, "ip_address": ip_address}
    return Signer(key_pair_id, key, hash_algorithm=hash_algorithm), times


def _say_when(expires_at: int) -> None:
    ends = datetime.fromtimestamp(expires_at, UTC)
    print(f"cfsign: good until {ends:%Y-%m-%d %H:%M:%S} UTC", file=sys.stderr)
