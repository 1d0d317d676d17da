"""Key pair ids: CloudFront's ids of public keys."""

from __future__ import annotations

import re
from typing import cast

from cfsign import limits
from cfsign.errors import SigningKeyError

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
    if not re.fullmatch(limits.KEY_PAIR_ID, key_pair_id):
        return "the key pair id must consist of ASCII letters and digits", _HINT
    return "", ""
