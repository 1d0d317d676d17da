"""The document of a key ring on disk, which a rotation reads and writes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cfsign.errors import ConfigurationError, Problem, SigningKeyError
from cfsign.keyring.document import EXAMPLE, KeyPair, build_pairs, parse_document
from cfsign.keyring.snapshot import find_conflicts
from cfsign.keyring.source import DocumentFile
from cfsign.provisioning.files import check_folder, replace_file, write_private_key
from cfsign.utils.secret import Secret


@dataclass(frozen=True, slots=True)
class RingFile:
    """
    A document `{"keys": [...]}`, each key with `key_pair_id`, `private_key` and `active_from`.

    Attributes:
        path: The path of the document.
    """

    path: Path

    @property
    def pending_key(self) -> Path:
        """The path of a new private key that is not in the document yet."""
        return self.path.with_name(f"{self.path.stem}-pending.pem")

    def build_key_path(self, key_pair_id: str) -> Path:
        """Return the path of the private key of *key_pair_id*, next to the document."""
        return self.path.with_name(f"{key_pair_id}.pem")

    def check_access(self) -> None:
        """
        Check that other users can change neither the document nor the files next to it.

        Raises:
            SigningKeyError: Other users can write to the folder, or the document is a link whose
                owner does not own the target.
        """
        # A folder that does not exist is reported when the document is read.
        folders = {self.path.parent, Path(os.path.realpath(self.path)).parent}
        for folder in folders:
            if folder.is_dir():
                check_folder(folder)
        if os.name == "posix" and self.path.is_symlink() and self.path.exists():
            owner = self.path.lstat().st_uid
            if owner not in (0, os.geteuid(), self.path.stat().st_uid):
                raise SigningKeyError(
                    f"the key ring {str(self.path)!r} is a link of the user with id {owner} to a "
                    "file of another user",
                    hint="name the file itself",
                    source=str(self.path),
                )

    def read_pairs(self, now: float) -> list[KeyPair]:
        """
        Return the document's key pairs, the oldest first.

        Args:
            now: The current time, in epoch seconds; one of the keys must be active.

        Raises:
            ConfigurationError: There is no document, or a site could not use it.
        """
        document = self._read()
        try:
            pairs = build_pairs(document.reveal()["keys"], self.path.parent)
        except ConfigurationError as error:
            raise self._build_error(error.problems) from None
        pairs.sort(key=lambda pair: pair.active_from_seconds)
        problems = find_conflicts(pairs, now)
        if problems:
            raise self._build_error(problems)
        return pairs

    def add(self, entry: dict[str, Any]) -> None:
        """Add a key, as `build_entry` returns it."""
        document = self._read()
        document.reveal()["keys"].append(entry)
        self._write(document)

    def remove(self, key_pair_id: str) -> None:
        """Remove a key from the document; its file stays."""
        document = self._read()
        document.reveal()["keys"][:] = [
            key for key in document.reveal()["keys"] if key.get("key_pair_id") != key_pair_id
        ]
        self._write(document)

    def create(self, key_pair_id: str, private_key: Path) -> None:
        """Create a document with one key that is always active."""
        entry = {"key_pair_id": key_pair_id, "private_key": str(private_key.absolute())}
        write_private_key(self.path, _format({"keys": [entry]}))

    def _read(self) -> Secret[dict[str, Any]]:
        if not self.path.exists():
            raise ConfigurationError(
                f"there is no key ring {str(self.path)!r}",
                hint=f"create it with the key that signs now: {EXAMPLE}",
            )
        try:
            return Secret(parse_document(DocumentFile(self.path).read()))
        except ConfigurationError as error:
            raise self._build_error(error.problems) from None

    def _write(self, document: Secret[dict[str, Any]]) -> None:
        # A link stays; the file that it names is replaced.
        path = Path(os.path.realpath(self.path))
        replace_file(path, _format(document.reveal()))

    def _build_error(self, problems: Iterable[Problem]) -> ConfigurationError:
        name = f"the key ring {str(self.path)!r}"
        return ConfigurationError(
            replace(each, setting=f"{name}: {each.setting}" if each.setting else name)
            for each in problems
        )


def _format(document: dict[str, Any]) -> Secret[str]:
    # Escaped to ASCII, because a lone surrogate has no UTF-8 form.
    return Secret(json.dumps(document, indent=2) + "\n")


def build_entry(
    predecessor: KeyPair, key_pair_id: str, key_file: Path, active_from: int
) -> dict[str, Any]:
    """
    Return the document's entry of the key that signs after *predecessor*.

    Args:
        predecessor: The key pair that signs now; the new one has its hash algorithm.
        key_pair_id: The new key's id.
        key_file: The new private key, next to the document.
        active_from: The time from which it signs, in epoch seconds.
    """
    start = datetime.fromtimestamp(active_from, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    entry = {"key_pair_id": key_pair_id, "private_key": key_file.name, "active_from": start}
    if predecessor.hash_algorithm is not None:
        entry["hash_algorithm"] = predecessor.hash_algorithm
    return entry
