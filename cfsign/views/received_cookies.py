"""
The signed cookies that a browser sent back, for renewal and logout.

Anyone can send any cookies, and no signature is checked here. Use them only to decide when to set
new cookies, and which cookies to delete.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping

from cfsign.errors import CfsignError, ConfigurationError
from cfsign.limits import COOKIES
from cfsign.signing.cookie_rules import check_cookie_options
from cfsign.signing.policy import Policy
from cfsign.signing.signed_policy import decode
from cfsign.signing.signer import Signer
from cfsign.utils.secret import Secret

_find_end = re.compile(r'"DateLessThan":\{"AWS:EpochTime":([1-9][0-9]{0,9})\}').search
_find_start = re.compile(r'"DateGreaterThan":\{"AWS:EpochTime":([1-9][0-9]{0,9})\}').search
_find_resource = re.compile(r'"Resource":"([^"\\]*)\*"').search

# A folder's policy is always custom, because its resource has a wildcard.
_NAMES = ("CloudFront-Policy", "CloudFront-Signature", "CloudFront-Key-Pair-Id")
_NAMES_WITH_HASH = (*_NAMES, "CloudFront-Hash-Algorithm")


def hide_cookies(cookies: object) -> Secret[Mapping[str, str]]:
    """
    Return *cookies* as a secret.

    Raises:
        ConfigurationError: They are not a mapping.
    """
    if not isinstance(cookies, Mapping):
        raise ConfigurationError(
            f"cookies must be a mapping of names to values, got {type(cookies).__name__}",
            hint="pass the request's parsed cookies, not its Cookie header",
        )
    return Secret(cookies)


def is_fresh(cookies: Mapping[str, str], new: Policy, signer: Signer) -> bool:
    """
    Return True if *cookies* need not be replaced by those of the policy *new*.

    They look like the signer's, for the same resource, with half of their duration left.
    """
    present = tuple(name for name in COOKIES if cookies.get(name))
    if present != (_NAMES if signer.hash_algorithm == "SHA1" else _NAMES_WITH_HASH):
        return False
    if cookies["CloudFront-Key-Pair-Id"] != signer.key_pair_id:
        return False
    old = _read_policy(cookies["CloudFront-Policy"], new)
    now = int(time.time())
    return (
        old is not None
        # A start that has passed is as good as none.
        and (old.starts_at or 0) <= max(new.starts_at or 0, now - 1)
        and 2 * (old.expires_at - now) > new.expires_at - now
    )


def read_path(cookie: str, domain: str) -> str | None:
    """Return the path of the folder in the policy of a cookie; None if it is not of *domain*."""
    try:
        found = _find_resource(decode(cookie).decode("ascii"))
        path = found[1].removeprefix(domain) if found is not None else ""
        check_cookie_options(None, None, False, path)
    except (ValueError, CfsignError):
        return None
    return path


def _read_policy(cookie: str, new: Policy) -> Policy | None:
    """
    Return the policy in a cookie; None if it differs from *new* in more than its times.

    The text is compared as a whole, because anyone can send any text.
    """
    try:
        text = decode(cookie).decode("ascii")
        end, start = _find_end(text), _find_start(text)
        if end is None:
            return None
        starts_at = None if start is None else int(start[1])
        old = Policy(new.resource, int(end[1]), starts_at=starts_at, ip_address=new.ip_address)
    except (ValueError, CfsignError):
        return None
    return old if old.to_json() == text else None
