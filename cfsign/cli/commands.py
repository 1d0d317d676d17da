"""All commands. A command parses its options and calls the library."""

from __future__ import annotations

import os

import click

from cfsign.cli.aws import aws
from cfsign.cli.doctor import doctor
from cfsign.cli.edge import edge
from cfsign.cli.explain import explain_command
from cfsign.cli.keygen import keygen
from cfsign.cli.sign import cookies, sign
from cfsign.cli.sign_many import sign_many


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="cloudfront-cfsign", message="%(version)s")
@click.pass_context
def cfsign(context: click.Context) -> None:
    """Sign URLs and cookies for private files behind Amazon CloudFront."""
    if os.environ.get("NO_COLOR"):  # https://no-color.org; click leaves this to its commands
        context.color = False
    if context.invoked_subcommand is None:
        raise click.UsageError(
            "the command is missing; use demo, sign, sign-many, cookies, keygen, edge, explain, "
            "doctor or aws"
        )


@cfsign.command(short_help="Try it: run a demo site and a local edge with private files.")
@click.option("--once", is_flag=True, help="Make a few requests, print them and stop.")
@click.option("--port", type=click.IntRange(0, 65535), help="The site's port. Default: a free one.")
@click.option(
    "--edge-port", type=click.IntRange(0, 65535), help="The edge's port. Default: a free one."
)
@click.option(
    "--framework",
    type=click.Choice(["flask", "django", "falcon", "starlette"]),
    default="flask",
    show_default=True,
    help="The framework of the site.",
)
def demo(once: bool, port: int | None, edge_port: int | None, framework: str) -> int:
    """Run a demo site and a local edge with private files. Only this machine can reach them."""
    for option, value in (("--port", port), ("--edge-port", edge_port)):
        if once and value is not None:
            raise click.UsageError(f"{option} cannot be combined with --once")
    try:
        from cfsign import demo as example
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"the demo needs {error.name}; pip install 'cloudfront-cfsign[demo]'"
        ) from None
    if once:
        return example.run_once(framework)
    return example.serve(port, edge_port, framework)


for command in (sign, sign_many, cookies, keygen, doctor, aws, explain_command, edge):
    cfsign.add_command(command)
