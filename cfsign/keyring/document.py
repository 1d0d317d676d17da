"""The document of a key ring: which key pairs there are, as JSON or as settings list them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cfsign.errors import CfsignError, ConfigurationError
from cfsign.keyring.key_pair import KeyPair, names_file
from cfsign.signing.times import moment_from_text

_NAMES = tuple(KeyPair.__dataclass_fields__)

#: What a document looks like.
SHAPE = '{"keys": [{"key_pair_id": "K2JCJMDEHXQW5F", "private_key": "K2JCJMDEHXQW5F.pem"}]}'


def parse_pairs(text: str | bytes, folder: Path | None = None) -> list[KeyPair]:
    r"""
    Read a JSON document: an object whose `keys` is a list of key pairs.

    Each has `key_pair_id` and `private_key` (a path, PEM with its newlines as `\n`, or `kms:` and
    the name of a key in AWS KMS), and may have `active_from` (ISO 8601 with a zone, or epoch
    seconds), `hash_algorithm` and `password`.

    Args:
        text: The document.
        folder: Where its paths start; None is the working directory.

    Raises:
        ConfigurationError: Every mistake, at once.
    """
    return read_pairs(parse_document(text)["keys"], folder)


def parse_document(text: str | bytes) -> dict[str, Any]:
    """
    Read a JSON document as far as that its `keys` are a list; raises ConfigurationError.

    What else is in it stays in it, for whoever writes it back.
    """
    document = _parse(text)
    if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
        raise ConfigurationError(f"a key ring is an object with a list of keys, such as {SHAPE}")
    return document


def read_pairs(entries: Iterable[object], folder: Path | None = None) -> list[KeyPair]:
    """
    Read key pairs from mappings with the names of a document.

    Raises:
        ConfigurationError: Every mistake, at once.
    """
    pairs, problems = [], []
    for number, entry in enumerate(entries):
        try:
            pairs.append(_pair(entry, folder))
        except CfsignError as error:
            problems.append(f"keys[{number}]: {error}")
    if problems:
        raise ConfigurationError(problems)
    return pairs


def _parse(text: str | bytes) -> object:
    data = b""
    try:
        # As bytes the encoding, and a byte-order mark, are JSON's own affair.
        data = text.encode("utf-8") if isinstance(text, str) else text
        return json.loads(data, object_pairs_hook=_object)
    except ConfigurationError:
        raise
    except json.JSONDecodeError as error:
        # Without the error itself, which holds the document.
        problem = f"{error.msg}, line {error.lineno}, column {error.colno}"
    except UnicodeError:
        problem = "it is not UTF-8"
    except (ValueError, RecursionError):
        problem = "a number too long, or lists too deep"
    hint = "; a PEM in it has its newlines written as \\n" if b"BEGIN" in data else ""
    raise ConfigurationError(f"the document is no JSON ({problem}){hint}")


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        raise ConfigurationError("an object has a name twice, of which JSON readers take either")
    return found


def _pair(entry: object, folder: Path | None) -> KeyPair:
    if isinstance(entry, KeyPair):
        return entry
    if not isinstance(entry, Mapping):
        raise ConfigurationError(
            f"a key pair is a mapping with key_pair_id and private_key, not {type(entry).__name__}"
        )
    unknown = [str(name)[:40] for name in entry if name not in _NAMES]
    missing = [name for name in ("key_pair_id", "private_key") if name not in entry]
    if unknown or missing:
        raise ConfigurationError(
            [f"{name!r} is unknown; a key pair has {', '.join(_NAMES)}" for name in unknown]
            + [f"{name} is missing" for name in missing]
        )
    fields = dict(entry)
    key = fields["private_key"]
    if folder is not None and names_file(key):
        fields["private_key"] = folder / os.path.expanduser(key)
    if isinstance(fields.get("active_from"), str):
        fields["active_from"] = moment_from_text(fields["active_from"], "active_from")
    return KeyPair(**fields)
