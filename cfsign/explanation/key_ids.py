"""Mistakes in the id of the key."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cfsign.checking.verdict import Reason
from cfsign.explanation.cause import Cause, Mistake
from cfsign.explanation.context import Case
from cfsign.explanation.display import shown
from cfsign.explanation.verification import Signing

_UUID = re.compile("[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_ACCESS_KEY = re.compile("A(?:KI|SI|RO|ID)A[A-Z0-9]{12,16}")
_UNSET = re.compile("undefined|null|none|nil|nan|false|true", re.IGNORECASE)
_ID = re.compile("[A-Za-z0-9]{1,40}")

_TAKE_ID = "take the ID of the public key, such as K2JCJMDEHXQW5F, from CloudFront's Public keys"


def find_in_key_ids(case: Case, signing: Signing | None) -> Iterator[Cause]:
    """Find an id that is none, or is another thing's."""
    key_pair_id = case.credential.key_pair_id
    if not key_pair_id:
        if case.credential.signature is not None:
            yield Cause(
                Mistake.KEY_ID_MISSING,
                Reason.MISSING_KEY,
                "There is a signature, and no id of the key that made it",
                "send Key-Pair-Id, or the cookie CloudFront-Key-Pair-Id; "
                "if it was there, the URL was cut before it",
            )
        return
    if key_pair_id in case.keys:
        return
    malformed = case.reason is Reason.MALFORMED_KEY_ID
    reason = Reason.MALFORMED_KEY_ID if malformed else Reason.UNKNOWN_KEY
    likeness = _likeness(key_pair_id)
    if likeness is not None:
        mistake, message = likeness
        yield Cause(mistake, reason, f"Key-Pair-Id is {message}", _TAKE_ID)
    elif malformed:
        # Not shown: it may be a key that was pasted in its id's place.
        message = "Key-Pair-Id is not letters and digits alone"
        yield Cause(Mistake.KEY_ID_MALFORMED, reason, message, _TAKE_ID)
    elif case.keys and signing is None:
        yield from _unknown(case, key_pair_id)


def _likeness(key_pair_id: str) -> tuple[Mistake, str] | None:
    """Tell what a text is that was given for the id of a public key."""
    if _UUID.fullmatch(key_pair_id):
        return Mistake.KEY_GROUP_ID, "a UUID, which is the id of a key group"
    if _ACCESS_KEY.fullmatch(key_pair_id):
        return Mistake.ACCESS_KEY_ID, "the id of an access key of IAM, which signs API calls"
    if _UNSET.fullmatch(key_pair_id):
        return Mistake.KEY_ID_UNSET, f"{key_pair_id}: the variable that should hold it is not set"
    return None


def _unknown(case: Case, key_pair_id: str) -> Iterator[Cause]:
    name = shown(key_pair_id, 40) if _ID.fullmatch(key_pair_id) else "that"
    near = [one for one in case.keys if one.lower() == key_pair_id.lower()]
    yield Cause(
        Mistake.UNKNOWN_KEY,
        Reason.UNKNOWN_KEY,
        f"No trusted key has the id {name}",
        f"write it {near[0]}"
        if near
        else "name one of the trusted keys, or put this key into the "
        "key group that the distribution's behaviour trusts",
        f"trusted are {', '.join(list(case.keys)[:5])}",
    )
