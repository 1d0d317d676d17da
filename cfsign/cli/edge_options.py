"""Parse the options of `cfsign edge`, and build what they describe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cfsign.cli.output import print_message

if TYPE_CHECKING:
    from ssl import SSLContext

    from cfsign.checking.key_group import KeySource
    from cfsign.edge import ResponseHeadersPolicy
    from cfsign.edge.server import Settings

#: Path patterns in order, each with key pair ids, or with None if it is public.
_Behaviors = list[tuple[str, Sequence[str] | None]]


class OrderedCommand(click.Command):
    """A command that records in which order the --behavior and --open options were given."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments, and record the order in `ctx.meta`."""
        _, _, order = self.make_parser(ctx).parse_args(list(args))
        names = (parameter.name for parameter in order)
        ctx.meta["behaviors"] = [name for name in names if name in ("behavior", "open_")]
        return super().parse_args(ctx, args)


def parse_behavior(text: str) -> tuple[str, Sequence[str]]:
    """Parse PATTERN=ID,ID into the pattern and the ids."""
    pattern, _, ids = text.rpartition("=")
    if not (pattern and ids):
        raise click.BadParameter(
            f"{text!r} is not PATTERN=ID,ID; use for example '/private/*=K2JCJMDEHXQW5F'"
        )
    return pattern, ids.split(",")


def order_behaviors(behavior: Iterable[Any], open_: Iterable[str]) -> _Behaviors:
    """Return the values of --behavior and --open in the order of the command line."""
    by_option = {"behavior": iter(behavior), "open_": ((pattern, None) for pattern in open_)}
    return [next(by_option[name]) for name in click.get_current_context().meta["behaviors"]]


def build_settings(
    keys: Mapping[str, KeySource],
    behaviors: _Behaviors,
    config: Path | None,
    allowed_methods: Sequence[str],
) -> Settings:
    """Load the keys and behaviors of the options, or of the file --config."""
    from cfsign.edge.server import Settings
    from cfsign.edge.server.settings import BehaviorSettings, read_config

    listed = [BehaviorSettings(pattern, ids) for pattern, ids in behaviors]
    if config is not None:
        if behaviors:
            raise click.UsageError("--config cannot be combined with --behavior or --open")
        configured, listed = read_config(config)
        keys = {**configured, **keys}
    return Settings.load(keys, listed, allowed_methods)


def build_policy(
    any_origin: bool, origins: Sequence[str], file: Path | None
) -> ResponseHeadersPolicy:
    """Build the response headers policy of --response-headers, --cors and --cors-origin."""
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


def load_tls(
    is_on: bool, certificate: Path | None, key: Path | None, *, host: str, scheme: str | None
) -> SSLContext | None:
    """Load the certificate of --tls, or of --tls-cert and --tls-key; return None without TLS."""
    from cfsign.edge.server.tls import load_certificate, make_context

    if key is not None and certificate is None:
        raise click.UsageError("--tls-key needs --tls-cert")
    if not is_on and certificate is None:
        return None
    if scheme == "http":
        raise click.UsageError("--scheme http cannot be combined with --tls or --tls-cert")
    if certificate is not None:
        return load_certificate(certificate, key)
    context, fingerprint = make_context(host)
    print_message(f"the certificate is self-signed; its SHA-256 fingerprint is {fingerprint}")
    return context
