"""Where a key ring's pairs come from, and how to see, for a `stat` or less, that they changed."""

from __future__ import annotations

import inspect
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

from cfsign.errors import CfsignError, ConfigurationError
from cfsign.keyring.document import parse_pairs, read_pairs
from cfsign.keyring.key_pair import KeyPair

Loader = Callable[[], str | bytes]

#: Five keys a group, of a few KB each: what is larger is no key ring.
_MAX_BYTES = 1024 * 1024

# A file that is written twice within one tick of the file system's clock may show no difference.
# FAT's tick is the longest, two seconds.
_TICK = 2


class RingSource(ABC):
    """
    What a ring reads again.

    Attributes:
        name: What to call it in a message.
        files: The files that it is read from, but for the keys'.
    """

    name: str
    files: tuple[Path, ...] = ()

    @abstractmethod
    def state(self) -> Any:
        """Return what compares unequal once the source has changed."""

    @abstractmethod
    def pairs(self, state: Any) -> list[KeyPair]:
        """Read the key pairs of the source that was in *state* or has changed since."""


class ListedPairs(RingSource):
    """Key pairs that the program gave; only their key files can change."""

    name = "key ring"

    def __init__(self, pairs: Collection[KeyPair]) -> None:
        if not isinstance(pairs, list | tuple | set | frozenset):
            raise ConfigurationError(
                "a key ring is made of a list of KeyPairs, or by KeyRing.from_file(path) or "
                f"KeyRing.from_loader(function), not of {type(pairs).__name__}"
            )
        self._pairs = read_pairs(pairs)

    def state(self) -> Any:
        """Return nothing: it never changes."""
        return None

    def pairs(self, state: Any) -> list[KeyPair]:
        """Return the pairs."""
        return self._pairs


class DocumentFile(RingSource):
    """A JSON document on disk."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        if not isinstance(path, str | os.PathLike):
            raise ConfigurationError(f"a key ring's file is a path, not {type(path).__name__}")
        # Kept as it is now: a program may change its working directory.
        self._path = Path(os.path.abspath(os.path.expanduser(path)))
        self.name = f"key ring {str(self._path)!r}"
        self.files = (self._path,)

    def state(self) -> Any:
        """Return the file's mark."""
        return mark(self._path)

    def pairs(self, state: Any) -> list[KeyPair]:
        """Read the file; raises ConfigurationError."""
        return parse_pairs(self.read(), self._path.parent)

    def read(self) -> bytes:
        """Return what is in the file; raises ConfigurationError."""
        try:
            with self._path.open("rb") as file:
                data = file.read(_MAX_BYTES + 1)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "unusable"
            raise ConfigurationError(
                f"the file cannot be read ({reason}); check the path and who may read it"
            ) from None
        if len(data) > _MAX_BYTES:
            raise ConfigurationError("the file is over 1 MiB, as no key ring is; check the path")
        return data


class LoadedDocument(RingSource):
    """A JSON document that a function gives, such as one that asks a secret store."""

    name = "key ring of a loader"

    def __init__(self, load: Loader) -> None:
        _check_loader(load)
        self._load = load

    def state(self) -> Any:
        """Return the document itself; raises CfsignError, whatever the loader raises."""
        try:
            text = self._load()
        except CfsignError:
            raise
        except Exception as error:
            # Its message is not repeated: nobody knows what a loader puts into it.
            raise ConfigurationError(
                f"the key ring's loader raised {type(error).__name__}, this error's __cause__"
            ) from error
        if not isinstance(text, str | bytes):
            raise ConfigurationError(
                f"the key ring's loader returned {type(text).__name__}, not the document's text"
            )
        return text

    def pairs(self, state: Any) -> list[KeyPair]:
        """Parse what was loaded; raises ConfigurationError."""
        return parse_pairs(state)


def _check_loader(load: object) -> None:
    if not callable(load) or inspect.iscoroutinefunction(load):
        raise ConfigurationError(
            "a key ring's loader is a function, and not an asynchronous one, that returns the "
            f"document's text; this is of type {type(load).__name__}"
        )


def mark(path: Path) -> object:
    """Return what compares unequal once the file at *path* is another or has been written to."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    if max(found.st_mtime, found.st_ctime) > time.time() - _TICK:
        return object()  # equal to nothing: look again
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def last_change(paths: Iterable[Path]) -> int:
    """Return when, in epoch seconds, one of the files last changed; 0 if there is none."""
    latest = 0
    for path in paths:
        try:
            found = path.stat()
        except (OSError, ValueError):
            continue
        latest = max(latest, int(found.st_mtime), int(found.st_ctime))
    return latest
