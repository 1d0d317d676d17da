"""`cfsign sign` and `cfsign cookies`."""

from __future__ import annotations

import json
from typing import Any

import click

from cfsign.cli.output import print_message, print_result
from cfsign.cli.signing_options import (
    print_expiry,
    read_signing_options,
    report_by_option,
    signing_options,
)

_SAME_SITE = click.Choice(["Strict", "Lax", "None"], case_sensitive=False)


@click.command()
@click.argument("url")
@signing_options()
@click.option("--pattern", help="A URL pattern to sign instead. It must match the URL.")
def sign(url: str, pattern: str | None, **options: Any) -> None:
    """Sign URL and print it. Percent-encode it first, as a browser sends it."""
    signer, conditions, expires_at = read_signing_options(**options)
    print_result(signer.sign_url(url, pattern=pattern, **conditions))
    print_expiry(expires_at)


@click.command(short_help="Print cookies that open a folder or a file.")
@click.argument("pattern")
@signing_options()
@click.option("--set-cookie", is_flag=True, help="Print Set-Cookie headers, one per line.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
@click.option("--domain", help="The cookies' Domain. Needs --set-cookie.")
@click.option("--path", help="The cookies' Path. Needs --set-cookie. Default: /")
@click.option("--samesite", type=_SAME_SITE, help="The cookies' SameSite. Needs --set-cookie.")
def cookies(
    pattern: str,
    set_cookie: bool,
    as_json: bool,
    domain: str | None,
    path: str | None,
    samesite: str | None,
    **options: Any,
) -> None:
    """
    Print signed cookies that open all URLs that PATTERN matches, such as 'https://HOST/videos/*'.

    By default they are printed as a Cookie header: curl --cookie "$(cfsign cookies ...)" URL.
    """
    if as_json and set_cookie:
        raise click.UsageError("--json cannot be combined with --set-cookie")
    if not set_cookie and (domain, path, samesite) != (None, None, None):
        raise click.UsageError("--domain, --path and --samesite need --set-cookie")
    signer, conditions, expires_at = read_signing_options(**options)
    signed = signer.sign_cookies(pattern, **conditions)
    if as_json:
        print_result(json.dumps(dict(signed)))
    elif set_cookie:
        with report_by_option():
            headers = signed.set_cookie_headers(domain, path or "/", samesite=samesite)
        print_result("\n".join(f"Set-Cookie: {header}" for header in headers))
    else:
        print_result("; ".join(f"{name}={value}" for name, value in signed.items()))
    if pattern.endswith("/") and "*" not in pattern:
        print_message("these cookies open only that one URL; end it in /* to open the folder")
    print_expiry(expires_at)
