"""`cfsign doctor`."""

from __future__ import annotations

from typing import Any

import click

from cfsign.cli.output import put
from cfsign.cli.password import ask_password as ask
from cfsign.cli.public_key import PublicKeyFile, public_key_or_file
from cfsign.cli.times import duration
from cfsign.doctor import Settings, as_json, as_text, diagnose


@click.command(short_help="Say what is wrong with a site's settings, and what mends it.")
@click.option("--flask", metavar="MODULE:APP", help="A Flask application, or its config module.")
@click.option("--django", metavar="MODULE", help="Django's settings module.")
@click.option("--domain", help="Scheme and host of the distribution.")
@click.option("--key-pair-id", help="The ID of the public key in CloudFront.")
@click.option("--private-key", help="The private key's path.")
@click.option("--key-ring", metavar="FILE", help="A key ring's document, in place of id and key.")
@click.option("--ask-password", is_flag=True, help="Ask for the key's password.")
@click.option(
    "--public-key",
    type=public_key_or_file,
    metavar="[ID=]FILE",
    help="The uploaded public key, with or without its id.",
)
@click.option("--expires", type=duration, help="How long a URL lasts: 90, 15m, 2h.")
@click.option("--json", "in_json", is_flag=True, help="Print a JSON object.")
def doctor(
    flask: str | None,
    django: str | None,
    public_key: PublicKeyFile | None,
    ask_password: bool,
    in_json: bool,
    **flags: Any,
) -> int:
    """
    Say what is wrong with the settings that a site would use, and what mends it.

    They are read from the environment (CLOUDFRONT_...), or from the site's own settings; the other
    options stand in for single ones. Exit 1 if there is an error.
    """
    if flask is not None and django is not None:
        raise click.UsageError("give --flask or --django")
    given = {name: value for name, value in flags.items() if value is not None}
    if ask_password:
        given["password"] = ask()
    target = django if flask is None else flask
    if target is None:
        settings = Settings.from_environment(flags=given)
    else:
        settings = Settings.from_target(target, given)
    if public_key is not None:
        _check_id(public_key.key_pair_id, settings)
    findings = diagnose(settings, None if public_key is None else public_key.path)
    put((as_json if in_json else as_text)(settings.source, findings))
    return int(any(finding.severity == "error" for finding in findings))


def _check_id(key_pair_id: str, settings: Settings) -> None:
    signs_as = settings.values.get("key_pair_id")
    if key_pair_id and signs_as and key_pair_id != signs_as:
        raise click.UsageError(
            f"--public-key is that of {key_pair_id}, and {settings.source} names another id; "
            "give the key of that, or --key-pair-id"
        )
