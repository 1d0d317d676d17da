"""Each single setting: what it is called in the environment, and what it may hold."""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from cfsign.config.headers import is_header_mapping, is_shared, servers_own
from cfsign.errors import CfsignWarning, ConfigurationError
from cfsign.keys import resolve_private_key
from cfsign.keys.key_pair_id import check_key_pair_id
from cfsign.signing.cache import DEFAULT_BYTES, check_cache_bytes
from cfsign.signing.signer import check_hash_algorithm
from cfsign.signing.times import lifetime_from_text, lifetime_seconds, standing_lifetime
from cfsign.signing.url import check_domain

#: Statuses of `authorize` that allow the request by default, as in the 2012 class.
ALLOWED_STATUSES = (200, 204)

#: Redirects that browsers do not cache by themselves; 301 and 308 they do (RFC 9110, 15.4).
REDIRECT_STATUSES = (302, 303, 307)

#: What each setting is called in the environment, behind the prefix.
VARIABLES = {
    "domain": "DOMAIN",
    "key_pair_id": "KEY_PAIR_ID",
    "private_key": "PRIVATE_KEY",
    "password": "PASSWORD",
    "hash_algorithm": "HASH_ALGORITHM",
    "expires": "EXPIRES",
    "expiry_step": "EXPIRY_STEP",
    "expiry_jitter": "EXPIRY_JITTER",
    "cache_bytes": "CACHE_BYTES",
    "key_ring": "KEY_RING_FILE",
    "refresh_every": "REFRESH_EVERY",
}

#: What makes a setting of a variable's text, where that is a number.
READERS: dict[str, Callable[[str], int]] = {
    "expires": lambda text: lifetime_from_text(text, "expires"),
    "expiry_step": lambda text: lifetime_from_text(text, "expiry_step"),
    "expiry_jitter": lambda text: lifetime_from_text(text, "expiry_jitter"),
    "cache_bytes": lambda text: _whole_bytes(text),
}

#: The settings that give a key ring.
RINGS = ("keys", "key_ring")

#: What a key ring has with each of its keys.
ONE_KEYS_OWN = ("key_pair_id", "private_key", "password", "hash_algorithm")


def check_code(code: object) -> int:
    """Return *code* if it is the status of a redirect that is asked again, else raise."""
    if isinstance(code, bool) or not isinstance(code, int) or code not in REDIRECT_STATUSES:
        raise ConfigurationError(
            "the redirect's status is 302, 303 or 307 (301 and 308 are cached for ever)"
        )
    return int(code)


def check_headers(headers: object) -> Mapping[str, str]:
    """Return a copy of *headers* if a redirect may carry them, else raise ConfigurationError."""
    if not is_header_mapping(headers):
        raise ConfigurationError("headers are a mapping of names to values, all text on one line")
    names = {name.lower() for name in headers}
    if "location" in names:
        raise ConfigurationError("headers hold no Location: that is the signed URL")
    if "content-type" in names:
        raise ConfigurationError("headers hold no Content-Type: a redirect is empty, JSON has one")
    if servers_own(headers):
        raise ConfigurationError(f"headers hold no {servers_own(headers)}: the server writes that")
    # A mapping of that type came from here, and its warning with it.
    if is_shared(headers) and not isinstance(headers, MappingProxyType):
        warnings.warn(
            "a Cache-Control that is public, or neither private, no-store nor no-cache, lets a "
            "shared cache give one viewer's signed URL to the next; use private or no-store",
            CfsignWarning,
            stacklevel=3,
        )
    return MappingProxyType(dict(headers))


def check_allowed_statuses(statuses: object) -> tuple[int, ...]:
    """Return *statuses* if each can be a yes, else raise ConfigurationError."""
    if (
        not isinstance(statuses, tuple | list | set | frozenset | range)
        or not statuses
        or not all(map(_is_success, statuses))
    ):
        raise ConfigurationError(
            "the statuses that allow are a list of ints from 200 to 299, one at least"
        )
    return tuple(int(status) for status in statuses)


def check_cache_redirect(cache_redirect: object) -> bool:
    """Return *cache_redirect* if it is a bool, else raise ConfigurationError."""
    if not isinstance(cache_redirect, bool):
        raise ConfigurationError("whether browsers may keep a redirect is True or False")
    return cache_redirect


def _ring_of_pairs(given: tuple[Any, float]) -> object:
    from cfsign.keyring.ring import KeyRing  # only who has a ring waits for it

    return KeyRing(given[0], refresh_every=given[1])


def _ring_of_document(given: tuple[Any, float]) -> object:
    from cfsign.keyring.ring import build_ring  # as above

    return build_ring(given[0], refresh_every=given[1])


CHECKS: dict[str, Callable[[Any], object]] = {
    "domain": check_domain,
    "key_pair_id": check_key_pair_id,
    "private_key": lambda key: resolve_private_key(*key),
    "hash_algorithm": check_hash_algorithm,
    "keys": _ring_of_pairs,
    "key_ring": _ring_of_document,
    "expires": lambda value: standing_lifetime(value, "the lifetime", int(time.time())),
    "expiry_step": lambda value: standing_lifetime(value, "the step", int(time.time())),
    "expiry_jitter": lambda value: lifetime_seconds(value, "the jitter"),
    "cache_bytes": check_cache_bytes,
    "allowed_statuses": check_allowed_statuses,
    "code": check_code,
    "headers": check_headers,
    "cache_redirect": check_cache_redirect,
}

#: Where nothing is the default, None is how one writes it.
NONE_BY_DEFAULT = ("expiry_step", "expiry_jitter", "headers")

#: What cannot be left out, and what to give.
REQUIRED = {
    "domain": "the distribution's domain, with its https://",
    "key_pair_id": "the ID of the public key in CloudFront, such as K2JCJMDEHXQW5F",
    "private_key": "the private key's path, or its PEM",
}


def _whole_bytes(text: str) -> int:
    if not re.fullmatch("[0-9]{1,10}", text):
        raise ConfigurationError(f"give a whole number of bytes, such as {DEFAULT_BYTES}")
    return int(text)


def _is_success(status: object) -> bool:
    return isinstance(status, int) and not isinstance(status, bool) and 200 <= status <= 299
