"""Each setting: its name in the environment and the check of its value."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from cfsign.config.headers import find_server_headers, is_header_mapping, may_be_shared
from cfsign.errors import ConfigurationError
from cfsign.keys import resolve_private_key
from cfsign.keys.hash_algorithm import check_hash_algorithm
from cfsign.keys.key_pair_id import check_key_pair_id
from cfsign.signing.cache import check_cache_bytes
from cfsign.signing.cookie_rules import check_cookie_options
from cfsign.signing.times import check_duration, parse_duration, to_seconds
from cfsign.signing.url import check_domain
from cfsign.utils.description import describe_name, describe_value
from cfsign.utils.secret import hide
from cfsign.utils.warning import warn_caller

#: The statuses of `authorize` that allow a request by default, as in the 2012 class.
ALLOWED_STATUSES = (200, 204)

#: The redirects that browsers do not cache by default, unlike 301 and 308 (RFC 9110, 15.4).
REDIRECT_STATUSES = (302, 303, 307)

#: The settings that give a key ring.
KEY_RING_FIELDS = ("keys", "key_ring")

#: The settings of a single key; in a key ring, each key has its own.
SINGLE_KEY_FIELDS = ("key_pair_id", "private_key", "password", "hash_algorithm")

#: The settings of views; they go into `Configuration.view_options`.
VIEW_FIELDS = (
    "allowed_statuses",
    "code",
    "headers",
    "cache_redirect",
    "cookie_domain",
    "cookie_path",
    "cookie_samesite",
    "cookie_partitioned",
    "cookie_persistent",
    "cookie_expires_in",
    "observers",
)

#: Names from 2012 that are still read, and the names of today.
OLD_NAMES = {"priv_key_string": "private_key", "expires": "expires_in"}


@dataclass(frozen=True, slots=True)
class Field:
    """
    One setting.

    Attributes:
        check: Returns the value to use, or raises CfsignError. It takes the value and, as a keyword
            argument, the setting that `uses` names.
        variable: The environment variable without its prefix, or "".
        parse: Converts the variable's text, or None if text is what `check` takes.
        required_hint: What to set, if the setting is required; else "".
        may_be_none: True if None stands for a setting that is not given.
        uses: The name of another setting that `check` needs, or "".
    """

    check: Callable[..., object]
    variable: str = ""
    parse: Callable[[str], object] | None = None
    required_hint: str = ""
    may_be_none: bool = False
    uses: str = ""


def check_code(code: object) -> int:
    """Return *code* if it is 204 or a redirect that browsers do not cache, else raise."""
    allowed = (204, *REDIRECT_STATUSES)
    if isinstance(code, bool) or not isinstance(code, int) or code not in allowed:
        raise ConfigurationError(
            f"code must be 302, 303 or 307, or 204 for cookies, got {describe_value(code)}",
            hint="use 303 (browsers cache 301 and 308 permanently)",
        )
    return int(code)


def check_headers(headers: object) -> Mapping[str, str]:
    """Return a read-only copy of *headers* if a redirect may carry them, else raise."""
    if not is_header_mapping(headers):
        raise ConfigurationError(
            "headers must map names to values, each of them text on one line, "
            f"got {_describe_headers(headers)}",
            hint='write them as {"X-Robots-Tag": "noindex"}',
        )
    names = {name.lower() for name in headers}
    if "location" in names:
        raise ConfigurationError(
            "headers must not contain Location, which holds the signed URL", hint="remove it"
        )
    if "content-type" in names:
        raise ConfigurationError(
            "headers must not contain Content-Type, which depends on the delivery",
            hint="remove it",
        )
    reserved = find_server_headers(headers)
    if reserved:
        hint = "remove it: the server sets it"
        if "set-cookie" in names:
            hint = "set cookies with the framework's own functions"
        raise ConfigurationError(f"headers must not contain {', '.join(reserved)}", hint=hint)
    # A MappingProxyType was checked here before, and has warned before.
    if may_be_shared(headers) and not isinstance(headers, MappingProxyType):
        warn_caller(
            "this Cache-Control lets a shared cache send one client's signed URL to another; "
            "use private or no-store"
        )
    return MappingProxyType(dict(headers))


def _describe_headers(headers: object) -> str:
    """Return the type, or the name of the first header that is wrong: a value may be secret."""
    if not isinstance(headers, Mapping):
        return type(headers).__name__
    wrong = next(name for name, value in headers.items() if not is_header_mapping({name: value}))
    return f"the header {describe_name(wrong)}"


def check_allowed_statuses(statuses: object) -> tuple[int, ...]:
    """Return *statuses* as a tuple if each is a 2xx status, else raise ConfigurationError."""
    if isinstance(statuses, tuple | list | set | frozenset | range):
        wrong = [status for status in statuses if not _is_success(status)]
        if statuses and not wrong:
            return tuple(map(int, statuses))
    else:
        wrong = [statuses]
    shown = describe_value(wrong[0]) if wrong else "an empty list"
    raise ConfigurationError(
        f"allowed_statuses must be a list of integers from 200 to 299, got {shown}",
        hint="the default is [200, 204]",
    )


def check_observers(observers: object) -> tuple[Callable[..., object], ...]:
    """Return *observers* as a tuple if each can be called, else raise ConfigurationError."""
    hint = "set a list of functions that take (event, request)"
    if not isinstance(observers, tuple | list):
        raise ConfigurationError(
            f"observers must be a list, got {type(observers).__name__}", hint=hint
        )
    for observer in observers:
        # A class would be instantiated by each event instead of being called with it.
        if not callable(observer) or isinstance(observer, type):
            what = f"the class {observer.__name__}" if isinstance(observer, type) else ""
            raise ConfigurationError(
                f"observers must be callable, got {what or type(observer).__name__}", hint=hint
            )
    return tuple(observers)


def _is_success(status: object) -> bool:
    return isinstance(status, int) and not isinstance(status, bool) and 200 <= status <= 299


def check_bool(value: object, name: str) -> bool:
    """Return *value*, the setting *name*, if it is a bool, else raise ConfigurationError."""
    if not isinstance(value, bool):
        raise ConfigurationError(f"{name} must be True or False, got {type(value).__name__}")
    return value


def check_cookie_expires_in(seconds: Any) -> int:
    """Return the duration of cookies in seconds; raise PolicyError if it is not a duration."""
    return check_duration(seconds, "cookie_expires_in", int(time.time()))


def _check_cookie_option(name: str) -> Callable[[object], object]:
    def check(value: object) -> object:
        option: Any = {name: value}
        try:
            check_cookie_options(**option)
        except ConfigurationError as error:
            message, hint = error.message, error.hint
        else:
            return value
        raise ConfigurationError(message, hint=hint)  # without the name, which the caller adds

    return check


def get_host(domain: str) -> str:
    """Return the host in *domain*, in lower case, or "" if it has none."""
    try:
        return urlsplit(domain if "://" in domain else f"//{domain}").hostname or ""
    except ValueError:
        return ""


def _load_listed_ring(pairs: Any, refresh_every: float = 30) -> object:
    from cfsign.keyring.ring import KeyRing  # imported only if there is a ring

    hidden: Any = hide(pairs)
    del pairs
    return KeyRing(hidden, refresh_every=refresh_every)


def _load_ring(source: Any, refresh_every: float = 30) -> object:
    from cfsign.keyring.ring import build_ring  # as above

    hidden = hide(source)
    del source
    return build_ring(hidden, refresh_every=refresh_every)


def _check_interval(refresh_every: Any) -> object:
    from cfsign.keyring.ring import check_interval  # as above

    return check_interval(refresh_every)


def _parse_interval(text: str) -> object:
    return float(text) if re.fullmatch(r"[0-9]{1,10}(\.[0-9]{1,10})?", text) else text


def _parse_bytes(text: str) -> int:
    return int(text) if re.fullmatch("[0-9]{1,10}", text) else check_cache_bytes(text)


FIELDS: dict[str, Field] = {
    "domain": Field(
        check_domain,
        "DOMAIN",
        required_hint="set it to the distribution's domain, such as https://media.example.com",
        may_be_none=True,
    ),
    "key_pair_id": Field(
        check_key_pair_id,
        "KEY_PAIR_ID",
        required_hint="set it to the public key's ID in CloudFront, such as K2JCJMDEHXQW5F",
        may_be_none=True,
    ),
    "password": Field(hide, "PASSWORD"),  # checked with the key
    "private_key": Field(
        resolve_private_key,
        "PRIVATE_KEY",
        required_hint="set it to the private key's path or its PEM",
        may_be_none=True,
        uses="password",
    ),
    "hash_algorithm": Field(check_hash_algorithm, "HASH_ALGORITHM"),
    "refresh_every": Field(_check_interval, "REFRESH_EVERY", _parse_interval),
    "keys": Field(_load_listed_ring, uses="refresh_every"),
    "key_ring": Field(_load_ring, "KEY_RING_FILE", uses="refresh_every"),
    "expires_in": Field(
        lambda seconds: check_duration(seconds, "expires_in", int(time.time())),
        "EXPIRES_IN",
        lambda text: parse_duration(text, "expires_in"),
    ),
    "expiry_step": Field(
        lambda seconds: check_duration(seconds, "expiry_step", int(time.time())),
        "EXPIRY_STEP",
        lambda text: parse_duration(text, "expiry_step"),
        may_be_none=True,
    ),
    "expiry_jitter": Field(
        lambda seconds: to_seconds(seconds, "expiry_jitter"),
        "EXPIRY_JITTER",
        lambda text: parse_duration(text, "expiry_jitter"),
        may_be_none=True,
    ),
    "cache_bytes": Field(check_cache_bytes, "CACHE_BYTES", _parse_bytes),
    "allowed_statuses": Field(check_allowed_statuses),
    "code": Field(check_code),
    "headers": Field(check_headers, may_be_none=True),
    "cache_redirect": Field(lambda value: check_bool(value, "cache_redirect")),
    "cookie_domain": Field(_check_cookie_option("domain"), may_be_none=True),
    "cookie_path": Field(_check_cookie_option("path"), may_be_none=True),
    "cookie_samesite": Field(_check_cookie_option("samesite"), may_be_none=True),
    "cookie_partitioned": Field(lambda value: check_bool(value, "cookie_partitioned")),
    "cookie_persistent": Field(lambda value: check_bool(value, "cookie_persistent")),
    "cookie_expires_in": Field(check_cookie_expires_in, may_be_none=True),
    "observers": Field(check_observers),
}
