"""`cfsign edge`."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cfsign.cli.output import print_message, print_result
from cfsign.cli.parameters import (
    PublicKeyFile,
    index_by_id,
    parse_address,
    parse_public_key,
)
from cfsign.limits import is_loopback

if TYPE_CHECKING:
    from cfsign.checking.key_group import KeySource
    from cfsign.edge import ResponseHeadersPolicy
    from cfsign.edge.server import Settings

_FILE = click.Path(path_type=Path)

#: Path patterns in order, each with key pair ids, or with None if it is public.
_Behaviors = list[tuple[str, Sequence[str] | None]]


class _OrderedCommand(click.Command):
    """A command that records in which order the --behavior and --open options were given."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        _, _, order = self.make_parser(ctx).parse_args(list(args))
        names = (parameter.name for parameter in order)
        ctx.meta["behaviors"] = [name for name in names if name in ("behavior", "open_")]
        return super().parse_args(ctx, args)


def _parse_behavior(text: str) -> tuple[str, Sequence[str]]:
    pattern, _, ids = text.rpartition("=")
    if not (pattern and ids):
        raise click.BadParameter(
            f"{text!r} is not PATTERN=ID,ID; use for example '/private/*=K2JCJMDEHXQW5F'"
        )
    return pattern, ids.split(",")


@click.command(cls=_OrderedCommand, short_help="Serve a folder or a server as CloudFront does.")
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
    default="http",
    show_default=True,
    help="The scheme that clients use: https if a proxy in front terminates TLS.",
)
@click.option(
    "--behavior",
    metavar="PATTERN=ID,ID",
    multiple=True,
    type=_parse_behavior,
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
    default="404",
    show_default=True,
    help="The status for a missing file of a folder. S3 sends 403 if CloudFront may not list it.",
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
    scheme: str,
    allowed_methods: str,
    default_root_object: str | None,
    index: str | None,
    missing_status: str,
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
    settings = _build_settings(index_by_id(keys), _order_behaviors(**behaviors), config, methods)
    policy = _build_policy(cors, cors_origin, response_headers)
    proxy = {"trusted_proxy": trusted_proxy, "trusted_proxy_headers": {"x-forwarded-for"}}
    # Only a folder has options, so that one that has no effect is an error.
    options = {} if missing_status == "404" else {"missing_status": int(missing_status)}
    with ExitStack() as stack:
        stack.enter_context(interrupt_on_signals())
        app = stack.enter_context(open_origin(origin, **options))
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
            ident=VIA,
            url_scheme=scheme,
            # As with CloudFront, the origin sees these headers, and the edge does not trust them.
            clear_untrusted_proxy_headers=False,
            **(proxy if trusted_proxy else {}),
        )
        stack.enter_context(served)
        _announce(origin, get_url(listener), host)
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


def _order_behaviors(behavior: Iterable[Any], open_: Iterable[str]) -> _Behaviors:
    by_option = {"behavior": iter(behavior), "open_": ((pattern, None) for pattern in open_)}
    return [next(by_option[name]) for name in click.get_current_context().meta["behaviors"]]


def _build_settings(
    keys: Mapping[str, KeySource],
    behaviors: _Behaviors,
    config: Path | None,
    allowed_methods: Sequence[str],
) -> Settings:
    from cfsign.edge.server import Settings
    from cfsign.edge.server.settings import BehaviorSettings, read_config

    listed = [BehaviorSettings(pattern, ids) for pattern, ids in behaviors]
    if config is not None:
        if behaviors:
            raise click.UsageError("--config cannot be combined with --behavior or --open")
        configured, listed = read_config(config)
        keys = {**configured, **keys}
    return Settings.load(keys, listed, allowed_methods)


def _build_policy(
    any_origin: bool, origins: Sequence[str], file: Path | None
) -> ResponseHeadersPolicy | None:
    from cfsign.edge.cors import CORS
    from cfsign.edge.response_headers import ANY_ORIGIN, ResponseHeadersPolicy
    from cfsign.edge.server.settings import read_response_headers

    if any_origin and origins:
        raise click.UsageError("--cors cannot be combined with --cors-origin")
    policy = ResponseHeadersPolicy() if file is None else read_response_headers(file)
    if not any_origin and not origins:
        return policy
    if policy.cors is not None:
        raise click.UsageError(f"{file} has a CorsConfig: --cors and --cors-origin cannot be used")
    if not origins:
        return replace(policy, cors=ANY_ORIGIN.cors)
    cors = CORS(origins=tuple(origins), credentials=True, names_headers=True)
    return replace(policy, cors=cors)
