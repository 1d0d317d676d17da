"""The key pair id: is it a public key's, and not the id of something beside it?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cfsign.doctor.finding import Finding

_MEND = (
    "take the ID that CloudFront shows for the public key (Key management, Public keys), "
    "such as K2JCJMDEHXQW5F"
)

# AWS, "IAM identifiers": the prefixes of access keys, the lasting and the temporary.
_ACCESS_KEY = re.compile("(?:AKIA|ASIA)[A-Z0-9]{12,}")
_LEGACY = re.compile("APKA[A-Z0-9]{12,}")
_DISTRIBUTION = re.compile("E[A-Z0-9]{12,13}")


def examine_key_pair_id(setting: str, key_pair_id: object) -> Iterator[Finding]:
    """Yield what *key_pair_id* is, if it is not a public key's; it is never echoed."""
    if not isinstance(key_pair_id, str):
        return
    if _ACCESS_KEY.fullmatch(key_pair_id):
        found = "this is an AWS access key's id, with which one calls AWS; it signs no URL"
        yield Finding("error", setting, found, _MEND)
    elif key_pair_id.startswith("arn:"):
        yield Finding("error", setting, "this is an ARN, not a public key's id", _MEND)
    elif _DISTRIBUTION.fullmatch(key_pair_id):
        found = "this begins with E, as the id of a distribution does"
        yield Finding("warning", setting, found, _MEND)
    elif _LEGACY.fullmatch(key_pair_id):
        yield Finding(
            "warning",
            setting,
            "this is a root account's key pair of the old kind, which no key group takes",
            "make a key for a key group: cfsign aws create-key",
        )
