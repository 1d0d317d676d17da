"""Key pairs, and the JSON document that lists them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
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
from cfsign.keys.hash_algorithm import check_hash_algorithm
from cfsign.keys.key_pair_id import check_key_pair_id
from cfsign.signing.signer import Signer
from cfsign.signing.times import Timestamp, parse_timestamp, to_epoch_seconds
from cfsign.utils.description import describe_name
from cfsign.utils.secret import Secret, hide, hide_arguments
from cfsign.utils.strict_json import StrictJSONError, parse_json

#: An example of a document, for error messages.
EXAMPLE = '{"keys": [{"key_pair_id": "K2JCJMDEHXQW5F", "private_key": "K2JCJMDEHXQW5F.pem"}]}'


@dataclass(frozen=True, slots=True, init=False, repr=False)
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
    private_key: PrivateKey | AsyncPrivateKey | Source
    active_from: Timestamp | None = None
    password: Password | None = None
    hash_algorithm: str | None = None

    @hide_arguments
    def __init__(
        self,
        key_pair_id: str,
        private_key: PrivateKey | AsyncPrivateKey | Source,
        active_from: Timestamp | None = None,
        password: Password | None = None,
        hash_algorithm: str | None = None,
    ) -> None:
        """Check everything except the key, which the ring reads repeatedly."""
        if is_key_path(private_key):
            # Absolute, because the ring reads it again, perhaps from another working directory.
            private_key = os.path.abspath(os.path.expanduser(private_key))
        set_field = partial(object.__setattr__, self)
        set_field("key_pair_id", check_key_pair_id(key_pair_id))
        set_field("private_key", private_key)
        set_field("active_from", active_from)
        set_field("password", password)
        set_field("hash_algorithm", hash_algorithm)
        if self.active_from is not None:
            to_epoch_seconds(self.active_from, "active_from")
        if self.hash_algorithm is not None:
            check_hash_algorithm(self.hash_algorithm)

    def __repr__(self) -> str:
        # A field is missing in the report of an error of __init__.
        names = ("key_pair_id", "active_from", "hash_algorithm")
        fields = (f"{name}={getattr(self, name)!r}" for name in names if hasattr(self, name))
        return f"KeyPair({', '.join(fields)})"

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
    hidden: Any = hide(text)
    del text
    return build_pairs(hide(parse_document(hidden)["keys"]), folder)  # type: ignore[arg-type]  # a Secret is accepted


def parse_document(text: str | bytes) -> dict[str, Any]:
    """
    Parse a JSON document and check that its `keys` are a list.

    Unknown members are kept, so that a program can write the document back.

    Raises:
        ConfigurationError: The text is not JSON, or not an object with a list under `keys`.
    """
    hidden = hide(text)
    del text
    document, problem = _read_json(hidden)
    if problem:
        has_pem = (b"BEGIN" if isinstance(hidden.reveal(), bytes) else "BEGIN") in hidden.reveal()
        raise ConfigurationError(
            f"the key ring is not valid JSON: {problem}",
            hint="write the newlines of a PEM as \\n" if has_pem else "",
        )
    if isinstance(document, dict) and isinstance(document.get("keys"), list):
        return document
    del document
    raise ConfigurationError(
        "the key ring must be an object with a list of keys", hint=f"for example {EXAMPLE}"
    )


def _read_json(text: Secret[str | bytes]) -> tuple[Any, str]:
    """Return the value and "", or None and what is wrong: the errors' frames have the text."""
    content = text.reveal()
    try:
        # Bytes may be UTF-8, UTF-16 or UTF-32. Both bytes and text may have a byte-order mark.
        if isinstance(content, bytes):
            content = content.decode(json.detect_encoding(content))
        return parse_json(content.removeprefix("\ufeff")), ""
    except UnicodeDecodeError:
        return None, "it is not UTF-8"
    except StrictJSONError as error:
        return None, str(error)


def build_pairs(entries: Iterable[object], folder: Path | None = None) -> list[KeyPair]:
    """
    Build key pairs from the mappings of a document.

    Raises:
        ConfigurationError: The document is wrong. Lists all problems.
    """
    hidden = hide(entries)
    del entries
    pairs: list[KeyPair] = []
    problems: list[Problem] = []
    for number, entry in enumerate(map(Secret, hidden.reveal())):
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


def _build_pair(entry: Secret[Any], folder: Path | None) -> KeyPair:
    if isinstance(entry.reveal(), KeyPair):
        pair: KeyPair = entry.reveal()
        return pair
    if not isinstance(entry.reveal(), Mapping):
        raise ConfigurationError(
            "a key pair must be a mapping with key_pair_id and private_key, "
            f"got {type(entry.reveal()).__name__}"
        )
    unknown = [describe_name(name) for name in entry.reveal() if name not in _FIELDS]
    missing = [name for name in ("key_pair_id", "private_key") if name not in entry.reveal()]
    if unknown or missing:
        known = f"a key pair has {', '.join(_FIELDS)}"
        raise ConfigurationError(
            [Problem("", f"{name} is unknown", known) for name in unknown]
            + [Problem("", f"{name} is missing") for name in missing]
        )
    fields = Secret(dict(entry.reveal()))
    key = Secret(entry.reveal()["private_key"])
    if folder is not None and is_key_path(key.reveal()):
        fields.reveal()["private_key"] = folder / os.path.expanduser(key.reveal())
    active_from = entry.reveal().get("active_from")
    if isinstance(active_from, str):
        fields.reveal()["active_from"] = parse_timestamp(active_from, "active_from")
    return KeyPair(**fields.reveal())
