"""One run: the rows of a file signed, the output written whole, what was done remembered."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from cfsign.bulk.batch import Batch, Done, Position, Source
from cfsign.bulk.journal import Journal
from cfsign.bulk.outcome import Terms
from cfsign.bulk.partial_file import PartialFile, partial_path, publish
from cfsign.errors import ConfigurationError
from cfsign.signing.base_signer import BaseSigner

#: Seconds between two checkpoints: what a kill makes the next run do again.
_CHECKPOINT = 1.0

#: What is done, as it comes; to be closed, so that no worker is left.
Results = Generator[Done, None, None]


class Totals(NamedTuple):
    """How many rows there were, and how many of them were set aside."""

    rows: int
    faults: int


def signed_batches(
    source: Source, signer: BaseSigner, terms: Terms, workers: int, position: Position | None = None
) -> Results:
    """Sign the rows of *source* from *position* on, lazily and in order."""
    batches = source.batches(position)
    if terms.resource is not None:  # one signature: nothing that several could share
        sign = terms.of(signer)
        for batch in batches:
            yield batch.signed(sign)
        return

    def work(signer: BaseSigner, batch: Batch) -> Done:
        return batch.signed(terms.of(signer))

    yield from signer.in_workers(work, batches, workers)


class FileRun:
    """
    A run into a file. It is there when all is signed, or not at all, and can be gone on with.

    Until then there are `OUTPUT.partial`, `ERRORS.partial` and the journal, which tells how much of
    them counts: what a run wrote behind that before it was cut off is cut off as well.
    """

    def __init__(self, output: Path, errors: Path | None) -> None:
        """
        Take the files' names.

        Args:
            output: Where the signed rows go.
            errors: Where rows go that cannot be signed, or None.
        """
        self._output = output
        self._errors = errors

    def begin(self, options: dict[str, Any], expires_at: int, *, resume: bool) -> Journal:
        """
        Return the journal to go by: a new one, or that of the run to go on with.

        Raises:
            ConfigurationError: There is one, and this is to be a new run; or it had other options.
        """
        with PartialFile(self._output) as partial:
            journal = Journal.read(self._output)
            if journal is None:
                _require_empty(partial)
            if journal is None or (not resume and not journal.rows):
                before = None if journal is None else journal.options.get("--errors")
                if self._errors is not None and before != str(self._errors):
                    with PartialFile(self._errors) as errors:
                        _require_empty(errors)
                journal = Journal(options, expires_at)
                journal.write(self._output)
                return journal
        if not resume:
            raise ConfigurationError(
                f"a run for {str(self._output)!r} was cut off after {journal.rows} rows; go on "
                f"with it by --resume, or remove {str(Journal.path(self._output))!r} and the "
                ".partial files to begin anew"
            )
        journal.require(options)
        if journal.expires_at <= time.time():
            raise ConfigurationError(
                "what the run that was cut off has signed has expired; remove "
                f"{str(Journal.path(self._output))!r} and the .partial files to begin anew"
            )
        return journal

    def write(
        self, journal: Journal, source: Source, done: Callable[[Position | None], Results]
    ) -> Totals:
        """
        Write what `done(position)` yields, and when all is done, put the files in their places.

        Returns:
            How many rows there were, those of the runs that were cut off among them.

        Raises:
            ConfigurationError: What was written is not there any more.
            OSError: Something cannot be written; what was written can be gone on with.
        """
        with PartialFile(self._output) as output:  # no other run has it until all is in its place
            if not journal.is_complete:
                self._fill(output, journal, source, done)
            if os.name != "posix":  # Windows moves no file that is open
                output.close()
            for final, size, is_errors in self._files(journal):
                _put_in_place(final, size, source, is_errors=is_errors)
            journal.remove(self._output)
        return Totals(journal.rows, journal.faults)

    def _files(self, journal: Journal) -> Iterator[tuple[Path, int, bool]]:
        if self._errors is not None:
            yield self._errors, journal.errors_bytes, True
        yield self._output, journal.output_bytes, False

    def _fill(
        self,
        output: PartialFile,
        journal: Journal,
        source: Source,
        done: Callable[[Position | None], Results],
    ) -> None:
        with ExitStack() as stack:
            output.cut(journal.output_bytes)
            if not output.size:
                output.append(source.head)
            errors = None
            if self._errors is not None:
                errors = stack.enter_context(PartialFile(self._errors))
                errors.cut(journal.errors_bytes)
            due = time.monotonic() + _CHECKPOINT
            for batch in stack.enter_context(closing(done(journal.position))):
                output.append(batch.output)
                if errors is not None:
                    errors.append(batch.errors)
                journal.position = batch.end
                journal.rows += batch.rows
                journal.faults += len(batch.faults)
                if time.monotonic() >= due:
                    self._checkpoint(journal, output, errors)
                    due = time.monotonic() + _CHECKPOINT
            journal.is_complete = True
            self._checkpoint(journal, output, errors)

    def _checkpoint(
        self, journal: Journal, output: PartialFile, errors: PartialFile | None
    ) -> None:
        # In this order: the journal never counts what is not on disk.
        output.sync()
        journal.output_bytes = output.size
        if errors is not None:
            errors.sync()
            journal.errors_bytes = errors.size
        journal.write(self._output)


def _put_in_place(final: Path, size: int, source: Source, *, is_errors: bool) -> None:
    partial = partial_path(final)
    if partial.exists() and partial.stat().st_size >= size:
        publish(source.finish(partial, errors=is_errors), final)
    elif not final.exists():  # else a run was cut off when this was in its place already
        raise ConfigurationError(
            f"{str(partial)!r} is shorter than the run left it; remove the .partial and "
            ".partial.json files, and begin anew"
        )
    partial.unlink(missing_ok=True)


def write_stream(results: Results, source: Source, stream: BinaryIO, errors: Path | None) -> Totals:
    """Write to a stream, which gets what is signed as it comes; tell how much there was."""
    rows = faults = 0
    with ExitStack() as stack:
        aside = None
        if errors is not None:
            aside = stack.enter_context(_set_aside(errors, source))
        stream.write(source.head)
        for batch in stack.enter_context(closing(results)):
            stream.write(batch.output)
            if aside is not None:
                aside.append(batch.errors)
            rows += batch.rows
            faults += len(batch.faults)
        stream.flush()
    return Totals(rows, faults)


@contextlib.contextmanager
def _set_aside(errors: Path, source: Source) -> Iterator[PartialFile]:
    with PartialFile(errors) as partial:
        _require_empty(partial)
        try:
            yield partial
        except BaseException:
            partial.path.unlink()
            raise
    publish(source.finish(partial.path, errors=True), errors)
    partial.path.unlink(missing_ok=True)


def _require_empty(partial: PartialFile) -> None:
    """Keep what is in a file that only looks like one of ours."""
    if partial.size:
        raise ConfigurationError(
            f"{str(partial.path)!r} is there, and belongs to no run that can be gone on with; "
            "remove it, or choose another name"
        )
