"""The journal of a run: its options and progress, from which an interrupted run is resumed."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cfsign.bulk.batch import Position
from cfsign.bulk.partial_file import RESTART_HINT, partial_path
from cfsign.errors import ConfigurationError
from cfsign.utils.files import UnsafeFileError, create_file, get_user, read_file, sync_folder

#: How many bytes of an input identify it.
_FINGERPRINTED_BYTES = 1024 * 1024


@dataclass
class Journal:
    """
    The state of a run. Everything that it counts has been written to disk before.

    Attributes:
        options: The options of the run; only a run with the same options can resume it.
        expires_at: When all URLs expire, in epoch seconds, as computed by the first run.
        position: Where the input continues, or None for its start.
        rows: The number of rows done, rejected rows included.
        rejected: The number of rejected rows.
        output_bytes: The length of the output.
        errors_bytes: The length of the file of rejected rows.
        is_complete: True once only moving the files to their final names is left.
    """

    options: dict[str, Any]
    expires_at: int
    position: Position | None = None
    rows: int = 0
    rejected: int = 0
    output_bytes: int = 0
    errors_bytes: int = 0
    is_complete: bool = False

    @staticmethod
    def path(output: Path) -> Path:
        """Return the path of the journal of *output*."""
        partial = partial_path(output)
        return partial.with_name(partial.name + ".json")

    @classmethod
    def new_path(cls, output: Path) -> Path:
        """Return the path where a new journal is written before it replaces the old one."""
        path = cls.path(output)
        return path.with_name(path.name + ".new")

    @classmethod
    def read(cls, output: Path) -> Journal | None:
        """
        Read the journal of *output*, or return None if it does not exist.

        Raises:
            ConfigurationError: The journal is damaged, is a link, or belongs to another user.
        """
        path = cls.path(output)
        try:
            return cls(**json.loads(read_file(path, owner=get_user())))
        except FileNotFoundError:
            return None
        except UnsafeFileError as error:
            raise ConfigurationError(
                f"{str(path)!r} cannot be used: {error.strerror}", hint="remove it"
            ) from None
        except (ValueError, TypeError):
            raise ConfigurationError(f"{str(path)!r} is damaged", hint=RESTART_HINT) from None

    def check_options(self, options: dict[str, Any]) -> None:
        """
        Check that the run was started with *options*.

        Raises:
            ConfigurationError: At least one option differs; all that differ are named.
        """
        changed = [name for name in sorted(options) if options[name] != self.options.get(name)]
        if changed:
            raise ConfigurationError(
                f"the interrupted run had a different {', '.join(changed)}",
                hint=f"resume it with the same options, or {RESTART_HINT}",
            )

    def write(self, output: Path) -> None:
        """Write the journal of *output* atomically."""
        path, new = self.path(output), self.new_path(output)
        # A killed run may have left this file, or someone may have placed a link here. A random
        # name, as in `replace_file`, would leave one more file behind at each kill.
        new.unlink(missing_ok=True)
        create_file(new, json.dumps(asdict(self)))
        os.replace(new, path)
        sync_folder(path.parent)

    def remove(self, output: Path) -> None:
        """Delete the journal of *output*, whose run is complete."""
        self.path(output).unlink(missing_ok=True)


def fingerprint(path: Path) -> list[Any] | None:
    """Return size, time of change and a hash of the start of *path*; None unless it is a file."""
    if not path.is_file():
        return None
    status = path.stat()
    with path.open("rb") as file:
        digest = hashlib.sha256(file.read(_FINGERPRINTED_BYTES)).hexdigest()
    return [status.st_size, status.st_mtime_ns, digest]
