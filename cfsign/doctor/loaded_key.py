"""The keys that a site holds: the one of its settings, or those of its key ring."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import Any

from cfsign.config.configuration import Configuration
from cfsign.doctor.settings import Settings
from cfsign.errors import CfsignError
from cfsign.keyring.document import KeyPair
from cfsign.keys import AsyncPrivateKey, PrivateKey, is_async, is_blocking, resolve_private_key


@dataclass(frozen=True, slots=True)
class HeldKey:
    """
    A key, loaded.

    Attributes:
        setting: The setting that it comes from, as its user knows it.
        key: The key.
        wanted_hash: The hash algorithm that was set, unchecked, or None.
        key_pair_id: Its id, which tells it from the others of a ring; "" where there is one alone.
    """

    setting: str
    key: PrivateKey | AsyncPrivateKey
    wanted_hash: object = None
    key_pair_id: str = ""

    @property
    def here(self) -> PrivateKey | None:
        """The key if it signs by computing; None if it waits for somebody, and is not tried."""
        return None if is_async(self.key) or is_blocking(self.key) else self.key

    def named(self, what: str) -> str:
        """Return what was found with the id in front, where there are several keys."""
        return f"{self.key_pair_id}: {what}" if self.key_pair_id else what


def key_of(
    settings: Settings, configuration: Configuration | None, settled: Set[str]
) -> Iterator[HeldKey]:
    """
    Yield the key that the settings name, be it that the configuration as a whole is wrong.

    Args:
        settings: The settings.
        configuration: What they came to; None if they are at fault.
        settled: The settings of which an error is told already.
    """
    source: Any = settings.values.get("private_key")
    if source is None or settings.shown("private_key") in settled:
        return
    key = None if configuration is None else configuration.private_key
    if key is None:
        try:
            key = resolve_private_key(source, settings.values.get("password"))
        except CfsignError:  # which the settings' own check has told
            return
    yield HeldKey(settings.shown("private_key"), key, settings.values.get("hash_algorithm"))


def keys_of_ring(setting: str, pairs: list[KeyPair]) -> Iterator[HeldKey]:
    """Yield the keys of a ring that can be read."""
    for pair in pairs:
        try:
            key = pair.load_key()
        except CfsignError:  # which the settings' own check has told
            continue
        yield HeldKey(setting, key, pair.hash_algorithm, pair.key_pair_id)
