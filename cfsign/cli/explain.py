"""`cfsign explain`."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime

import click

from cfsign.checking.key_group import TrustedKeyGroup
from cfsign.checking.matching import is_host
from cfsign.cli.output import print_result
from cfsign.cli.parameters import (
    PublicKeyFile,
    index_by_id,
    parse_address,
    parse_public_key,
    parse_timestamp,
)
from cfsign.explanation import Explanation, Mistake, explain, explain_response
from cfsign.explanation.display import to_printable
from cfsign.explanation.readers import (
    MAX_BYTES,
    URL_FORM,
    Exchange,
    Paste,
    decode_text,
    find_candidates,
    read_text,
    unwrap_url,
)
from cfsign.limits import MAX_REQUEST_BYTES
from cfsign.utils.description import describe_name

_COOKIE_HEADER_NAME = re.compile(r"^\s*Cookie:\s*", re.IGNORECASE)
_ALLOWED, _REFUSED, _UNKNOWN = 0, 1, 2
_LISTED = 10


def _parse_host(text: str) -> str:
    """Parse a host, or a URL with nothing after its host."""
    host = re.sub("^https?://|/$", "", text.strip(), flags=re.IGNORECASE)
    if not is_host(host):
        raise click.BadParameter(
            f"{describe_name(text)} is not a host; use one without a path, such as "
            "media.example.com"
        )
    return host


def _parse_cookie_header(text: str) -> str:
    """Parse the value of a `Cookie` header. Its name, and quotes around all of it, are ignored."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1]
    return _COOKIE_HEADER_NAME.sub("", text, count=1)


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
@click.option("--cookie", type=_parse_cookie_header, help="The Cookie header of the request.")
@click.option(
    "--at",
    type=parse_timestamp,
    metavar="TIME",
    help="The time of the request: epoch seconds or 2027-01-31T12:00Z.",
)
@click.option(
    "--ip-address",
    type=parse_address,
    metavar="ADDRESS",
    help="The client's address, as CloudFront sees it.",
)
@click.option(
    "--host",
    "hosts",
    type=_parse_host,
    multiple=True,
    help="Another host of the same files. Can be repeated.",
)
@click.option(
    "--entry",
    type=click.IntRange(min=1),
    metavar="N",
    help="Which request of the input to explain; 1 is the first.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def explain_command(
    url: str | None,
    public_keys: Sequence[PublicKeyFile],
    cookie: str | None,
    at: float | datetime | None,
    ip_address: str | None,
    hosts: Sequence[str],
    entry: int | None,
    as_json: bool,
) -> int:
    """
    Explain why CloudFront refuses URL, and how to fix it.

    Without URL, or with -, it reads standard input: a URL, the output of `curl -v`, `wget -d` or
    httpie, request headers, a HAR file, a command that a browser copied (cURL, PowerShell, fetch),
    or CloudFront's response. With URL, standard input is not read, so that a loop over URLs can
    use it. Without --public-key, signatures are not checked.

    It prints the URL that it judged, the form of the input, and the result. Of several requests,
    it explains the one to CloudFront that was refused; if several were, choose one with --entry.

    The exit code is 0 if the request is allowed, 1 if it is refused, 2 if that is not known or the
    input has no URL.
    """
    paste = _read_argument(url) if url not in (None, "-") else read_text(_read_input())
    number, exchange = _choose(paste, entry)
    keys = TrustedKeyGroup(index_by_id(public_keys)) if public_keys else None
    if cookie is not None:
        exchange.cookie_headers = [cookie]
        exchange.omits_cookies = False
    explanation = (
        explain(
            exchange.url,
            keys,
            cookies=exchange.cookies,
            at=exchange.at if at is None else at,
            ip_address=ip_address,
            hosts=hosts,
            response=exchange.response or None,
        )
        if exchange.url
        else explain_response(exchange.response)
    )
    if explanation is None:
        raise click.ClickException(
            f"no URL was found in the input, which was read as {paste.form}; add a line with the "
            "whole URL, or the Host header of the request"
        )
    notes = list(_list_notes(exchange))
    if as_json:
        request = {"url": exchange.url or None, "form": paste.form, "entry": number, "notes": notes}
        print_result(json.dumps(request | explanation.to_dict(), indent=2))
    else:
        total = len(paste.exchanges)
        place = f", request {number} of {total}" if total > 1 else ""
        has_url = exchange.url.lower().startswith(("http://", "https://"))
        click.echo(
            to_printable(exchange.url, MAX_REQUEST_BYTES) if has_url else "No URL was found."
        )
        for line in (f"Read as {paste.form}{place}.", *notes):
            click.echo(line)
        _print_explanation(explanation)
    return _exit_code(exchange, explanation)


def _read_argument(url: str) -> Paste:
    argument = unwrap_url(url)
    if not argument:
        raise _build_empty()
    if len(argument.split()) == 1:
        return Paste(URL_FORM, [Exchange(argument)])
    return read_text(argument)


def _read_input() -> str:
    # A closed standard input is None.
    content = b"" if sys.stdin is None else sys.stdin.buffer.read(MAX_BYTES + 1)
    text = decode_text(content)
    if not text.strip():
        raise _build_empty()
    return text


def _build_empty() -> click.ClickException:
    return click.ClickException("the input is empty; pass a URL or the output of curl -v")


def _choose(paste: Paste, entry: int | None) -> tuple[int, Exchange]:
    """Return the number and the request that is to be explained."""
    exchanges = paste.exchanges
    if entry is not None:
        if entry > len(exchanges):
            raise click.BadParameter(
                f"there is no request {entry}: the input has {len(exchanges)}",
                param_hint="'--entry'",
            )
        return entry, exchanges[entry - 1]
    candidates = find_candidates(exchanges)
    chosen = set(map(id, candidates))  # in a list, 20,000 would take seconds to find
    numbers = [number for number, one in enumerate(exchanges, 1) if id(one) in chosen]
    if len(candidates) > 1:
        listed = "; ".join(_describe(number, exchanges[number - 1]) for number in numbers[:_LISTED])
        more = "" if len(numbers) <= _LISTED else f"; and {len(numbers) - _LISTED} more"
        raise click.ClickException(
            f"the input has {len(exchanges)} requests, and {len(numbers)} may be the one that you "
            f"mean; choose one with --entry. {listed}{more}"
        )
    return numbers[-1], candidates[0]


def _describe(number: int, exchange: Exchange) -> str:
    # Without the query, which holds the signature.
    url = exchange.url.partition("?")[0]
    return to_printable(f"{number}: {exchange.status or exchange.method} {url}", 100)


def _list_notes(exchange: Exchange) -> Iterator[str]:
    """Yield what the user must know about the request to understand the result."""
    if exchange.method == "OPTIONS":
        # AWS, "Use signed cookies": OPTIONS needs neither a signed URL nor signed cookies.
        yield "CloudFront does not check signatures of OPTIONS requests. This is the result of GET."
        if exchange.status == 403:
            yield "If CloudFront refuses OPTIONS, allow this method in the cache behavior."
    if exchange.is_cut:
        yield (
            "The URL is not in quotes, so the shell ends it at the first &; put the URL in quotes. "
            "This is the result of the URL that was sent."
        )
    if exchange.omits_cookies and not exchange.is_signed:
        yield "This form has no cookies in it; if the request had some, pass them with --cookie."


def _exit_code(exchange: Exchange, explanation: Explanation) -> int:
    is_not_a_url = any(cause.mistake is Mistake.NOT_A_URL for cause in explanation.causes)
    if explanation.allowed is None or is_not_a_url or not exchange.url:
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
