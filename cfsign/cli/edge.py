"""`cfsign edge`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import click

from cfsign.cli.edge_options import (
    OrderedCommand,
    build_policy,
    build_settings,
    load_tls,
    order_behaviors,
    parse_behavior,
)
from cfsign.cli.output import print_message, print_result
from cfsign.cli.parameters import (
    PublicKeyFile,
    index_by_id,
    parse_address,
    parse_public_key,
)
from cfsign.limits import is_loopback

_FILE = click.Path(path_type=Path)


@click.command(cls=OrderedCommand, short_help="Serve a folder or a server as CloudFront does.")
@click.argument("origin")
@click.option(
    "--public-key",
    "keys",
    metavar="ID=FILE",
    multiple=True,
    type=parse_public_key,
    help="A trusted public key and its key pair id. Can be repeated.",
)
@click.option("--port", type=click.IntRange(0, 65535), help="The port. Default: a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--scheme",
    type=click.Choice(["http", "https"]),
    help="The scheme that clients use: https if a proxy in front terminates TLS. "
    "Default: https with --tls, else http.",
)
@click.option("--tls", is_flag=True, help="Serve https, with a new self-signed certificate.")
@click.option(
    "--tls-cert",
    type=_FILE,
    metavar="FILE",
    help="Serve https with this certificate, for example one of mkcert.",
)
@click.option("--tls-key", type=_FILE, metavar="FILE", help="The private key of --tls-cert.")
@click.option(
    "--behavior",
    metavar="PATTERN=ID,ID",
    multiple=True,
    type=parse_behavior,
    help="Paths that need a signature by one of these keys. The first matching pattern applies.",
)
@click.option(
    "--open", "open_", metavar="PATTERN", multiple=True, help="Paths that need no signature."
)
@click.option(
    "--allowed-methods",
    type=click.Choice(["GET,HEAD", "GET,HEAD,OPTIONS", "ALL"]),
    default="ALL",
    show_default=True,
    help="The HTTP methods that a behavior allows, unless --config has others for it.",
)
@click.option(
    "--default-root-object",
    metavar="NAME",
    help="The object for the path /, as in the settings of a distribution: index.html.",
)
@click.option(
    "--index",
    metavar="NAME",
    help="The file for every path that ends in /, as a CloudFront function adds it: index.html.",
)
@click.option(
    "--missing-status",
    type=click.Choice(["403", "404"]),
    help="The status for a missing file of a folder. Default: 404. S3 sends 403 if CloudFront may "
    "not list the bucket.",
)
@click.option(
    "--max-age",
    type=click.IntRange(0),
    metavar="SECONDS",
    help="How long browsers may cache a file of a folder. Default: 0.",
)
@click.option("--config", type=_FILE, metavar="FILE", help="Keys and behaviors, as TOML or JSON.")
@click.option("--cors", is_flag=True, help="Allow scripts of any origin, without cookies.")
@click.option(
    "--cors-origin",
    metavar="ORIGIN",
    multiple=True,
    help="Allow scripts of this origin, with cookies. Can be repeated.",
)
@click.option(
    "--response-headers",
    type=_FILE,
    metavar="FILE",
    help="A response headers policy, in the JSON of the AWS command line.",
)
@click.option(
    "--trusted-proxy",
    metavar="ADDRESS",
    # Waitress reads "*" as all peers: every client could then forge its address.
    type=parse_address,
    help="Read the client's address from X-Forwarded-For if this proxy sent the request.",
)
@click.option("--explain", is_flag=True, help="Explain each 403 in the log and in X-Edge-Explain.")
def edge(
    origin: str,
    keys: Sequence[PublicKeyFile],
    port: int | None,
    host: str,
    scheme: str | None,
    tls: bool,
    tls_cert: Path | None,
    tls_key: Path | None,
    allowed_methods: str,
    default_root_object: str | None,
    index: str | None,
    missing_status: str | None,
    max_age: int | None,
    config: Path | None,
    cors: bool,
    cors_origin: Sequence[str],
    response_headers: Path | None,
    trusted_proxy: str | None,
    explain: bool,
    **behaviors: Sequence[Any],
) -> int:
    """
    Serve ORIGIN, a folder or the URL of a server, as CloudFront does. For development only.

    Requests that are signed with a trusted key are served. Others get CloudFront's 403. The log
    goes to standard error and never holds a complete signature.
    """
    try:
        from cfsign.edge import WSGIEdge
        from cfsign.edge.behaviors import METHODS
        from cfsign.edge.server import get_url, listen, open_origin, serve
        from cfsign.edge.server.http_server import VIA, interrupt_on_signals, wait_for_interrupt
        from cfsign.edge.server.index import add_index
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"the edge needs {error.name}; pip install 'cloudfront-cfsign[edge]'"
        ) from None
    methods = METHODS if allowed_methods == "ALL" else allowed_methods.split(",")
    settings = build_settings(index_by_id(keys), order_behaviors(**behaviors), config, methods)
    policy = build_policy(cors, cors_origin, response_headers)
    proxy = {"trusted_proxy": trusted_proxy, "trusted_proxy_headers": {"x-forwarded-for"}}
    folder_options = {"missing_status": missing_status and int(missing_status), "max_age": max_age}
    given = {name: value for name, value in folder_options.items() if value is not None}
    context = load_tls(tls, tls_cert, tls_key, host=host, scheme=scheme)
    scheme = scheme or ("http" if context is None else "https")
    with ExitStack() as stack:
        stack.enter_context(interrupt_on_signals())
        app = stack.enter_context(open_origin(origin, **given))
        app = add_index(app, default_root_object=default_root_object, index=index)
        listener = stack.enter_context(listen(port, "--port", host))
        middleware = WSGIEdge(
            app,
            settings.trusted_keys,
            behaviors=settings.behaviors,
            response_headers=policy,
            explain=explain,
            allowed_methods=methods,
            log=_print_log_line,
        )
        served = serve(
            middleware,
            listener,
            tls=context,
            ident=VIA,
            url_scheme=scheme,
            # As with CloudFront, the origin sees these headers, and the edge does not trust them.
            clear_untrusted_proxy_headers=False,
            **(proxy if trusted_proxy else {}),
        )
        stack.enter_context(served)
        _announce(origin, get_url(listener, "http" if context is None else "https"), host)
        wait_for_interrupt()
    return 0


def _announce(origin: str, url: str, host: str) -> None:
    print_message(f"serving {origin} at {url}/ by a local edge, which is for development only")
    if not is_loopback(host):
        print_message("warning: other machines on the network can reach this server")
    print_result(f"{url}/")


def _print_log_line(line: str) -> None:
    # A closed log must not make requests fail.
    with suppress(OSError):
        click.echo(f"{time.strftime('%H:%M:%S')} {line}", err=True)
