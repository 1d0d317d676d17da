"""`cfsign sign-many`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import click

from cfsign.bulk.batch import Position, Source
from cfsign.bulk.formats import FORMATS, choose_format, open_source
from cfsign.bulk.journal import Journal, identity
from cfsign.bulk.outcome import Terms
from cfsign.bulk.partial_file import made_path, partial_path
from cfsign.bulk.run import FileRun, Results, Totals, signed_batches, write_stream
from cfsign.cli.file import file
from cfsign.cli.output import failed
from cfsign.cli.signing import say_when, signer_and_times, signing_options
from cfsign.cli.telling import told
from cfsign.errors import ConfigurationError
from cfsign.keyring.key_pair import names_file
from cfsign.signing.signer import Signer
from cfsign.signing.url import check_resource
from cfsign.signing.workers import MOST


def _file_or_stream(text: str) -> Path | None:
    """Read a path, or `-` for a standard stream, which becomes None."""
    return None if text == "-" else file(text)


@click.command("sign-many", short_help="Sign each URL of a file, or of a stream.")
@click.argument("input_", metavar="INPUT")
@click.argument("output", metavar="OUTPUT")
@click.option("--format", "form", type=click.Choice(FORMATS), help="By the file's name if left.")
@click.option("--column", help="The column that has the URL; url if left.")
@click.option("--output-column", help="The one that gets it signed; signed_url if left.")
@click.option(
    "--errors",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where rows go that cannot be signed, with the reason.",
)
@click.option("--resume", is_flag=True, help="Go on with a run that was cut off, if there is one.")
@click.option(
    "--workers",
    type=click.IntRange(1, MOST),
    default=1,
    show_default=True,
    help="How many sign at once.",
)
@click.option("--resource", help="A pattern that covers all URLs: one signature for them all.")
@signing_options(lifetime="90, 15m, 2h, 7d; this or the next must be given.")
def sign_many(
    input_: str,
    output: str,
    form: str | None,
    column: str | None,
    output_column: str | None,
    errors: Path | None,
    resume: bool,
    workers: int,
    resource: str | None,
    **options: Any,
) -> int:
    """
    Sign each URL of a file.

    INPUT has lines, CSV, JSON Lines or Parquet; - is a standard stream. OUTPUT is written whole or
    not at all. A row that cannot be signed is told, and left out. Exit 1 if there was one.
    """
    source, target = _file_or_stream(input_), _file_or_stream(output)
    form = choose_format(form, source, target)
    if form == "lines" and (column is not None or output_column is not None):
        raise click.UsageError("lines have no columns; leave --column and --output-column out")
    if options["expires_in"] is None and options["expires_at"] is None:
        raise click.UsageError("give --expires-in or --expires-at: a run takes a while")
    if resume and (target is None or source is None or not source.is_file()):
        raise click.UsageError("only a run from a file into a file can be gone on with")
    if target is None and form == "parquet":
        raise click.UsageError("Parquet is no stream; give a file in the place of -")
    _keep_apart(source, target, errors, options["private_key"], options["key_ring"])
    if resource is not None:
        check_resource(resource)  # here, so that nothing is begun on a mistake
    several, times = signer_and_times(**options)
    signer = cast(Signer, several.current())  # of one key, which the command line made
    terms = Terms(**times, resource=resource)
    columns = column or "url", output_column or "signed_url"
    with open_source(source, sys.stdin.buffer, form, *columns) as opened:

        def signed(terms: Terms, position: Position | None) -> Results:
            return told(signed_batches(opened, signer, terms, workers, position), opened, errors)

        if target is None:
            totals = _into_stream(signed(terms, None), opened, errors)
            ends = times["expires_at"]
        else:
            run = FileRun(target.resolve(), None if errors is None else errors.resolve())
            given = {
                "INPUT": None if source is None else identity(source),
                "--format": form,
                "--column": list(columns),
                "--errors": None if errors is None else str(errors.resolve()),
                "key": [signer.key_pair_id, signer.hash_algorithm, signer.public_key_pem()],
                "--expires-in": options["expires_in"],
                "--expires-at": str(options["expires_at"]),
                "--starts-at": str(options["starts_at"]),
                "--ip-address": options["ip_address"],
                "--resource": resource,
            }
            journal = run.begin(given, times["expires_at"], resume=resume)
            ends = journal.expires_at
            terms = replace(terms, expires_at=ends)
            mend = (
                "the same with --resume goes on with it"
                if given["INPUT"] is not None
                else "a stream cannot be gone on with; to begin anew, remove the .partial and "
                ".partial.json files"
            )
            totals = _into_file(run, journal, opened, partial(signed, terms), mend)
    click.echo(f"cfsign: {totals.rows - totals.faults} signed, {totals.faults} not", err=True)
    say_when(ends)
    return int(totals.faults > 0)


def _into_stream(results: Results, source: Source, errors: Path | None) -> Totals:
    try:
        return write_stream(results, source, sys.stdout.buffer, errors)
    except OSError as error:
        raise click.ClickException(failed(error)) from None


def _into_file(
    run: FileRun,
    journal: Journal,
    source: Source,
    done: Callable[[Position | None], Results],
    mend: str,
) -> Totals:
    try:
        return run.write(journal, source, done)
    except ConfigurationError:  # of a file that is not what it should be: it tells its own mend
        raise
    except BaseException:
        click.echo(f"cfsign: cut off; {mend}", err=True)
        raise


def _keep_apart(
    source: Path | None,
    target: Path | None,
    errors: Path | None,
    *keys: str | None,
) -> None:
    """Refuse what would write over what is read, or over a key."""
    written = [path for path in (target, errors) if path is not None]
    for path in written:
        if path.is_dir() or (path.exists() and not path.is_file()):
            raise click.UsageError(f"{str(path)!r} is no file; is - meant, the standard stream?")
        if not path.resolve().parent.is_dir():
            raise click.UsageError(f"there is no folder {str(path.parent)!r}; make it first")
    names = [path.resolve() for path in written]
    names += [partial_path(path) for path in names]
    names += [made_path(path) for path in names[len(written) :]]
    if target is not None:
        names += [Journal.path(target.resolve()), Journal.new_path(target.resolve())]
    read = [source] if source is not None else []
    read += [Path(key).expanduser() for key in keys if names_file(key)]
    for path in read:
        if any(_is_same(path, name) for name in names):
            raise click.UsageError(f"{str(path)!r} would be written over; choose another name")
    if len(set(names)) < len(names):
        raise click.UsageError("OUTPUT and --errors are one file; give two")


def _is_same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:  # one of them is not there, or can be none
        return False
