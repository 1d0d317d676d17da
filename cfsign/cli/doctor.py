"""`cfsign doctor`."""

from __future__ import annotations

from typing import Any

import click

from cfsign.cli.output import print_result
from cfsign.cli.parameters import PublicKeyFile, parse_duration, parse_public_key_or_file
from cfsign.cli.password import ask_password as ask
from cfsign.config import SiteSettings
from cfsign.config.site_settings import DEFAULT
from cfsign.doctor import (
    as_json,
    as_text,
    diagnose,
    load_target,
    make_django_check,
    make_flask_check,
    read_environment,
    read_site_settings,
)
from cfsign.errors import ConfigurationError


@click.command(short_help="Find mistakes in a site's settings, and explain how to fix them.")
@click.option("--flask", metavar="MODULE:APP", help="A Flask application, or its config module.")
@click.option("--django", metavar="MODULE", help="A Django settings module.")
@click.option("--domain", help="The scheme and host of the distribution.")
@click.option("--key-pair-id", help="The ID of the public key in CloudFront.")
@click.option("--private-key", help="The private key's path.")
@click.option("--key-ring", metavar="FILE", help="A key ring document, instead of an id and a key.")
@click.option("--ask-password", is_flag=True, help="Ask for the key's password.")
@click.option(
    "--public-key",
    type=parse_public_key_or_file,
    metavar="[ID=]FILE",
    help="The public key that you uploaded, with or without its id.",
)
@click.option(
    "--expires-in",
    type=parse_duration,
    metavar="DURATION",
    help="How long a URL works: 90, 15m, 2h.",
)
@click.option("--json", "in_json", is_flag=True, help="Print a JSON object.")
def doctor(
    flask: str | None,
    django: str | None,
    public_key: PublicKeyFile | None,
    ask_password: bool,
    in_json: bool,
    **options: Any,
) -> int:
    """
    Find mistakes in the settings of a site, and explain how to fix them.

    The settings are read from the environment (CLOUDFRONT_...), or from the site with --flask or
    --django; then the options of its views are checked too. The other options replace single
    settings. The exit code is 1 if there is an error.
    """
    if flask is not None and django is not None:
        raise click.UsageError("--flask cannot be combined with --django")
    if "" in (flask, django):
        raise click.UsageError("--flask and --django require a module or a Python file")
    flags = {name: value for name, value in options.items() if value is not None}
    if ask_password:
        flags["password"] = ask()
    target = django if flask is None else flask
    source = "the environment" if target is None else target
    if flags:
        source += " and the given options"
    try:
        check_views = None
        if target is None:
            settings = SiteSettings({DEFAULT: read_environment(flags=flags)})
        else:
            site = load_target(target)
            settings = read_site_settings(site, flags)
            if settings.variables:
                source += ", which are those of the environment"
            check_views = make_flask_check(site) if flask else make_django_check(target, site)
    except ConfigurationError as error:
        problems = list(error.problems)
    else:
        if public_key is not None:
            _check_id(public_key.key_pair_id, settings, source)
        path = None if public_key is None else public_key.path
        problems = diagnose(settings, path, check_views)
    print_result((as_json if in_json else as_text)(source, problems))
    return int(any(problem.level == "error" for problem in problems))


def _check_id(key_pair_id: str, settings: SiteSettings, source: str) -> None:
    given = [each.values.get("key_pair_id") for each in settings.distributions.values()]
    configured = [each for each in given if each]
    if key_pair_id and configured and key_pair_id not in configured:
        raise click.UsageError(
            f"--public-key is the key of {key_pair_id}, but {source} has the key pair id "
            f"{configured[0]}; pass the public key of that id, or --key-pair-id"
        )
