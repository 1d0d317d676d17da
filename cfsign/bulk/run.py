"""Sign a whole file: write its output atomically, and resume an interrupted run."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from cfsign.bulk.batch import Batch, Position, SignedBatch, Source
from cfsign.bulk.journal import Journal
from cfsign.bulk.outcome import RunConditions
from cfsign.bulk.partial_file import (
    RESTART_HINT,
    PartialFile,
    partial_path,
    publish,
    shorter_than_expected,
)
from cfsign.errors import ConfigurationError
from cfsign.signing.base_signer import BaseSigner

#: Seconds between two checkpoints. A killed run repeats at most the work since the last one.
_CHECKPOINT_SECONDS = 1.0

#: Batches as they are signed. Close it, so that all workers end.
SignedBatches = Generator[SignedBatch, None, None]


class Totals(NamedTuple):
    """The number of rows, and how many of them were rejected."""

    rows: int
    rejected: int


def sign_batches(
    source: Source,
    signer: BaseSigner,
    conditions: RunConditions,
    workers: int,
    position: Position | None = None,
) -> SignedBatches:
    """Sign the rows of *source*, starting at *position*, lazily and in order."""
    batches = source.read_batches(position)
    if conditions.pattern is not None:  # one signature in all, so there is no work to share
        sign_url = conditions.bind(signer)
        for batch in batches:
            yield batch.sign(sign_url)
        return

    def sign_batch(signer: BaseSigner, batch: Batch) -> SignedBatch:
        return batch.sign(conditions.bind(signer))

    yield from signer.map_in_workers(sign_batch, batches, workers)


class FileRun:
    """
    A run that writes a file.

    The file appears when all rows are done; until then, an interrupted run can be resumed.

    An unfinished run has `OUTPUT.partial`, `ERRORS.partial` and the journal. The journal counts the
    bytes that are complete; a resumed run removes everything after them.
    """

    def __init__(self, output: Path, errors: Path | None) -> None:
        """
        Keep the paths.

        Args:
            output: The file for signed rows.
            errors: The file for rejected rows, or None.
        """
        self._output = output
        self._errors = errors

    def begin(self, options: dict[str, Any], expires_at: int, *, resume: bool) -> Journal:
        """
        Return a new journal, or the journal of the interrupted run to resume.

        Raises:
            ConfigurationError: There is an interrupted run and *resume* is False, or the
                interrupted run had other options.
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
                f"a run that writes {str(self._output)!r} was interrupted after "
                f"{journal.rows} rows",
                hint=f"add --resume to continue it, or {RESTART_HINT}",
            )
        journal.check_options(options)
        if journal.expires_at <= time.time():
            raise ConfigurationError(
                "the URLs that the interrupted run signed have expired", hint=RESTART_HINT
            )
        return journal

    def write(
        self,
        journal: Journal,
        source: Source,
        sign_from: Callable[[Position | None], SignedBatches],
    ) -> Totals:
        """
        Write the batches of `sign_from(position)`, then move the files to their final names.

        Returns:
            The number of rows, including those of the interrupted runs before.

        Raises:
            ConfigurationError: A partial file has lost data.
            OSError: A file cannot be written. The run can be resumed.
        """
        with PartialFile(self._output) as output:  # locked until all files have their final names
            if not journal.is_complete:
                self._fill(output, journal, source, sign_from)
            if os.name != "posix":  # Windows cannot move an open file
                output.close()
            for final, size, is_errors in self._files(journal):
                _move_into_place(final, size, source, is_errors=is_errors)
            journal.remove(self._output)
        return Totals(journal.rows, journal.rejected)

    def _files(self, journal: Journal) -> Iterator[tuple[Path, int, bool]]:
        if self._errors is not None:
            yield self._errors, journal.errors_bytes, True
        yield self._output, journal.output_bytes, False

    def _fill(
        self,
        output: PartialFile,
        journal: Journal,
        source: Source,
        sign_from: Callable[[Position | None], SignedBatches],
    ) -> None:
        with ExitStack() as stack:
            output.truncate(journal.output_bytes)
            if not output.size:
                output.append(source.header)
            errors = None
            if self._errors is not None:
                errors = stack.enter_context(PartialFile(self._errors))
                errors.truncate(journal.errors_bytes)
            due = time.monotonic() + _CHECKPOINT_SECONDS
            for batch in stack.enter_context(closing(sign_from(journal.position))):
                output.append(batch.output)
                if errors is not None:
                    errors.append(batch.errors)
                journal.position = batch.end
                journal.rows += batch.rows
                journal.rejected += len(batch.rejected)
                if time.monotonic() >= due:
                    self._checkpoint(journal, output, errors)
                    due = time.monotonic() + _CHECKPOINT_SECONDS
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


def _move_into_place(final: Path, size: int, source: Source, *, is_errors: bool) -> None:
    partial = partial_path(final)
    if partial.exists() and partial.stat().st_size >= size:
        publish(source.convert(partial, errors=is_errors), final)
    elif not final.exists():  # if it exists, the interrupted run had already moved this file
        raise shorter_than_expected(partial)
    partial.unlink(missing_ok=True)


def write_stream(
    batches: SignedBatches, source: Source, stream: BinaryIO, errors: Path | None
) -> Totals:
    """Write *batches* to a stream as they are signed, and return the number of rows."""
    rows = rejected = 0
    with ExitStack() as stack:
        errors_file = None
        if errors is not None:
            errors_file = stack.enter_context(_open_errors_file(errors, source))
        stream.write(source.header)
        for batch in stack.enter_context(closing(batches)):
            stream.write(batch.output)
            if errors_file is not None:
                errors_file.append(batch.errors)
            rows += batch.rows
            rejected += len(batch.rejected)
        stream.flush()
    return Totals(rows, rejected)


@contextlib.contextmanager
def _open_errors_file(errors: Path, source: Source) -> Iterator[PartialFile]:
    with PartialFile(errors) as partial:
        _require_empty(partial)
        try:
            yield partial
        except BaseException:
            partial.path.unlink()
            raise
    publish(source.convert(partial.path, errors=True), errors)
    partial.path.unlink(missing_ok=True)


def _require_empty(partial: PartialFile) -> None:
    """Refuse to overwrite a file that only has the name of a partial file."""
    if partial.size:
        raise ConfigurationError(
            f"{str(partial.path)!r} exists and belongs to no interrupted run",
            hint="remove it, or choose another name",
        )
