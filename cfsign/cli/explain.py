"""`cfsign explain`."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from datetime import datetime

import click

from cfsign.checking.key_group import TrustedKeyGroup
from cfsign.cli.public_key import PublicKeyFile, by_id, public_key
from cfsign.cli.times import moment
from cfsign.explanation import Explanation, Mistake, explain, explain_response
from cfsign.explanation.transcript import read_transcript, unwrapped

_MAX_INPUT = 1_000_000
_HEADER_NAME = re.compile(r"^\s*Cookie:\s*", re.IGNORECASE)
_ALLOWED, _DENIED, _UNUSABLE = 0, 1, 2


@click.command(name="explain")
@click.argument("url", required=False)
@click.option(
    "--public-key",
    "public_keys",
    type=public_key,
    multiple=True,
    metavar="ID=FILE",
    help="A trusted public key, by its key pair id; may be given again.",
)
@click.option("--cookie", help="The Cookie header of the request.")
@click.option("--at", type=moment, help="When it was: epoch seconds or 2027-01-31T12:00Z.")
@click.option("--ip-address", help="The address that CloudFront saw.")
@click.option(
    "--host", "hosts", multiple=True, help="Another host of the same files; may be given again."
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def explain_command(
    url: str | None,
    public_keys: Sequence[PublicKeyFile],
    cookie: str | None,
    at: float | datetime | None,
    ip_address: str | None,
    hosts: Sequence[str],
    as_json: bool,
) -> int:
    """
    Tell why CloudFront refuses URL, and how to hint it.

    Without URL, or with -, standard input is read: a URL, the output of `curl -v`, a Cookie header,
    or what was answered; beside a URL it is left alone, as a loop over URLs needs it.
    Without --public-key all is told that can be without one.

    Exit 0 for a request that is allowed, 1 for one that is refused, 2 if it cannot be told.
    """
    asked = "" if url in (None, "-") else unwrapped(url or "")
    given = "" if asked else _read_input()
    if not (asked or given.strip()):
        raise click.ClickException("nothing was given: give a URL, or the output of curl -v")
    exchange = read_transcript(given)
    if asked:
        exchange.url = asked
    keys = TrustedKeyGroup(by_id(public_keys)) if public_keys else None
    if exchange.url:
        explanation = explain(
            exchange.url,
            keys,
            cookies=exchange.cookies if cookie is None else _HEADER_NAME.sub("", cookie, count=1),
            at=exchange.at if at is None else at,
            ip_address=ip_address,
            hosts=hosts,
            response=given or None,
        )
    else:
        alone = explain_response(given)
        if alone is None:
            raise click.ClickException("there is no URL in that; give it, or the output of curl -v")
        explanation = alone
    print(json.dumps(explanation.to_dict(), indent=2)) if as_json else _show(explanation)
    return _exit_code(explanation)


def _read_input() -> str:
    if sys.stdin is None:  # closed
        return ""
    return sys.stdin.buffer.read(_MAX_INPUT).decode("utf-8", "replace")


def _exit_code(explanation: Explanation) -> int:
    is_nonsense = any(cause.mistake is Mistake.NOT_A_URL for cause in explanation.causes)
    if explanation.allowed is None or is_nonsense:
        return _UNUSABLE
    return _ALLOWED if explanation.allowed else _DENIED


def _show(explanation: Explanation) -> None:
    """Print it; click leaves the colours out where standard output is no terminal."""
    colour = {True: "green", False: "red", None: "yellow"}[explanation.allowed]
    click.secho(explanation.headline, fg=colour, bold=True, file=sys.stdout)
    for number, cause in enumerate(explanation.causes, 1):
        guess = "" if cause.certain else click.style(" (a guess)", fg="yellow")
        message = click.style(cause.message, bold=True)
        click.echo(f"\n{number}. {message}; {cause.hint}.{guess}")
        for line in cause.evidence.splitlines():
            click.secho(f"     {line}", fg="cyan")
    if explanation.assumptions:
        click.secho("\nUndocumented, so that CloudFront may differ:", fg="yellow")
        for note in explanation.assumptions:
            click.echo(f"- {note}")
