"""The settings of a local edge: its public keys, and its cache behaviors in order."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from cfsign.checking.key_group import KeySource, TrustedKeyGroup
from cfsign.edge import Behavior, ResponseHeadersPolicy
from cfsign.edge.behaviors import METHODS
from cfsign.errors import ConfigurationError
from cfsign.utils.files import read_file
from cfsign.utils.strict_json import parse_json


class BehaviorSettings(NamedTuple):
    """
    One behavior of the command line or of a file.

    Attributes:
        pattern: The path pattern.
        ids: The ids of the keys that may sign for it; None makes the paths open.
        allowed_methods: The HTTP methods; None is the default of `Settings.load`.
    """

    pattern: str
    ids: Sequence[str] | None
    allowed_methods: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """
    The keys and the behaviors of a local edge.

    Attributes:
        trusted_keys: The keys for all paths that match no behavior; None makes these paths open.
        behaviors: The behaviors with a path pattern, in order of precedence.
    """

    trusted_keys: TrustedKeyGroup | None
    behaviors: tuple[Behavior, ...] = ()

    @classmethod
    def load(
        cls,
        keys: Mapping[str, KeySource],
        behaviors: Sequence[BehaviorSettings],
        allowed_methods: Sequence[str] = METHODS,
    ) -> Settings:
        """
        Load the public keys and assign them to the behaviors.

        Args:
            keys: The public key (a path, or PEM) of each key pair id.
            behaviors: The behaviors, in order of precedence.
            allowed_methods: The HTTP methods of behaviors that name none.

        Raises:
            ConfigurationError: There is no key, or a behavior names an unknown id.
            SigningKeyError: A key is not valid.
        """
        is_all_open = bool(behaviors) and all(each.ids is None for each in behaviors)
        if not keys and not (is_all_open and behaviors[-1].pattern in ("*", "/*")):
            raise ConfigurationError("there is no public key", hint="add --public-key ID=FILE")
        return cls(
            trusted_keys=TrustedKeyGroup(keys) if keys else None,
            behaviors=tuple(
                Behavior(
                    pattern,
                    None if ids is None else _build_group(pattern, ids, keys),
                    allowed_methods if methods is None else methods,
                )
                for pattern, ids, methods in behaviors
            ),
        )


def _build_group(
    pattern: str, ids: Sequence[str], keys: Mapping[str, KeySource]
) -> TrustedKeyGroup:
    if not ids:
        raise ConfigurationError(
            f"the behavior {pattern!r} has no key", hint="list the ids of its keys"
        )
    for key_pair_id in ids:
        if key_pair_id not in keys:
            raise ConfigurationError(
                f"the behavior {pattern!r} names {key_pair_id!r}, which has no public key",
                hint="add the key, or use the id of another one",
            )
    return TrustedKeyGroup({key_pair_id: keys[key_pair_id] for key_pair_id in ids})


def read_config(
    path: Path,
) -> tuple[dict[str, KeySource], list[BehaviorSettings]]:
    """
    Read keys and behaviors from a TOML file, or from a JSON file of the same structure.

    Args:
        path: The file, named *.toml or *.json; paths of keys in it are relative to its folder.

    Returns:
        The arguments of `Settings.load`.

    Raises:
        ConfigurationError: The file cannot be read, or a member is unknown or of the wrong type.
    """
    config = _check_table(_parse(path), {"keys", "behaviors"}, path.name)
    keys = config.get("keys", {})
    behaviors = config.get("behaviors", [])
    if not isinstance(keys, Mapping) or not all(isinstance(file, str) for file in keys.values()):
        raise ConfigurationError(f'{path.name}: keys must be a table: ID = "public_key.pem"')
    if not isinstance(behaviors, list):
        raise ConfigurationError(f"{path.name}: behaviors must be a list of tables")
    sources: dict[str, KeySource] = {name: path.parent / file for name, file in keys.items()}
    return sources, [_read_behavior(path, behavior) for behavior in behaviors]


def read_response_headers(path: Path) -> ResponseHeadersPolicy:
    """Read a response headers policy from a file in the JSON of the AWS CLI."""
    return ResponseHeadersPolicy.from_config(_parse(path))


def _parse(path: Path) -> Any:
    parsers: dict[str, Callable[[str], Any]] = {".toml": tomllib.loads, ".json": parse_json}
    parse = parsers.get(path.suffix)
    if parse is None:
        raise ConfigurationError(f"{path.name}: the file name must end in .toml or .json")
    try:
        return parse(read_file(path).decode("utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        kind = path.suffix[1:].upper()
        raise ConfigurationError(f"{path.name} is not valid {kind}: {error}") from None


def _read_behavior(path: Path, behavior: object) -> BehaviorSettings:
    names = ("pattern", "keys", "open", "allowed_methods")
    members = _check_table(behavior, set(names), f"{path.name}: a behavior")
    pattern, ids, is_open, methods = (members.get(name) for name in names)
    # Exactly one of `keys` and `open`, so that no path is open by mistake.
    if not isinstance(pattern, str) or (is_open is True) is (ids is not None):
        raise ConfigurationError(
            f'{path.name}: a behavior must have a pattern, and keys = ["ID"] or open = true'
        )
    if ids is not None and not _is_list_of_texts(ids):
        raise ConfigurationError(f"{path.name}: keys of {pattern!r} must be a list of ids")
    if methods is not None and not _is_list_of_texts(methods):
        raise ConfigurationError(
            f"{path.name}: allowed_methods of {pattern!r} must be a list of HTTP methods"
        )
    return BehaviorSettings(pattern, ids, methods)


def _is_list_of_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _check_table(value: object, known: set[str], name: str) -> Mapping[str, Any]:
    allowed = ", ".join(sorted(known))
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"{name} must be a table with the members {allowed}")
    for member in value:
        if member not in known:
            raise ConfigurationError(
                f"{name} has an unknown member {member!r}", hint=f"use {allowed}"
            )
    return value
