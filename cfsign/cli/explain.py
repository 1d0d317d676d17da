"""`cfsign explain`."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from datetime import datetime

import click

from cfsign.checking.key_group import TrustedKeyGroup
from cfsign.cli.output import print_result
from cfsign.cli.parameters import (
    PublicKeyFile,
    index_by_id,
    parse_public_key,
    parse_timestamp,
)
from cfsign.explanation import Explanation, Mistake, explain, explain_response
from cfsign.explanation.transcript import read_transcript, strip_quotes

_MAX_INPUT_BYTES = 1_000_000
_COOKIE_HEADER_NAME = re.compile(r"^\s*Cookie:\s*", re.IGNORECASE)
_ALLOWED, _REFUSED, _UNKNOWN = 0, 1, 2


@click.command(name="explain", short_help="Explain why CloudFront refuses a URL.")
@click.argument("url", required=False)
@click.option(
    "--public-key",
    "public_keys",
    type=parse_public_key,
    multiple=True,
    metavar="ID=FILE",
    help="A trusted public key and its key pair id. Can be repeated.",
)
@click.option("--cookie", help="The Cookie header of the request.")
@click.option(
    "--at",
    type=parse_timestamp,
    metavar="TIME",
    help="The time of the request: epoch seconds or 2027-01-31T12:00Z.",
)
@click.option(
    "--ip-address", metavar="ADDRESS", help="The client's address, as CloudFront sees it."
)
@click.option(
    "--host", "hosts", multiple=True, help="Another host of the same files. Can be repeated."
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
    Explain why CloudFront refuses URL, and how to fix it.

    Without URL, or with -, it reads standard input: a URL, the output of `curl -v`, a Cookie
    header or CloudFront's response. With URL, standard input is not read, so that a loop over URLs
    can use it. Without --public-key, signatures are not checked.

    The exit code is 0 if the request is allowed, 1 if it is refused, 2 if that is not known.
    """
    argument = "" if url in (None, "-") else strip_quotes(url or "")
    text = "" if argument else _read_input()
    if not (argument or text.strip()):
        raise click.ClickException("the input is empty; pass a URL or the output of curl -v")
    exchange = read_transcript(text)
    if argument:
        exchange.url = argument
    keys = TrustedKeyGroup(index_by_id(public_keys)) if public_keys else None
    explanation: Explanation | None
    if exchange.url:
        header = None if cookie is None else _COOKIE_HEADER_NAME.sub("", cookie, count=1)
        explanation = explain(
            exchange.url,
            keys,
            cookies=exchange.cookies if header is None else header,
            at=exchange.at if at is None else at,
            ip_address=ip_address,
            hosts=hosts,
            response=text or None,
        )
    else:
        explanation = explain_response(text)
        if explanation is None:
            raise click.ClickException(
                "the input holds no URL; pass a URL or the output of curl -v"
            )
    if as_json:
        print_result(json.dumps(explanation.to_dict(), indent=2))
    else:
        _print_explanation(explanation)
    return _exit_code(explanation)


def _read_input() -> str:
    if sys.stdin is None:  # closed
        return ""
    return sys.stdin.buffer.read(_MAX_INPUT_BYTES).decode("utf-8", "replace")


def _exit_code(explanation: Explanation) -> int:
    is_not_a_url = any(cause.mistake is Mistake.NOT_A_URL for cause in explanation.causes)
    if explanation.allowed is None or is_not_a_url:
        return _UNKNOWN
    return _ALLOWED if explanation.allowed else _REFUSED


def _print_explanation(explanation: Explanation) -> None:
    # click leaves out colors unless standard output is a terminal.
    color = {True: "green", False: "red", None: "yellow"}[explanation.allowed]
    click.secho(explanation.headline, fg=color, bold=True, file=sys.stdout)
    for number, cause in enumerate(explanation.causes, 1):
        guess = "" if cause.certain else click.style(" (a guess)", fg="yellow")
        message = click.style(cause.message, bold=True)
        click.echo(f"\n{number}. {message}; {cause.hint}.{guess}")
        for line in cause.evidence.splitlines():
            click.secho(f"     {line}", fg="cyan")
    if explanation.assumptions:
        click.secho("\nAWS does not document this, so CloudFront may differ:", fg="yellow")
        for note in explanation.assumptions:
            click.echo(f"- {note}")
