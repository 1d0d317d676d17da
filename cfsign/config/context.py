"""The context of the checks of settings: the settings, the key ring and the private keys."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from cfsign.config.settings import Settings
from cfsign.errors import CfsignError
from cfsign.keyring.document import KeyPair
from cfsign.keyring.source import ListedPairs, RingSource, build_source
from cfsign.keys import is_key_path

#: The name of a folder whose files the site serves to the public, and its path.
PublicFolder = tuple[str, str | os.PathLike[str]]


@dataclass(frozen=True, slots=True)
class Ring:
    """
    The key ring that settings name; its private keys are not loaded.

    Attributes:
        setting: The setting that names it, "keys" or "key_ring".
        documents: The files that list its key pairs.
        pairs: The key pairs, the oldest first.
    """

    setting: str
    documents: tuple[Path, ...]
    pairs: tuple[KeyPair, ...]


@dataclass(frozen=True, slots=True)
class GivenKey:
    """
    A key pair of the settings, unchecked.

    Attributes:
        id_setting: The setting that gives its id.
        key_setting: The setting that gives its private key.
        key_pair_id: The id, or None.
        private_key: The private key: a path, the key itself, or an object; or None.
        prefix: How a message about the key starts: with its id, if it is one of several.
    """

    id_setting: str
    key_setting: str
    key_pair_id: object = field(repr=False)
    private_key: object = field(repr=False)
    prefix: str = ""

    @property
    def file(self) -> Path | None:
        """The file with the private key; None if the file is missing or the key is not in one."""
        return find_file(self.private_key)


@dataclass(frozen=True, slots=True)
class Context:
    """
    The settings and files that the rules examine.

    Attributes:
        settings: The settings.
        ring: The key ring that they name, or None.
        keys: The one key pair, or those of the ring.
        public_folders: The folders whose files the site serves to the public.
    """

    settings: Settings
    ring: Ring | None
    keys: tuple[GivenKey, ...]
    public_folders: tuple[PublicFolder, ...]


def load_ring(settings: Settings) -> Ring | None:
    """Return the key ring in *settings*; None without one, or if it cannot be read."""
    try:
        if "keys" in settings.values:
            setting: str = "keys"
            source: RingSource = ListedPairs(settings.values["keys"])
        elif "key_ring" in settings.values:
            setting, source = "key_ring", build_source(settings.values["key_ring"])
        else:
            return None
        pairs = source.read_pairs(source.read_state())
    except CfsignError:  # reported by the check of the setting itself
        return None
    return Ring(
        setting, source.files, tuple(sorted(pairs, key=lambda pair: pair.active_from_seconds))
    )


def find_file(source: object) -> Path | None:
    """Return the file that *source* names; None if it is not a path, or there is no such file."""
    if not is_key_path(source):
        return None
    try:
        path = Path(os.path.expanduser(source.strip() if isinstance(source, str) else source))
        return path if path.is_file() else None
    except (OSError, ValueError):  # such as a damaged key, which is not a path
        return None
