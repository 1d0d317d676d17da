"""Key pairs, and the JSON document that lists them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cfsign.errors import CfsignError, ConfigurationError, Problem
from cfsign.keys import (
    AsyncPrivateKey,
    Password,
    PrivateKey,
    Source,
    Unpicklable,
    is_key_path,
    is_key_text,
    resolve_private_key,
)
from cfsign.keys.key_pair_id import check_key_pair_id
from cfsign.signing.signer import Signer, check_hash_algorithm
from cfsign.signing.times import Timestamp, parse_timestamp, to_epoch_seconds
from cfsign.utils.strict_json import StrictJSONError, parse_json

#: An example of a document, for error messages.
EXAMPLE = '{"keys": [{"key_pair_id": "K2JCJMDEHXQW5F", "private_key": "K2JCJMDEHXQW5F.pem"}]}'


@dataclass(frozen=True, slots=True)
class KeyPair(Unpicklable):
    """
    One key pair of a `KeyRing`.

    Attributes:
        key_pair_id: The ID of the public key in CloudFront, such as K2JCJMDEHXQW5F.
        private_key: A `PrivateKey`; a path, or the key itself as text or bytes; or `kms:` and the
            id, ARN or `alias/NAME` of a key in AWS KMS.
        active_from: When the key starts to sign: an aware datetime or epoch seconds; None for a
            key that is always active.
        password: The password of an encrypted key, or a function that returns it, which is called
            each time the ring reads the key.
        hash_algorithm: "SHA1" or "SHA256"; None uses the key's default, as in `Signer`.

    Raises:
        SigningKeyError: The id is not a key pair id.
        PolicyError: `active_from` or the hash algorithm is invalid.
    """

    key_pair_id: str
    private_key: PrivateKey | AsyncPrivateKey | Source = field(repr=False)
    active_from: Timestamp | None = None
    password: Password | None = field(default=None, repr=False)
    hash_algorithm: str | None = None

    def __post_init__(self) -> None:
        """Check everything except the key, which the ring reads repeatedly."""
        check_key_pair_id(self.key_pair_id)
        if is_key_path(self.private_key):
            # Absolute, because the ring reads it again, perhaps from another working directory.
            path = os.path.abspath(os.path.expanduser(self.private_key))
            object.__setattr__(self, "private_key", path)
        if self.active_from is not None:
            to_epoch_seconds(self.active_from, "active_from")
        if self.hash_algorithm is not None:
            check_hash_algorithm(self.hash_algorithm)

    @property
    def active_from_seconds(self) -> int:
        """`active_from` in epoch seconds; 0 for a key that is always active."""
        return 0 if self.active_from is None else to_epoch_seconds(self.active_from, "active_from")

    def load_signer(self) -> Signer:
        """
        Read the key and return its signer.

        Raises:
            SigningKeyError: The key cannot be used.
            KeyUnavailableError: AWS KMS is temporarily unable to sign with the key.
            PolicyError: The key does not support the hash algorithm.
        """
        key = self.load_key()
        signer = Signer(self.key_pair_id, key, hash_algorithm=self.hash_algorithm)
        if is_key_path(self.private_key) or is_key_text(self.private_key):
            # A trial signature: an error about a forbidden hash must not wait for a request.
            key.sign(b"", signer.hash_algorithm)
        return signer

    def load_key(self) -> PrivateKey | AsyncPrivateKey:
        """
        Read the key.

        Raises:
            SigningKeyError: The key cannot be used.
            KeyUnavailableError: AWS KMS is temporarily unable to sign with the key.
        """
        return resolve_private_key(self.private_key, self.password)


_FIELDS = tuple(KeyPair.__dataclass_fields__)


def parse_pairs(text: str | bytes, folder: Path | None = None) -> list[KeyPair]:
    r"""
    Parse a JSON document: an object with a list of key pairs under `keys`.

    Each pair has `key_pair_id` and `private_key`: a path, PEM with its newlines as `\n`, or `kms:`
    and the name of a key in AWS KMS. Optional are `active_from` (ISO 8601 with a UTC offset, or
    epoch seconds), `hash_algorithm` and `password`.

    Args:
        text: The document.
        folder: The folder of its relative paths; None is the working directory.

    Raises:
        ConfigurationError: The document is wrong. Lists all problems.
    """
    return build_pairs(parse_document(text)["keys"], folder)


def parse_document(text: str | bytes) -> dict[str, Any]:
    """
    Parse a JSON document and check that its `keys` are a list.

    Unknown members are kept, so that a program can write the document back.

    Raises:
        ConfigurationError: The text is not JSON, or not an object with a list under `keys`.
    """
    try:
        # Bytes may be UTF-8 with a byte-order mark, UTF-16 or UTF-32.
        document = parse_json(
            text if isinstance(text, str) else text.decode(json.detect_encoding(text))
        )
    except UnicodeDecodeError:
        problem = "it is not UTF-8"
    except StrictJSONError as error:
        problem = str(error)
    else:
        if isinstance(document, dict) and isinstance(document.get("keys"), list):
            return document
        raise ConfigurationError(
            "the key ring must be an object with a list of keys", hint=f"for example {EXAMPLE}"
        )
    has_pem = "BEGIN" in text if isinstance(text, str) else b"BEGIN" in text
    raise ConfigurationError(
        f"the key ring is not valid JSON: {problem}",
        hint="write the newlines of a PEM as \\n" if has_pem else "",
    )


def build_pairs(entries: Iterable[object], folder: Path | None = None) -> list[KeyPair]:
    """
    Build key pairs from the mappings of a document.

    Raises:
        ConfigurationError: The document is wrong. Lists all problems.
    """
    pairs: list[KeyPair] = []
    problems: list[Problem] = []
    for number, entry in enumerate(entries):
        try:
            pairs.append(_build_pair(entry, folder))
        except CfsignError as error:
            problems += list_problems(error, f"keys[{number}]")
    if problems:
        raise ConfigurationError(problems)
    return pairs


def list_problems(error: CfsignError, place: str) -> list[Problem]:
    """Return the problems of *error*, each with *place* in front of its setting."""
    if not isinstance(error, ConfigurationError):
        return [Problem(place, error.message, error.hint)]
    return [
        replace(problem, setting=", ".join(filter(None, (place, problem.setting))))
        for problem in error.problems
    ]


def _build_pair(entry: object, folder: Path | None) -> KeyPair:
    if isinstance(entry, KeyPair):
        return entry
    if not isinstance(entry, Mapping):
        raise ConfigurationError(
            "a key pair must be a mapping with key_pair_id and private_key, "
            f"got {type(entry).__name__}"
        )
    unknown = [str(name)[:40] for name in entry if name not in _FIELDS]
    missing = [name for name in ("key_pair_id", "private_key") if name not in entry]
    if unknown or missing:
        known = f"a key pair has {', '.join(_FIELDS)}"
        raise ConfigurationError(
            [Problem("", f"{name!r} is unknown", known) for name in unknown]
            + [Problem("", f"{name} is missing") for name in missing]
        )
    fields = dict(entry)
    key = fields["private_key"]
    if folder is not None and is_key_path(key):
        fields["private_key"] = folder / os.path.expanduser(key)
    if isinstance(fields.get("active_from"), str):
        fields["active_from"] = parse_timestamp(fields["active_from"], "active_from")
    return KeyPair(**fields)
