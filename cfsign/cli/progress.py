"""Show the progress of a long run, and the rows that it rejects, on standard error."""

from __future__ import annotations

import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from cfsign.bulk.batch import Source
from cfsign.bulk.run import SignedBatches
from cfsign.cli.output import print_message

#: The number of rejected rows to print, if there is a file that holds them all.
_MAX_PRINTED = 10


def report_progress(batches: SignedBatches, source: Source, errors: Path | None) -> SignedBatches:
    """Yield *batches* unchanged, and print the progress and the rejected rows."""
    count = 0
    with closing(batches), _progress_bar(source) as bar:
        for batch in batches:
            for row in batch.rejected:
                count += 1
                if errors is None or count <= _MAX_PRINTED:
                    _print_above(bar, f"{source.unit} {row.number}: {row.reason}")
                elif count == _MAX_PRINTED + 1:
                    _print_above(bar, f"more rows are rejected; {errors} lists all of them")
            bar.update(source.measure(batch.end) - bar.pos, batch.rows)
            yield batch


def _progress_bar(source: Source) -> Any:
    """Return a bar with the rate and the time left, hidden unless it is on a terminal."""
    started = time.monotonic()
    total = 0

    def format_rate(rows: int | None) -> str:
        nonlocal total
        total += rows or 0
        return f"{total / max(time.monotonic() - started, 0.001):,.0f} rows/s"

    return click.progressbar(
        length=source.length or 1,
        hidden=source.length is None or not sys.stderr.isatty(),
        file=sys.stderr,
        item_show_func=format_rate,
    )


def _print_above(bar: Any, message: str) -> None:
    if not bar.hidden:
        click.echo("\r\x1b[K", nl=False, err=True)  # the next update draws the bar again
    print_message(message)
