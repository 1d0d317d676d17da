"""Mistakes with the trusted keys and the key pair id."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cfsign.checking.verdict import Reason
from cfsign.explanation.cause import Cause, Mistake
from cfsign.explanation.context import Context
from cfsign.explanation.display import to_printable
from cfsign.explanation.rules.times import is_unset
from cfsign.explanation.verification import Verification
from cfsign.limits import ACCESS_KEY_ID, KEY_GROUP_ID

# An id, and what follows a URL in a text.
_ENDING = re.compile(r"""[A-Z0-9]{9,40}([]).,;:!?>}'"`*_|\\]{1,8})""")
_SHORT_ID = re.compile("[A-Za-z0-9]{1,40}")

_USE_ID = (
    "use the ID of the public key, such as K2JCJMDEHXQW5F: CloudFront lists it under Public keys"
)


def check_trusted_keys(context: Context) -> Iterator[Cause]:
    """Yield a cause for each trusted key that cannot be used."""
    if context.keys_error:
        message = f"The trusted keys cannot be used: {context.keys_error}"
        hint = "pass them as {key_pair_id: public_key_pem}"
        yield Cause(Mistake.UNUSABLE_KEYS, context.reason, message, hint)


def ask_for_public_key(context: Context) -> Cause:
    """Build the cause for a request whose signature cannot be checked."""
    return Cause(
        Mistake.NO_PUBLIC_KEY,
        context.reason,
        "The signature cannot be checked without the public key",
        "pass the public key of this Key-Pair-Id: trusted_keys in Python, --public-key ID=FILE on "
        "the command line",
    )


def check_key_pair_id(context: Context, verification: Verification) -> Iterator[Cause]:
    """Yield a cause if the key pair id is missing, malformed, unknown or another kind of id."""
    key_pair_id = context.credential.key_pair_id
    if not key_pair_id:
        if context.credential.signature is not None:
            yield Cause(
                Mistake.KEY_ID_MISSING,
                Reason.MISSING_KEY,
                "The request has a signature, but no Key-Pair-Id",
                "send Key-Pair-Id, or the cookie CloudFront-Key-Pair-Id. "
                "If you did send it, the URL was cut off before it",
            )
        return
    if key_pair_id in context.keys:
        return
    is_malformed = context.reason is Reason.MALFORMED_KEY_ID
    reason = Reason.MALFORMED_KEY_ID if is_malformed else Reason.UNKNOWN_KEY
    confusion = _recognize(key_pair_id)
    if confusion is not None:
        mistake, description = confusion
        yield Cause(mistake, reason, f"Key-Pair-Id is {description}", _USE_ID)
    elif is_malformed and (ending := _ENDING.fullmatch(key_pair_id)):
        yield Cause(
            Mistake.KEY_ID_MALFORMED,
            reason,
            f"Key-Pair-Id ends with {ending[1]!r}, which is not part of the URL",
            "copy the URL without the character after it",
        )
    elif is_malformed:
        # Without the value: it may be a key that was pasted by mistake.
        message = "Key-Pair-Id contains characters other than letters and digits"
        yield Cause(Mistake.KEY_ID_MALFORMED, reason, message, _USE_ID)
    elif context.keys and verification.maker is None:
        yield _build_unknown_key(context, key_pair_id)


def _recognize(key_pair_id: str) -> tuple[Mistake, str] | None:
    """Return what was sent in place of a key pair id, and the mistake."""
    if re.fullmatch(KEY_GROUP_ID, key_pair_id):
        return Mistake.KEY_GROUP_ID, "a UUID, which is the id of a key group"
    if re.fullmatch(ACCESS_KEY_ID, key_pair_id):
        return Mistake.ACCESS_KEY_ID, "the id of an IAM access key, which signs API calls"
    if is_unset(key_pair_id):
        return Mistake.KEY_ID_UNSET, f"{key_pair_id}: the variable that should hold it is not set"
    return None


def _build_unknown_key(context: Context, key_pair_id: str) -> Cause:
    name = to_printable(key_pair_id, 40) if _SHORT_ID.fullmatch(key_pair_id) else "in Key-Pair-Id"
    similar = [one for one in context.keys if one.lower() == key_pair_id.lower()]
    return Cause(
        Mistake.UNKNOWN_KEY,
        Reason.UNKNOWN_KEY,
        f"No trusted key has the id {name}",
        f"use {similar[0]}, in exactly these letters"
        if similar
        else "use the id of a trusted key, or add this key to the trusted key group of the "
        "cache behavior",
        f"trusted key ids: {', '.join(list(context.keys)[:5])}",
    )
