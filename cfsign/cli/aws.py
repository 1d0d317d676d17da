"""`cfsign aws create-key` and `cfsign aws rotate`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from cfsign.cli.output import print_message, print_result
from cfsign.cli.parameters import (
    DEFAULT_ALGORITHM,
    KEY_ALGORITHM,
    check_algorithm,
    parse_duration,
    parse_path,
)
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


@click.group(invoke_without_command=True)
@click.pass_context
def aws(context: click.Context) -> None:
    """Make and rotate keys in CloudFront. It uses boto3."""
    if context.invoked_subcommand is None:
        raise click.UsageError("the command is missing; use create-key or rotate")


def _add_aws_options(command: Command) -> Command:
    for option in reversed(
        (
            click.option("--key-group", metavar="NAME|ID", required=True, help="The key group."),
            click.option("--profile", help="The AWS profile. Default: boto3's default."),
            click.option(
                "--max-keys",
                type=click.IntRange(1),
                default=MAX_KEYS,
                show_default=True,
                help="How many public keys a key group may have, if AWS has raised your quota.",
            ),
            click.option("--dry-run", is_flag=True, help="Print the changes without making them."),
        )
    ):
        command = option(command)
    return command


@aws.command("create-key", short_help="Make a key pair and add it to a key group.")
@click.argument("private_key", type=parse_path, metavar="FILE")
@_add_aws_options
@click.option(
    "--algorithm",
    type=KEY_ALGORITHM,
    default=DEFAULT_ALGORITHM,
    show_default=True,
    help="P-256 signs faster and makes shorter URLs. It needs `cryptography`.",
)
@click.option("--existing", is_flag=True, help="Use the private key that FILE holds already.")
@click.option(
    "--ring", type=parse_path, metavar="RING", help="Also write a key ring document to this file."
)
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
    Make a key pair: write the private key to FILE, and add the public key to a key group.

    If no key group has that name, it is created. Existing files are never overwritten.
    """
    if not existing:
        check_algorithm(algorithm)
    if ring is not None:
        _check_ring_path(ring, private_key)
    actions = _actions(dry_run)
    cloudfront = CloudFront(cloudfront_client(profile), actions, max_keys)
    created = create_key(
        cloudfront, actions, private_key, key_group, algorithm=algorithm, existing=existing
    )
    if not dry_run:
        # Printed before the ring is written: if that fails, the user needs the id to do it by hand.
        print_result(f"key pair id  {created.key_pair_id}")
        print_result(f"key group    {created.group.id} ({created.group.name})")
    if ring is not None:
        document = RingFile(ring)
        actions.run(
            f"write {ring} (a key ring)",
            lambda: document.create(created.key_pair_id, private_key),
            None,
        )
    if dry_run:
        return
    _print_settings(created.key_pair_id, private_key, ring)
    print_message(
        "if you have not done so, restrict viewer access of the distribution's behavior to this "
        "key group"
    )


def _check_ring_path(ring: Path, private_key: Path) -> None:
    """Check that the ring can be written, before the key is made and uploaded."""
    if os.path.lexists(ring) or ring.absolute() == private_key.absolute():
        raise click.ClickException(f"{ring} exists already, or is FILE; choose another name")
    if not ring.parent.is_dir() or not os.access(ring.parent, os.W_OK | os.X_OK):
        raise click.ClickException(f"{ring.parent} is not a folder that you can write to")


def _print_settings(key_pair_id: str, private_key: Path, ring: Path | None) -> None:
    """Print the settings to paste. With a key ring, a rotation needs no change of them."""
    if ring is None:
        path = str(private_key.absolute())
        config = {"key_pair_id": key_pair_id, "private_key": path}
        variables = {"KEY_PAIR_ID": key_pair_id, "PRIVATE_KEY_FILE": path}
    else:
        config = {"key_ring": str(ring.absolute())}
        variables = {"KEY_RING_FILE": config["key_ring"]}
    print_result(f"CLOUDFRONT_CONFIG = {config}")
    print_result("or, in the environment:")
    for name, value in variables.items():
        print_result(f"CLOUDFRONT_{name}={value}")


@aws.command()
@click.option(
    "--ring",
    type=parse_path,
    metavar="RING",
    required=True,
    help="The site's key ring document.",
)
@_add_aws_options
@click.option(
    "--algorithm",
    type=KEY_ALGORITHM,
    help="The new key's. Default: the old key's.",
)
@click.option(
    "--max-expires-in",
    type=parse_duration,
    metavar="DURATION",
    required=True,
    help="How long a URL or cookie works at most, expiry_step included: 15m, 2h, 7d.",
)
@click.option(
    "--deployment",
    type=parse_duration,
    metavar="DURATION",
    default="15m",
    show_default=True,
    help="How long until all edges and the site have a new key.",
)
@click.option(
    "--refresh-every",
    type=parse_duration,
    metavar="DURATION",
    default="30s",
    show_default=True,
    help="The site's refresh_every: how often it checks its key ring for changes.",
)
@click.option("--start", is_flag=True, help="Start a rotation, unless one is in progress.")
@click.option(
    "--wait",
    is_flag=True,
    help="Wait for each step, until the rotation is complete.",
)
def rotate(
    ring: Path,
    key_group: str,
    algorithm: str | None,
    profile: str | None,
    max_keys: int,
    dry_run: bool,
    max_expires_in: int,
    deployment: int,
    refresh_every: int,
    start: bool,
    wait: bool,
) -> None:
    """
    Replace the signing key without interrupting any user.

    The first run, with --start, makes a key and adds it to the key group and the key ring. The key
    signs once all edges know it. A later run removes the old key, after everything that it signed
    has expired. A run that is too early changes nothing and prints when to run it again. An
    interrupted run is continued by the next run.
    """
    if max_expires_in < 1:
        raise click.BadParameter(
            "use a duration of at least 1 second", param_hint="'--max-expires-in'"
        )
    if deployment < refresh_every:
        raise click.BadParameter(
            f"use at least {refresh_every} s: a site loads a new key after --refresh-every",
            param_hint="'--deployment'",
        )
    if algorithm is not None:
        check_algorithm(algorithm)
    actions = _actions(dry_run)
    rotation = Rotation(
        CloudFront(cloudfront_client(profile), actions, max_keys),
        actions,
        RingFile(ring),
        key_group,
        max_expires_in,
        deployment,
        refresh_every,
        algorithm,
    )
    progress = rotation.run(start=start)
    print_result(progress.message)
    while wait and not dry_run and progress.due is not None:
        time.sleep(max(0, progress.due - time.time()))
        progress = rotation.run(start=False)
        print_result(progress.message)
    if progress.due is None and not start:
        print_message("add --start to start a rotation")


def _actions(dry_run: bool) -> Actions:
    return Actions(print_result if dry_run else print_message, dry_run=dry_run)
