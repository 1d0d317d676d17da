"""The sources of a key ring: a list, a file, or a function; and how to detect that one changed."""

from __future__ import annotations

import inspect
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable
from os import stat
from pathlib import Path
from time import time
from typing import Any

from cfsign.errors import CfsignError, ConfigurationError
from cfsign.keyring.document import KeyPair, build_pairs, parse_pairs
from cfsign.keys.source import may_show_path
from cfsign.utils.files import read_file
from cfsign.utils.secret import Secret, hide

Loader = Callable[[], str | bytes]

#: A key group has five keys of a few KB each, so a larger file is not a key ring.
_MAX_BYTES = 1024 * 1024

# Two writes within one tick of the file system's clock may leave the same timestamp. The longest
# tick is FAT's: two seconds.
_TICK = 2


class RingSource(ABC):
    """
    A source of key pairs that a ring reads repeatedly.

    Attributes:
        name: The source's name in messages.
        files: The files of the source, without the key files.
    """

    name: str
    files: tuple[Path, ...] = ()

    @abstractmethod
    def read_state(self) -> Any:
        """Return the state of the source. Two states are equal if the source has not changed."""

    @abstractmethod
    def read_pairs(self, state: Any) -> list[KeyPair]:
        """Read the key pairs, after `read_state` returned *state*."""


class ListedPairs(RingSource):
    """Key pairs as a list in the program. Only their key files can change."""

    name = "key ring"

    def __init__(self, pairs: Collection[KeyPair]) -> None:
        hidden: Any = hide(pairs)
        del pairs
        if not isinstance(hidden.reveal(), list | tuple | set | frozenset):
            raise ConfigurationError(
                f"a key ring cannot be made from {type(hidden.reveal()).__name__}",
                hint="use a list of KeyPair, KeyRing.from_file(path) or "
                "KeyRing.from_loader(function)",
            )
        self._pairs = build_pairs(hidden)

    def read_state(self) -> Any:
        """Return None: the list never changes."""
        return None

    def read_pairs(self, state: Any) -> list[KeyPair]:
        """Return the pairs."""
        return self._pairs


class DocumentFile(RingSource):
    """A JSON document in a file."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        hidden = hide(path)
        del path
        if not isinstance(hidden.reveal(), str | os.PathLike):
            raise ConfigurationError(
                f"the file of a key ring must be a path, got {type(hidden.reveal()).__name__}"
            )
        # Absolute, because the program may change its working directory.
        self._path = Path(os.path.abspath(os.path.expanduser(hidden.reveal())))
        is_shown = may_show_path(str(self._path))
        self.name = f"key ring {str(self._path)!r}" if is_shown else "key ring"
        self.files = (self._path,)

    def read_state(self) -> Any:
        """Return the version of the file."""
        return read_file_version(self._path)

    def read_pairs(self, state: Any) -> list[KeyPair]:
        """Read the file; raise ConfigurationError with every mistake."""
        return parse_pairs(self.read(), self._path.parent)

    def read(self) -> bytes:
        """Return the content of the file; raise ConfigurationError if it cannot be read."""
        reason = ""
        try:
            data = read_file(self._path, _MAX_BYTES + 1)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "invalid path"
        if reason:  # outside the block above: its error has the path, which may be the document
            raise ConfigurationError(
                f"the file cannot be read ({reason})",
                hint="check the path and the file's permissions",
            )
        if len(data) > _MAX_BYTES:
            raise ConfigurationError(
                "the file is larger than 1 MiB, too large for a key ring", hint="check the path"
            )
        return data


class LoadedDocument(RingSource):
    """A JSON document that a function returns, for example from a secret store."""

    name = "key ring of a loader"

    def __init__(self, load: object) -> None:
        if not callable(load) or inspect.iscoroutinefunction(load):
            kind = "a coroutine function" if callable(load) else type(load).__name__
            raise ConfigurationError(
                "the loader of a key ring must be a synchronous function that returns the "
                f"document's text, got {kind}"
            )
        self._load: Callable[[], object] = load

    def read_state(self) -> Any:
        """Call the loader and return its document; raise CfsignError for any failure."""
        try:
            text = Secret(self._load())
        except CfsignError:
            raise
        except Exception as error:  # the site's function may raise anything
            # Its message is not repeated, because it may hold a secret.
            raise ConfigurationError(
                f"the loader of the key ring raised {type(error).__name__}",
                hint="see the __cause__ of this error",
            ) from error
        if not isinstance(text.reveal(), str | bytes):
            raise ConfigurationError(
                "the loader of the key ring must return the document's text, "
                f"got {type(text.reveal()).__name__}"
            )
        return text

    def read_pairs(self, state: Any) -> list[KeyPair]:
        """Parse the loaded document; raise ConfigurationError with every mistake."""
        return parse_pairs(state)


def build_source(source: object) -> RingSource:
    """Return the source of a ring from a setting; raise ConfigurationError for another type."""
    hidden: Any = hide(source)
    del source
    if isinstance(hidden.reveal(), str | os.PathLike):
        return DocumentFile(hidden)
    if callable(hidden.reveal()):
        return LoadedDocument(hidden.reveal())
    raise ConfigurationError(
        "a key ring must be the path of a document, or a function that returns its text, "
        f"got {type(hidden.reveal()).__name__}"
    )


def read_file_version(path: Path) -> object:
    """
    Return the version of the file at *path*, to compare with `==`.

    Two versions are equal only if the file was not replaced or written to in between.
    """
    try:
        status = stat(path)
    except (OSError, ValueError):
        return None
    if max(status.st_mtime, status.st_ctime) > time() - _TICK:
        return object()  # too recent to trust its timestamps: unequal to everything
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def find_last_change(paths: Iterable[Path]) -> int:
    """Return the time of the last change of any of the files, in epoch seconds; 0 without files."""
    latest = 0
    for path in paths:
        try:
            status = stat(path)
        except (OSError, ValueError):
            continue
        latest = max(latest, int(status.st_mtime), int(status.st_ctime))
    return latest
