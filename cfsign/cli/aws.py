"""`cfsign aws create-key` and `cfsign aws rotate`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from cfsign.cli.file import file
from cfsign.cli.messages import say
from cfsign.cli.output import put
from cfsign.cli.times import duration
from cfsign.keys import SUPPORTED
from cfsign.provisioning import (
    MAX_KEYS,
    Actions,
    CloudFront,
    RingFile,
    Rotation,
    cloudfront_client,
    create_key,
)

Command = TypeVar("Command", bound=Callable[..., Any])

_ALGORITHM = click.Choice(SUPPORTED, case_sensitive=False)


@click.group(invoke_without_command=True)
@click.pass_context
def aws(context: click.Context) -> None:
    """Make and rotate keys in CloudFront, with boto3."""
    if context.invoked_subcommand is None:
        raise click.UsageError("give a command: create-key or rotate")


def _aws_options(command: Command) -> Command:
    for option in reversed(
        (
            click.option("--key-group", metavar="NAME|ID", required=True, help="The key group."),
            click.option("--profile", help="boto3's profile; its default if left."),
            click.option(
                "--max-keys",
                type=click.IntRange(1),
                default=MAX_KEYS,
                show_default=True,
                help="How many public keys a key group takes, should AWS have raised that quota.",
            ),
            click.option("--dry-run", is_flag=True, help="Tell each change, and make none."),
        )
    ):
        command = option(command)
    return command


@aws.command("create-key", short_help="Make a key pair, and put it into a key group.")
@click.argument("private_key", type=file, metavar="FILE")
@_aws_options
@click.option(
    "--algorithm",
    type=_ALGORITHM,
    default=SUPPORTED[0],
    show_default=True,
    help="The new key's.",
)
@click.option("--existing", is_flag=True, help="Take the private key that is in FILE.")
@click.option("--ring", type=file, help="Write a key ring's document, too.")
def create(
    private_key: Path,
    key_group: str,
    algorithm: str,
    profile: str | None,
    max_keys: int,
    dry_run: bool,
    existing: bool,
    ring: Path | None,
) -> None:
    """
    Make a key pair: the private key into FILE, the public one into a key group.

    A key group of a new name is created. No file is ever overwritten.
    """
    if ring is not None:
        _require_place(ring, private_key)
    actions = _actions(dry_run)
    cloudfront = CloudFront(cloudfront_client(profile), actions, max_keys)
    created = create_key(
        cloudfront, actions, private_key, key_group, algorithm=algorithm, existing=existing
    )
    if not dry_run:
        # Before the ring: should that fail, these are needed to write it.
        put(f"key pair id  {created.key_pair_id}")
        put(f"key group    {created.group.id} ({created.group.name})")
    if ring is not None:
        document = RingFile(ring)
        actions.do(
            f"write {ring} (a key ring)",
            lambda: document.create(created.key_pair_id, private_key),
            None,
        )
    if dry_run:
        return
    _print_settings(created.key_pair_id, private_key, ring)
    say("let the distribution's behaviour restrict viewer access to this key group, if it does not")


def _require_place(ring: Path, private_key: Path) -> None:
    """Refuse a ring that could not be written once the key is made and uploaded."""
    if os.path.lexists(ring) or ring.absolute() == private_key.absolute():
        raise click.ClickException(f"{ring} is there already, or is FILE; choose another name")
    if not ring.parent.is_dir() or not os.access(ring.parent, os.W_OK | os.X_OK):
        raise click.ClickException(f"{ring.parent} is no folder that can be written to")


def _print_settings(key_pair_id: str, private_key: Path, ring: Path | None) -> None:
    """Print what to paste: the key ring if there is one, since a rotation changes that alone."""
    if ring is None:
        path = str(private_key.absolute())
        config = {"key_pair_id": key_pair_id, "private_key": path}
        variables = {"KEY_PAIR_ID": key_pair_id, "PRIVATE_KEY_FILE": path}
    else:
        config = {"key_ring": str(ring.absolute())}
        variables = {"KEY_RING_FILE": config["key_ring"]}
    put(f"CLOUDFRONT_CONFIG = {config}")
    put("or, in the environment:")
    for name, value in variables.items():
        put(f"CLOUDFRONT_{name}={value}")


@aws.command()
@click.option(
    "--ring",
    type=file,
    required=True,
    help="The document of the site's key ring.",
)
@_aws_options
@click.option("--algorithm", type=_ALGORITHM, help="The new key's; the old one's if left.")
@click.option(
    "--longest-lifetime",
    type=duration,
    required=True,
    help="The longest that any URL or cookie lives, expiry_step included: 15m, 2h, 7d.",
)
@click.option(
    "--deployment",
    type=duration,
    default="15m",
    show_default=True,
    help="How long until every edge, and the site, has a new key.",
)
@click.option(
    "--refresh-every",
    type=duration,
    default="30s",
    show_default=True,
    help="The site's REFRESH_EVERY: how often it looks at its key ring.",
)
@click.option("--start", is_flag=True, help="Begin a rotation, if none is in progress.")
@click.option("--wait", is_flag=True, help="Wait for what comes next, until nothing is left.")
def rotate(
    ring: Path,
    key_group: str,
    algorithm: str | None,
    profile: str | None,
    max_keys: int,
    dry_run: bool,
    longest_lifetime: int,
    deployment: int,
    refresh_every: int,
    start: bool,
    wait: bool,
) -> None:
    """
    Replace the key that signs, in steps that no viewer notices.

    The first run, with --start, makes a key and adds it to the key group and to the key ring, where
    it signs once every edge knows it. A later run removes the old key, when all that it signed has
    expired. A run that is too early changes nothing and says when to come back; one that was cut
    off is carried on by the next.
    """
    if longest_lifetime < 1:
        raise click.BadParameter("give 1 s or more", param_hint="'--longest-lifetime'")
    if deployment < refresh_every:
        raise click.BadParameter(
            f"give {refresh_every} s or more: the site looks for a new key every --refresh-every",
            param_hint="'--deployment'",
        )
    actions = _actions(dry_run)
    rotation = Rotation(
        CloudFront(cloudfront_client(profile), actions, max_keys),
        actions,
        RingFile(ring),
        key_group,
        longest_lifetime,
        deployment,
        refresh_every,
        algorithm,
    )
    progress = rotation.run(start=start)
    put(progress.told)
    while wait and not dry_run and progress.due is not None:
        time.sleep(max(0, progress.due - time.time()))
        progress = rotation.run(start=False)
        put(progress.told)
    if progress.due is None and not start:
        say("begin a rotation with --start")


def _actions(dry_run: bool) -> Actions:
    return Actions(put if dry_run else say, dry_run=dry_run)
