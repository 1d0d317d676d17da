"""How far a run has come, and for what: what lets it go on after it was cut off."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cfsign.bulk.batch import Position
from cfsign.bulk.partial_file import partial_path, sync_folder
from cfsign.errors import ConfigurationError

#: How much of an input is compared.
_HEAD = 1024 * 1024


@dataclass
class Journal:
    """
    The state of a run, as its file has it; what it counts is on disk already.

    Attributes:
        options: What the run was started with; another run with others cannot go on with it.
        expires_at: When all URLs expire, in epoch seconds, as settled by the first run.
        position: Where the input goes on, or None for its beginning.
        rows: How many rows are done.
        faults: How many of them were set aside.
        output_bytes: How long the output is.
        errors_bytes: How long the file of rows set aside is.
        is_complete: Whether nothing is left but to put the files in their places.
    """

    options: dict[str, Any]
    expires_at: int
    position: Position | None = None
    rows: int = 0
    faults: int = 0
    output_bytes: int = 0
    errors_bytes: int = 0
    is_complete: bool = False

    @staticmethod
    def path(output: Path) -> Path:
        """Return where the journal of *output* is kept."""
        partial = partial_path(output)
        return partial.with_name(partial.name + ".json")

    @classmethod
    def new_path(cls, output: Path) -> Path:
        """Return where it is written before it takes its place."""
        path = cls.path(output)
        return path.with_name(path.name + ".new")

    @classmethod
    def read(cls, output: Path) -> Journal | None:
        """
        Read the journal of *output*, if there is one.

        Raises:
            ConfigurationError: It is damaged.
        """
        path = cls.path(output)
        try:
            return cls(**json.loads(path.read_text("utf-8")))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError):
            raise ConfigurationError(
                f"{str(path)!r} cannot be read; remove it and the .partial files to begin anew"
            ) from None

    def require(self, options: dict[str, Any]) -> None:
        """
        Raise ConfigurationError unless the run was started with *options*.

        Raises:
            ConfigurationError: Something is another, each on a line.
        """
        others = [name for name in sorted(options) if options[name] != self.options.get(name)]
        if others:
            raise ConfigurationError(
                f"the run that was cut off had another {', '.join(others)}; go on with the same, "
                "or remove the .partial and .partial.json files to begin anew"
            )

    def write(self, output: Path) -> None:
        """Keep the state, in one piece."""
        path = self.path(output)
        new = self.new_path(output)
        new.unlink(missing_ok=True)  # of a run that was killed here; or a link that leads elsewhere
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(self), file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
        sync_folder(path.parent)

    def remove(self, output: Path) -> None:
        """Forget the run, which is over."""
        self.path(output).unlink(missing_ok=True)


def identity(path: Path) -> list[Any] | None:
    """Return what tells an input from another, and from what it was before; None for a pipe."""
    if not path.is_file():
        return None
    status = path.stat()
    with path.open("rb") as file:
        head = hashlib.sha256(file.read(_HEAD)).hexdigest()
    return [status.st_size, status.st_mtime_ns, head]
