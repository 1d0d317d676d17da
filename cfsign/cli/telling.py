"""What a long run tells on standard error while it is at it: how far it is, and what went wrong."""

from __future__ import annotations

import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from cfsign.bulk.batch import Source
from cfsign.bulk.run import Results

#: So many rows that were set aside are told one by one where they are all in a file.
_TOLD = 10


def told(results: Results, source: Source, errors: Path | None) -> Results:
    """Pass on what is done, and tell on standard error of what was set aside."""
    count = 0
    with closing(results), _bar(source) as bar:
        for done in results:
            for fault in done.faults:
                count += 1
                if errors is None or count <= _TOLD:
                    _say(bar, f"{source.unit} {fault.number}: {fault.reason}")
                elif count == _TOLD + 1:
                    _say(bar, f"more rows are set aside, and in {errors}")
            bar.update(source.progress(done.end) - bar.pos, done.rows)
            yield done


def _bar(source: Source) -> Any:
    """Make a bar with the rate and the time left; on a terminal alone, if the end is known."""
    began = time.monotonic()
    rows = 0

    def rate(more: int | None) -> str:
        nonlocal rows
        rows += more or 0
        return f"{rows / max(time.monotonic() - began, 0.001):,.0f} rows/s"

    return click.progressbar(
        length=source.length or 1,
        hidden=source.length is None or not sys.stderr.isatty(),
        file=sys.stderr,
        item_show_func=rate,
    )


def _say(bar: Any, message: str) -> None:
    if not bar.hidden:
        click.echo("\r\x1b[K", nl=False, err=True)  # the bar is drawn anew below the message
    click.echo(f"cfsign: {message}", err=True)
