"""The document of a key ring, as far as a rotation reads and writes it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cfsign.errors import CfsignError, ConfigurationError
from cfsign.provisioning.files import replace_file, write_private_key
from cfsign.signer import check_key_pair_id
from cfsign.times import epoch_seconds

_SHAPE = (
    '{"keys": [{"key_pair_id": "K2JCJMDEHXQW5F", "private_key": "K2JCJMDEHXQW5F.pem"}]}, '
    "with the key that signs now"
)


@dataclass(frozen=True, slots=True)
class RingFile:
    """
    A document `{"keys": [...]}`, each key with `key_pair_id`, `private_key` and `signs_from`.

    Attributes:
        path: Where it is.
    """

    path: Path

    @property
    def pending(self) -> Path:
        """The private key of which the document knows nothing yet, beside it."""
        return self.path.with_name(f"{self.path.stem}-pending.pem")

    def key_file(self, key_pair_id: str) -> Path:
        """Return where the private key of that id goes: beside the document."""
        return self.path.with_name(f"{key_pair_id}.pem")

    def entries(self) -> list[dict[str, Any]]:
        """
        Return the document's keys, from the oldest to the newest.

        Raises:
            ConfigurationError: There is no document, or it is not understood.
        """
        keys = self._document()["keys"]
        try:
            starts = [signs_from(key) for key in keys]
            ids = [check_key_pair_id(key.get("key_pair_id")) for key in keys]
        except CfsignError as error:
            raise ConfigurationError(f"the key ring {str(self.path)!r}: {error}") from None
        if not keys or len(set(starts)) < len(keys) or len(set(ids)) < len(keys):
            raise ConfigurationError(
                f"the key ring {str(self.path)!r} has no key, a key twice, or two that sign from "
                "the same moment; give each its own signs_from"
            )
        return sorted(keys, key=signs_from)

    def add(self, entry: dict[str, Any]) -> None:
        """Add a key, as `successor` makes it."""
        document = self._document()
        document["keys"].append(entry)
        self._write(document)

    def remove(self, key_pair_id: str) -> None:
        """Take a key out of the document; its file stays."""
        document = self._document()
        document["keys"] = [
            key for key in document["keys"] if key.get("key_pair_id") != key_pair_id
        ]
        self._write(document)

    def create(self, key_pair_id: str, private_key: Path) -> None:
        """Make a document with one key that signs from the start."""
        entry = {"key_pair_id": key_pair_id, "private_key": str(private_key.absolute())}
        write_private_key(self.path, json.dumps({"keys": [entry]}, indent=2) + "\n")

    def path_of(self, key: dict[str, Any]) -> Path | None:
        """Return the file of a key's private half, or None if the document itself holds it."""
        source = key.get("private_key")
        try:
            path = self.path.parent / source if isinstance(source, str) else self.path.parent
            return path if path.is_file() else None
        except (OSError, ValueError):  # the key itself, which is no path
            return None

    def _document(self) -> dict[str, Any]:
        name = str(self.path)
        try:
            document = json.loads(self.path.read_bytes())
        except FileNotFoundError:
            raise ConfigurationError(
                f"there is no key ring {name!r}; write it there: {_SHAPE}"
            ) from None
        except OSError as error:
            raise ConfigurationError(
                f"the key ring {name!r} cannot be read ({error.strerror}); check who may read it"
            ) from None
        except (ValueError, RecursionError):  # without the error, which holds the document
            raise ConfigurationError(f"the key ring {name!r} is no JSON; write {_SHAPE}") from None
        keys = document.get("keys") if isinstance(document, dict) else None
        if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
            raise ConfigurationError(f"the key ring {name!r} is of another shape; write {_SHAPE}")
        return document  # type: ignore[no-any-return]  # JSON

    def _write(self, document: dict[str, Any]) -> None:
        # A link is followed: what it names is replaced, not the link.
        path = Path(os.path.realpath(self.path))
        replace_file(path, json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def successor(key: dict[str, Any], key_pair_id: str, key_file: Path, start: int) -> dict[str, Any]:
    """
    Write the key that signs after *key*, with its hash algorithm.

    Args:
        key: The key that signs now.
        key_pair_id: The new key's id.
        key_file: Its private half, beside the document.
        start: From when it signs, in epoch seconds.
    """
    moment = datetime.fromtimestamp(start, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    entry = {"key_pair_id": key_pair_id, "private_key": key_file.name, "signs_from": moment}
    if "hash_algorithm" in key:
        entry["hash_algorithm"] = key["hash_algorithm"]
    return entry


def signs_from(key: dict[str, Any]) -> int:
    """Return from when a key signs, in epoch seconds; 0 for one that always has."""
    moment = key.get("signs_from")
    if moment is None:
        return 0
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError:
            raise ConfigurationError("a signs_from is no time, such as 2026-01-31T12:00Z") from None
    return epoch_seconds(moment, "signs_from")
