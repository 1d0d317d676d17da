"""Key pair ids: CloudFront's names for public keys, and what people take for one."""

from __future__ import annotations

import re

from cfsign.errors import SigningKeyError

_KEY_PAIR_ID = r"[A-Za-z0-9]{1,128}"
_UUID = r"[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
# AWS, IAM, "Unique identifiers": the prefixes of access keys; CloudFront's older key pairs have
# APKA.
_ACCESS_KEY = r"A[KS]IA[A-Z0-9]{16}"


def check_key_pair_id(key_pair_id: object) -> str:
    """
    Return *key_pair_id* if it can be one.

    Raises:
        SigningKeyError: It is empty, no text, or of another shape.
    """
    if not isinstance(key_pair_id, str):
        raise SigningKeyError(f"the key pair id is text, not {type(key_pair_id).__name__}")
    if not key_pair_id:
        raise SigningKeyError(
            "the key pair id is empty; it is the ID of the public key in CloudFront, "
            "such as K2JCJMDEHXQW5F"
        )
    if re.fullmatch(_UUID, key_pair_id):
        raise SigningKeyError(
            "the key pair id is a UUID, which is the key group's id; take the ID of the public key "
            "in that group, such as K2JCJMDEHXQW5F"
        )
    if re.fullmatch(_ACCESS_KEY, key_pair_id):
        raise SigningKeyError(
            "the key pair id is that of an AWS access key; take the ID of the public key in "
            "CloudFront, such as K2JCJMDEHXQW5F"
        )
    if not re.fullmatch(_KEY_PAIR_ID, key_pair_id):
        # Not echoed: people have pasted the key itself here.
        raise SigningKeyError(
            "the key pair id is ASCII letters and digits alone, such as K2JCJMDEHXQW5F"
        )
    # The text itself: a member of a str enumeration would print as its name.
    return str.__str__(key_pair_id)
