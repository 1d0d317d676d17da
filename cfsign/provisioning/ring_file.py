"""The document of a key ring, as far as a rotation reads and writes it."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cfsign.errors import ConfigurationError
from cfsign.keyring.document import EXAMPLE, KeyPair, build_pairs, parse_document
from cfsign.keyring.snapshot import find_conflicts
from cfsign.keyring.source import DocumentFile
from cfsign.provisioning.files import replace_file, write_private_key


@dataclass(frozen=True, slots=True)
class RingFile:
    """
    A document `{"keys": [...]}`, each key with `key_pair_id`, `private_key` and `active_from`.

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

    def pairs(self, now: float) -> list[KeyPair]:
        """
        Return the document's key pairs, from the oldest to the newest.

        Args:
            now: The moment, in epoch seconds, at which one of them must be signing.

        Raises:
            ConfigurationError: There is no document, or a site would not take it.
        """
        document = self._document()
        try:
            pairs = sorted(build_pairs(document["keys"], self.path.parent), key=_start)
        except ConfigurationError as error:
            raise self._refused([str(problem) for problem in error.problems]) from None
        problems = [str(problem) for problem in find_conflicts(pairs, now)]
        if problems:
            raise self._refused(problems)
        return pairs

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

    def _document(self) -> dict[str, Any]:
        if not self.path.exists():
            raise ConfigurationError(
                f"there is no key ring {str(self.path)!r}; write it there, with the key that signs "
                f"now: {EXAMPLE}"
            )
        try:
            return parse_document(DocumentFile(self.path).read())
        except ConfigurationError as error:
            raise self._refused([str(problem) for problem in error.problems]) from None

    def _refused(self, problems: Sequence[str]) -> ConfigurationError:
        return ConfigurationError(
            [f"the key ring {str(self.path)!r}: {problem}" for problem in problems]
        )

    def _write(self, document: dict[str, Any]) -> None:
        # A link is followed: what it names is replaced, not the link.
        path = Path(os.path.realpath(self.path))
        # All escaped but ASCII: a lone surrogate could not be written otherwise.
        replace_file(path, json.dumps(document, indent=2) + "\n")


def successor(pair: KeyPair, key_pair_id: str, key_file: Path, start: int) -> dict[str, Any]:
    """
    Write the entry of the key that signs after *pair*, with its hash algorithm.

    Args:
        pair: The key pair that signs now.
        key_pair_id: The new key's id.
        key_file: Its private half, beside the document.
        start: From when it signs, in epoch seconds.
    """
    moment = datetime.fromtimestamp(start, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    entry = {"key_pair_id": key_pair_id, "private_key": key_file.name, "active_from": moment}
    if pair.hash_algorithm is not None:
        entry["hash_algorithm"] = pair.hash_algorithm
    return entry


def _start(pair: KeyPair) -> int:
    return pair.active_from_seconds
