"""`cfsign sign` and `cfsign cookies`."""

from __future__ import annotations

import json
from typing import Any

import click

from cfsign.cli.messages import say
from cfsign.cli.output import put
from cfsign.cli.signing import say_when, signer_and_times, signing_options
from cfsign.signing.cookies import SignedCookies

_SAME_SITE = click.Choice(["Strict", "Lax", "None"], case_sensitive=False)


@click.command()
@click.argument("url")
@signing_options()
@click.option("--resource", help="A pattern that covers the URL, to sign in its place.")
def sign(url: str, resource: str | None, **options: Any) -> None:
    """Print URL signed. It is given as it goes on the wire: percent-encoded."""
    signer, times = signer_and_times(**options)
    put(signer.sign_url(url, pattern=resource, **times))
    say_when(times["expires_at"])


@click.command(short_help="Print the cookies that open a folder or a file.")
@click.argument("resource")
@signing_options()
@click.option("--set-cookie", is_flag=True, help="Print Set-Cookie headers, a line each.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
@click.option("--domain", help="The cookies' domain, with --set-cookie.")
@click.option("--path", help="The cookies' path, likewise; / if nothing is said.")
@click.option("--samesite", type=_SAME_SITE, help="Likewise.")
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
    signer, times = signer_and_times(**options)
    signed: SignedCookies = signer.sign_cookies(resource, **times)
    if as_json:
        put(json.dumps(dict(signed)))
    elif set_cookie:
        headers = signed.set_cookie_headers(domain, path or "/", samesite=samesite)
        put("\n".join(f"Set-Cookie: {header}" for header in headers))
    else:
        put("; ".join(f"{name}={value}" for name, value in signed.items()))
    if resource.endswith("/") and "*" not in resource:
        say("opens that one URL; end it in /* to open the folder")
    say_when(times["expires_at"])
