"""`cfsign sign-many`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cfsign.bulk.batch import Position, Source
from cfsign.bulk.formats import FORMATS, choose_format, open_source
from cfsign.bulk.journal import Journal, fingerprint
from cfsign.bulk.outcome import RunConditions
from cfsign.bulk.partial_file import RESTART_HINT, converted_path, partial_path
from cfsign.bulk.run import FileRun, SignedBatches, Totals, sign_batches, write_stream
from cfsign.cli.output import describe_os_error, print_message
from cfsign.cli.parameters import parse_path
from cfsign.cli.progress import report_progress
from cfsign.cli.signing_options import print_expiry, read_signing_options, signing_options
from cfsign.errors import ConfigurationError
from cfsign.keys import is_key_path
from cfsign.signing.url import check_resource
from cfsign.signing.workers import MAX_WORKERS


def _parse_file_or_stream(text: str) -> Path | None:
    """Parse a path, or `-` for a standard stream, which becomes None."""
    return None if text == "-" else parse_path(text)


@click.command("sign-many", short_help="Sign each URL of a file or a stream.")
@click.argument("input_", metavar="INPUT")
@click.argument("output", metavar="OUTPUT")
@click.option(
    "--format", "form", type=click.Choice(FORMATS), help="Default: chosen by the file name."
)
@click.option("--column", help="The column that holds the URL. Default: url")
@click.option("--output-column", help="The column to add. Default: signed_url")
@click.option(
    "--errors",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write rows that cannot be signed to FILE, with the reason.",
)
@click.option("--resume", is_flag=True, help="Continue an interrupted run, if there is one.")
@click.option(
    "--workers",
    type=click.IntRange(1, MAX_WORKERS),
    default=1,
    show_default=True,
    help="How many rows to sign in parallel.",
)
@click.option("--pattern", help="A URL pattern that matches all URLs: sign once for all.")
@signing_options(
    expires_in_help="How long they work: 90, 15m, 2h or 7d. This or --expires-at is required."
)
def sign_many(
    input_: str,
    output: str,
    form: str | None,
    column: str | None,
    output_column: str | None,
    errors: Path | None,
    resume: bool,
    workers: int,
    pattern: str | None,
    **options: Any,
) -> int:
    """
    Sign each URL of INPUT and write OUTPUT.

    INPUT is a file of lines, CSV, JSON Lines or Parquet. Use - for a standard stream. OUTPUT
    appears when all rows are done. Rows that cannot be signed are reported and left out; the exit
    code is then 1.
    """
    source, target = _parse_file_or_stream(input_), _parse_file_or_stream(output)
    form = choose_format(form, source, target)
    if form == "lines" and (column is not None or output_column is not None):
        raise click.UsageError("--column and --output-column cannot be used with lines")
    if options["expires_in"] is None and options["expires_at"] is None:
        raise click.UsageError("the expiry is missing; add --expires-in or --expires-at")
    if resume and (target is None or source is None or not source.is_file()):
        raise click.UsageError("--resume needs files for INPUT and OUTPUT, not streams")
    if target is None and form == "parquet":
        raise click.UsageError(
            "Parquet cannot be written to a stream; replace - by the name of a file"
        )
    _check_paths(source, target, errors, options["private_key"], options["key_ring"])
    if pattern is not None:
        check_resource(pattern)  # before anything is written
    ring_or_signer, conditions, ends = read_signing_options(**options)
    signer = ring_or_signer.current()
    run_conditions = RunConditions(conditions, pattern)
    columns = column or "url", output_column or "signed_url"
    with open_source(source, sys.stdin.buffer, form, *columns) as opened:

        def sign_from(position: Position | None) -> SignedBatches:
            batches = sign_batches(opened, signer, run_conditions, workers, position)
            return report_progress(batches, opened, errors)

        if target is None:
            totals = _write_stream(sign_from(None), opened, errors)
        else:
            run = FileRun(target.resolve(), None if errors is None else errors.resolve())
            run_options = {
                "INPUT": None if source is None else fingerprint(source),
                "--format": form,
                "--column": list(columns),
                "--errors": None if errors is None else str(errors.resolve()),
                "key": [signer.key_pair_id, signer.hash_algorithm, signer.public_key_pem()],
                "--expires-in": options["expires_in"],
                "--expires-at": str(options["expires_at"]),
                "--starts-at": str(options["starts_at"]),
                "--ip-address": options["ip_address"],
                "--pattern": pattern,
            }
            journal = run.begin(run_options, ends, resume=resume)
            ends = journal.expires_at
            run_conditions = RunConditions({**conditions, "expires_at": ends}, pattern)
            can_resume = run_options["INPUT"] is not None
            totals = _write_file(run, journal, opened, sign_from, can_resume=can_resume)
    print_message(f"{totals.rows - totals.rejected} signed, {totals.rejected} rejected")
    print_expiry(ends)
    return int(totals.rejected > 0)


def _write_stream(batches: SignedBatches, source: Source, errors: Path | None) -> Totals:
    try:
        return write_stream(batches, source, sys.stdout.buffer, errors)
    except OSError as error:
        raise click.ClickException(describe_os_error(error)) from None


def _write_file(
    run: FileRun,
    journal: Journal,
    source: Source,
    sign_from: Callable[[Position | None], SignedBatches],
    *,
    can_resume: bool,
) -> Totals:
    try:
        return run.write(journal, source, sign_from)
    except ConfigurationError:  # the input is wrong, and the error says how to fix that
        raise
    except BaseException:
        hint = "run the same command with --resume to continue"
        if not can_resume:
            hint = f"a stream cannot be resumed: {RESTART_HINT}"
        print_message(f"interrupted; {hint}")
        raise


def _check_paths(
    source: Path | None,
    target: Path | None,
    errors: Path | None,
    *keys: str | None,
) -> None:
    """Raise UsageError if an output is the input, a key or a folder, or its folder is missing."""
    written = [path for path in (target, errors) if path is not None]
    for path in written:
        if path.is_dir() or (path.exists() and not path.is_file()):
            raise click.UsageError(f"{str(path)!r} is not a file; use - for a standard stream")
        if not path.resolve().parent.is_dir():
            raise click.UsageError(f"the folder {str(path.parent)!r} does not exist; create it")
    final = [path.resolve() for path in written]
    partial = [partial_path(path) for path in final]
    names = [*final, *partial, *map(converted_path, partial)]
    if target is not None:
        names += [Journal.path(target.resolve()), Journal.new_path(target.resolve())]
    read = [source] if source is not None else []
    read += [Path(key).expanduser() for key in keys if is_key_path(key)]
    for path in read:
        if any(_is_same_file(path, name) for name in names):
            raise click.UsageError(f"{str(path)!r} would be overwritten; choose another name")
    if len(set(names)) < len(names):
        raise click.UsageError("OUTPUT and --errors use the same file; choose two files")


def _is_same_file(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:  # one of them does not exist
        return False
