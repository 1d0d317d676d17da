"""What a local edge is told: its keys, and its behaviours in their order."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cfsign.checking.key_group import KeySource, TrustedKeyGroup
from cfsign.edge import Behavior, ResponseHeadersPolicy
from cfsign.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Settings:
    """
    The keys and the behaviours of a local edge.

    Attributes:
        trusted_keys: Who may sign for what no behaviour is for; None opens all of that.
        behaviors: Those with a path pattern, in their order.
    """

    trusted_keys: TrustedKeyGroup | None
    behaviors: tuple[Behavior, ...] = ()

    @classmethod
    def make(
        cls, keys: Mapping[str, KeySource], behaviors: Sequence[tuple[str, Sequence[str] | None]]
    ) -> Settings:
        """
        Load the keys and give each behaviour its own.

        Args:
            keys: For each key pair id, the public key: a path, or PEM.
            behaviors: For each pattern, the ids that may sign for it, or None where it is open.

        Raises:
            ConfigurationError: There is no key, or a behaviour names one that is not there.
            SigningKeyError: A key cannot be used.
        """
        is_all_open = bool(behaviors) and all(ids is None for _, ids in behaviors)
        if not keys and not (is_all_open and behaviors[-1][0] in ("*", "/*")):
            raise ConfigurationError("give at least one public key: --public-key ID=FILE")
        return cls(
            trusted_keys=TrustedKeyGroup(keys) if keys else None,
            behaviors=tuple(
                Behavior(pattern, None if ids is None else _group(pattern, ids, keys))
                for pattern, ids in behaviors
            ),
        )


def _group(pattern: str, ids: Sequence[str], keys: Mapping[str, KeySource]) -> TrustedKeyGroup:
    unknown = [name for name in ids if name not in keys]
    if unknown or not ids:
        found = f"names {unknown[0]!r}, which is no key that was given" if unknown else "has no key"
        raise ConfigurationError(f"the behaviour {pattern!r} {found}; give the ids of public keys")
    return TrustedKeyGroup({name: keys[name] for name in ids})


def read_config(
    path: Path,
) -> tuple[dict[str, KeySource], list[tuple[str, Sequence[str] | None]]]:
    """
    Read keys and behaviours from a file: TOML, or JSON of the same shape.

    Args:
        path: The file, whose name ends in .toml or .json; keys' paths are relative to its folder.

    Returns:
        The keys and behaviours, as `Settings.make` takes them.

    Raises:
        ConfigurationError: The file cannot be read, or something in it is not understood.
    """
    config = _table(_parsed(path), {"keys", "behaviors"}, path.name)
    keys = config.get("keys", {})
    behaviors = config.get("behaviors", [])
    if not isinstance(keys, Mapping) or not all(isinstance(file, str) for file in keys.values()):
        raise ConfigurationError(f'{path.name}: keys is a table: ID = "public_key.pem"')
    if not isinstance(behaviors, list):
        raise ConfigurationError(f"{path.name}: behaviors is a list of tables")
    sources: dict[str, KeySource] = {name: path.parent / file for name, file in keys.items()}
    return sources, [_behavior(path, each) for each in behaviors]


def read_response_headers(path: Path) -> ResponseHeadersPolicy:
    """Read a response-headers policy, as the AWS command line writes and takes it."""
    return ResponseHeadersPolicy.from_config(_parsed(path))


def _parsed(path: Path) -> Any:
    parse = {".toml": tomllib.loads, ".json": json.loads}.get(path.suffix)
    if parse is None:
        raise ConfigurationError(f"{path.name}: the name must end in .toml or .json")
    try:
        return parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path.name} is not {path.suffix[1:].upper()}: {error}") from None


def _behavior(path: Path, behavior: object) -> tuple[str, Sequence[str] | None]:
    members = _table(behavior, {"pattern", "keys", "open"}, f"{path.name}: a behavior")
    pattern, ids, is_open = (members.get(name) for name in ("pattern", "keys", "open"))
    is_list = isinstance(ids, list) and all(isinstance(name, str) for name in ids)
    # One of the two and not both, so that nothing is open by an oversight.
    if not isinstance(pattern, str) or (is_open is True) is (ids is not None):
        raise ConfigurationError(
            f'{path.name}: a behavior has a pattern, and keys = ["ID"] or open = true'
        )
    if ids is not None and not is_list:
        raise ConfigurationError(f"{path.name}: the keys of {pattern!r} are a list of ids")
    return pattern, ids


def _table(value: object, known: set[str], name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"{name} is a table of {', '.join(sorted(known))}")
    for key in value:
        if key not in known:
            raise ConfigurationError(f"{name} has {key!r}; it takes {', '.join(sorted(known))}")
    return value
