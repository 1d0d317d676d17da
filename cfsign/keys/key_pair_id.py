"""Key pair ids: CloudFront's ids of public keys."""

from __future__ import annotations

import os
import re
from typing import cast

from cfsign import limits
from cfsign.errors import SigningKeyError
from cfsign.keys.source import is_key_path
from cfsign.utils.secret import Secret

# Ids that CloudFront has given so far. Other text may be a secret, and is not shown.
_LIKE_AN_ID = r"(?:K|E|APKA)(?=.*[0-9])[A-Z0-9]{9,20}"

_HINT = "use the ID of the public key in CloudFront, such as K2JCJMDEHXQW5F"


def check_key_pair_id(key_pair_id: object) -> str:
    """
    Return *key_pair_id* if CloudFront can have a public key with this id.

    Raises:
        SigningKeyError: The id is not text, is empty, has another form, or is the id of a key
            group or an AWS access key.
    """
    problem, hint = _find_problem(key_pair_id)
    if problem:
        # The value is not shown, nor in error reports: people have pasted the key itself here.
        del key_pair_id
        raise SigningKeyError(problem, hint=hint)
    # Plain str: a member of a str enumeration would be formatted as its name.
    return str.__str__(cast(str, key_pair_id))


def find_key_pair_id(source: Secret[object]) -> str:
    """Return the id in the name of a key's file, such as pk-ID.pem or ID.pem, else ""."""
    if not is_key_path(source.reveal()):
        return ""
    name = os.path.basename(os.fsdecode(cast(str, source.reveal())))
    match = re.fullmatch(rf"(?:pk-)?({_LIKE_AN_ID})\.pem", name)
    return match[1] if match else ""


def _find_problem(key_pair_id: object) -> tuple[str, str]:
    if not isinstance(key_pair_id, str):
        return f"the key pair id must be text, got {type(key_pair_id).__name__}", ""
    if not key_pair_id:
        return "the key pair id is empty", _HINT
    if re.fullmatch(limits.KEY_GROUP_ID, key_pair_id):
        return (
            f"the key pair id {key_pair_id} is the ID of a key group (a UUID)",
            "use the ID of a public key in that group, such as K2JCJMDEHXQW5F",
        )
    if re.fullmatch(limits.ACCESS_KEY_ID, key_pair_id):
        return (
            f"the key pair id {key_pair_id[:4]}... is an AWS access key id, not a key pair id",
            _HINT,
        )
    if key_pair_id.lower() in limits.MISSING_VALUES:
        return (
            f"the key pair id is {str.__str__(key_pair_id)!r}: the value it was read from is "
            "missing",
            f"set that value; {_HINT}",
        )
    bare = key_pair_id.strip("\ufeff\"' \t\r\n")
    if bare != key_pair_id and re.fullmatch(_LIKE_AN_ID, bare):
        return (
            "the key pair id has quotes or white space around it, got "
            f"{str.__str__(key_pair_id)!r}",
            f"use {bare}",
        )
    if not re.fullmatch(limits.KEY_PAIR_ID, key_pair_id):
        return "the key pair id must consist of ASCII letters and digits", _HINT
    return "", ""
