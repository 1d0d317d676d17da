"""`cfsign edge`."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cfsign.cli.output import put
from cfsign.cli.public_key import PublicKeyFile, by_id, public_key

if TYPE_CHECKING:
    from cfsign.checking.key_group import KeySource
    from cfsign.edge import ResponseHeadersPolicy
    from cfsign.edge.server import Settings

_FILE = click.Path(path_type=Path)
_LOOPBACK = ("127.0.0.1", "::1", "localhost")

_BehaviorWords = list[tuple[str, Sequence[str] | None]]


class _InOrder(click.Command):
    """Keeps the order among --behavior and --open, which click keeps for one option alone."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        _, _, given = self.make_parser(ctx).parse_args(list(args))
        names = (parameter.name for parameter in given)
        ctx.meta["behaviors"] = [name for name in names if name in ("behavior", "open_")]
        return super().parse_args(ctx, args)


def _behavior(text: str) -> tuple[str, Sequence[str]]:
    pattern, mark, ids = text.rpartition("=")
    if not (pattern and mark and ids):
        raise click.BadParameter(
            "give a path pattern and key pair ids: '/private/*=K2JCJMDEHXQW5F'"
        )
    return pattern, ids.split(",")


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        # Waitress would take "*" for every peer, and with it every viewer's word.
        raise click.BadParameter("give the proxy's one address, such as 127.0.0.1") from None


@click.command(cls=_InOrder, short_help="Serve a folder or a server as CloudFront would.")
@click.argument("origin")
@click.option(
    "--public-key",
    "keys",
    metavar="ID=FILE",
    multiple=True,
    type=public_key,
    help="A public key that viewers' URLs may be signed for; may be repeated.",
)
@click.option("--port", type=click.IntRange(0, 65535), help="The port; a free one if left.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option(
    "--scheme",
    type=click.Choice(["http", "https"]),
    default="http",
    show_default=True,
    help="The scheme that viewers use: https where a proxy in front ends TLS.",
)
@click.option(
    "--behavior",
    metavar="PATTERN=ID,ID",
    multiple=True,
    type=_behavior,
    help="Paths that only these keys may sign for; the first pattern that matches counts.",
)
@click.option(
    "--open", "open_", metavar="PATTERN", multiple=True, help="Paths that are open to everybody."
)
@click.option("--config", type=_FILE, metavar="FILE", help="Keys and behaviours, as TOML or JSON.")
@click.option("--cors", is_flag=True, help="Let scripts of any origin read, without cookies.")
@click.option(
    "--cors-origin",
    metavar="ORIGIN",
    multiple=True,
    help="Let scripts of this origin read, with cookies; may be repeated.",
)
@click.option(
    "--response-headers",
    type=_FILE,
    metavar="FILE",
    help="A response-headers policy, as JSON of the AWS command line.",
)
@click.option(
    "--trusted-proxy",
    metavar="ADDRESS",
    type=_address,
    help="Take the viewer's address from X-Forwarded-For where this proxy has sent it.",
)
@click.option("--explain", is_flag=True, help="Tell the reason of each 403, in X-Edge-Explain too.")
def edge(
    origin: str,
    keys: Sequence[PublicKeyFile],
    port: int | None,
    host: str,
    scheme: str,
    config: Path | None,
    cors: bool,
    cors_origin: Sequence[str],
    response_headers: Path | None,
    trusted_proxy: str | None,
    explain: bool,
    **behaviors: Sequence[Any],
) -> int:
    """
    Serve ORIGIN, a folder or the URL of a server, as CloudFront would: for development.

    What is signed by a public key is let through, and the rest gets CloudFront's 403. The log goes
    to standard error, and never holds a whole signature.
    """
    try:
        from cfsign.edge import WSGIEdge
        from cfsign.edge.server import get_url, listen, open_origin, serve
        from cfsign.edge.server.http_server import VIA, interrupt_on_signals, wait_for_interrupt
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"the edge needs {error.name}: pip install 'cloudfront-cfsign[edge]'"
        ) from None
    settings = _settings(by_id(keys), _in_order(**behaviors), config)
    policy = _policy(cors, cors_origin, response_headers)
    proxy = {"trusted_proxy": trusted_proxy, "trusted_proxy_headers": {"x-forwarded-for"}}
    with ExitStack() as stack:
        stack.enter_context(interrupt_on_signals())
        app = stack.enter_context(open_origin(origin))
        listener = stack.enter_context(listen(port, "--port", host))
        middleware = WSGIEdge(
            app,
            settings.trusted_keys,
            behaviors=settings.behaviors,
            response_headers=policy,
            explain=explain,
            log=_log,
        )
        served = serve(
            middleware,
            listener,
            ident=VIA,
            url_scheme=scheme,
            # As behind CloudFront: the origin sees what a viewer claims; the edge is deaf to it.
            clear_untrusted_proxy_headers=False,
            **(proxy if trusted_proxy else {}),
        )
        stack.enter_context(served)
        _announce(origin, get_url(listener), host)
        wait_for_interrupt()
    return 0


def _announce(origin: str, url: str, host: str) -> None:
    click.echo(
        f"cfsign: a local edge for development, not for production: {origin} is at {url}/",
        err=True,
    )
    if host not in _LOOPBACK:
        click.echo("cfsign: warning: others on the network can reach it", err=True)
    put(f"{url}/")


def _log(line: str) -> None:
    # A request is answered even where nobody reads the log any more.
    with suppress(OSError):
        click.echo(f"{time.strftime('%H:%M:%S')} {line}", err=True)


def _in_order(behavior: Iterable[Any], open_: Iterable[str]) -> _BehaviorWords:
    left = {"behavior": iter(behavior), "open_": ((pattern, None) for pattern in open_)}
    return [next(left[name]) for name in click.get_current_context().meta["behaviors"]]


def _settings(
    keys: Mapping[str, KeySource], behaviors: _BehaviorWords, config: Path | None
) -> Settings:
    from cfsign.edge.server import Settings
    from cfsign.edge.server.settings import read_config

    if config is not None:
        if behaviors:
            raise click.UsageError("--config holds the behaviours: leave --behavior and --open out")
        configured, behaviors = read_config(config)
        keys = {**configured, **keys}
    return Settings.load(keys, behaviors)


def _policy(
    any_origin: bool, origins: Sequence[str], file: Path | None
) -> ResponseHeadersPolicy | None:
    from cfsign.edge.cors import CORS
    from cfsign.edge.response_headers import ANY_ORIGIN, ResponseHeadersPolicy
    from cfsign.edge.server.settings import read_response_headers

    if any_origin and origins:
        raise click.UsageError("--cors and --cors-origin are two answers; give one")
    policy = ResponseHeadersPolicy() if file is None else read_response_headers(file)
    if not any_origin and not origins:
        return policy
    if policy.cors is not None:
        raise click.UsageError(f"{file} has a CorsConfig: leave --cors and --cors-origin out")
    cors = CORS(origins=tuple(origins), credentials=True) if origins else ANY_ORIGIN.cors
    return replace(policy, cors=cors)
