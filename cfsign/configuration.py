"""
Settings, from a site's configuration or the environment, checked as a whole.

Every mistake is reported at once, so that a deployment fails once and not five times.
"""

from __future__ import annotations

import os
import re
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cfsign.decision import ALLOWED_STATUSES
from cfsign.errors import CfsignError, CfsignWarning, ConfigurationError
from cfsign.headers import is_header_mapping, is_shared, servers_own
from cfsign.keys import HashAlgorithm, PrivateKey, load_private_key
from cfsign.redirect import REDIRECT_STATUSES
from cfsign.resource import check_domain
from cfsign.signer import check_hash_algorithm, check_key_pair_id
from cfsign.times import standing_lifetime

DOMAIN = "CLOUDFRONT_DOMAIN"
CONFIG = "CLOUDFRONT_CONFIG"

# What each setting is called in the environment, behind the prefix.
_VARIABLES = {
    "domain": "DOMAIN",
    "key_pair_id": "KEY_PAIR_ID",
    "private_key": "PRIVATE_KEY",
    "password": "PASSWORD",
    "hash_algorithm": "HASH_ALGORITHM",
    "expires": "EXPIRES",
    "expiry_step": "EXPIRY_STEP",
}


@dataclass(frozen=True, slots=True)
class Configuration:
    """
    Settings that were checked.

    Attributes:
        domain: Scheme and host of the distribution.
        key_pair_id: CloudFront's id of the public key.
        private_key: The key, loaded.
        hash_algorithm: "SHA1" or "SHA256".
        expires: Lifetime in seconds.
        expiry_step: Step in seconds that expiries are rounded up to, or None.
        allowed_statuses: What `authorize` may return for a yes.
        code: The status of the redirect.
        headers: Headers for the redirect.
    """

    domain: str
    key_pair_id: str
    private_key: PrivateKey = field(repr=False)
    hash_algorithm: HashAlgorithm = "SHA1"
    expires: int = 60
    expiry_step: int | None = None
    allowed_statuses: tuple[int, ...] = ALLOWED_STATUSES
    code: int = 303
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Configuration:
        """
        Read `CLOUDFRONT_DOMAIN` and `CLOUDFRONT_CONFIG`; other names are not looked at.

        Raises:
            ConfigurationError: Every mistake, at once.
        """
        if not isinstance(mapping, Mapping):
            raise ConfigurationError("the settings are a mapping, such as a Flask app's config")
        config = mapping.get(CONFIG)
        labels = {name: f"{CONFIG}[{name!r}]" for name in _CHECKS} | {"domain": DOMAIN}
        settings = dict(config) if isinstance(config, Mapping) else {}
        problems = [] if isinstance(config, Mapping) else [_no_config(config)]
        if "domain" in settings:
            del settings["domain"]
            problems.append(f"{CONFIG}['domain'] is unknown; the domain goes into {DOMAIN}")
        if "priv_key_string" in settings:
            if "private_key" in settings:
                problems.append(f"{CONFIG} has private_key and priv_key_string; give private_key")
            settings["private_key"] = settings.pop("priv_key_string")
            labels["private_key"] = f"{CONFIG}['priv_key_string']"
        for name in (*_NONE_BY_DEFAULT, *_REQUIRED):
            if name in settings and settings[name] is None:
                del settings[name]
        if mapping.get(DOMAIN) is not None:
            settings["domain"] = mapping[DOMAIN]
        return cls._checked(settings, labels, problems)

    @classmethod
    def from_env(
        cls, environ: Mapping[str, str] = os.environ, prefix: str = "CLOUDFRONT_"
    ) -> Configuration:
        """
        Read the environment's variables that begin with *prefix*.

        One whose name is almost one of ours warns, since it may be the site's own; where a setting
        that is required is missing, it is named in the error.

        Raises:
            ConfigurationError: Every mistake, at once.
        """
        labels = {name: prefix + variable for name, variable in _VARIABLES.items()}
        # An empty variable is how many tools write one that is not set.
        settings: dict[str, Any] = {
            name: environ[label] for name, label in labels.items() if environ.get(label)
        }
        key_file = f"{prefix}PRIVATE_KEY_FILE"
        known = {*labels.values(), key_file}
        problems = []
        if environ.get(key_file):
            if "private_key" in settings:
                problems.append(f"{key_file} and {labels['private_key']} are both set; set one")
            settings["private_key"] = Path(environ[key_file])
            labels["private_key"] = key_file
        absent = _REQUIRED.keys() - settings.keys()
        needed = {labels[name] for name in absent}
        if "private_key" in absent:
            needed.add(key_file)
            labels["private_key"] += f" or {key_file}"
        problems += _near_misses(environ, prefix, known, needed)
        for name in ("expires", "expiry_step"):
            if name in settings and re.fullmatch("[0-9]{1,10}", settings[name]):
                settings[name] = int(settings[name])
        return cls._checked(settings, labels, problems)

    @classmethod
    def _checked(
        cls, settings: dict[str, Any], labels: Mapping[str, str], problems: list[str]
    ) -> Configuration:
        """Check each setting; report what is wrong under the label that the user knows it by."""
        password = settings.pop("password", None)
        if "private_key" in settings:
            settings["private_key"] = (settings["private_key"], password)
        values: dict[str, Any] = {}
        for name, check in _CHECKS.items():
            if name in settings:
                try:
                    values[name] = check(settings[name])
                except CfsignError as error:
                    problems.append(f"{labels[name]}: {error}")
            elif name in _REQUIRED:
                problems.append(f"{labels[name]} is missing; give {_REQUIRED[name]}")
        problems += [_unknown(name) for name in settings if name not in _CHECKS]
        if problems:
            raise ConfigurationError(problems)
        return cls(**values)


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
            "a Cache-Control that is public, or has an age and is not private, lets a shared cache "
            "give one viewer's signed URL to the next; use private or no-store",
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


_CHECKS: dict[str, Callable[[Any], object]] = {
    "domain": check_domain,
    "key_pair_id": check_key_pair_id,
    "private_key": lambda key: load_private_key(key[0], password=key[1]),
    "hash_algorithm": check_hash_algorithm,
    "expires": lambda value: standing_lifetime(value, "the lifetime", int(time.time())),
    "expiry_step": lambda value: standing_lifetime(value, "the step", int(time.time())),
    "allowed_statuses": check_allowed_statuses,
    "code": check_code,
    "headers": check_headers,
}

# Where nothing is the default, None is how one writes it; what is required, it leaves missing.
_NONE_BY_DEFAULT = ("expiry_step", "headers")

_REQUIRED = {
    "domain": "the distribution's domain, with its https://",
    "key_pair_id": "the ID of the public key in CloudFront, such as K2JCJMDEHXQW5F",
    "private_key": "the private key's path, or its PEM",
}


def _is_success(status: object) -> bool:
    return isinstance(status, int) and not isinstance(status, bool) and 200 <= status <= 299


def _no_config(config: object) -> str:
    what = "missing" if config is None else f"a {type(config).__name__}"
    return f"{CONFIG} is {what}; give a dict with key_pair_id, private_key and expires"


def _unknown(name: object) -> str:
    import difflib  # for a mistake only: it would take milliseconds of each `import cfsign`

    known = [known for known in (*_CHECKS, "password") if known != "domain"]
    near = difflib.get_close_matches(str(name), known, n=1)
    return f"{CONFIG}[{str(name)[:40]!r}] is unknown" + (f"; is it {near[0]!r}?" if near else "")


def _near_misses(
    environ: Mapping[str, str], prefix: str, known: set[str], needed: set[str]
) -> list[str]:
    """Name the variables that are almost a needed one; warn of others, which may be a site's."""
    import difflib  # as above

    problems = []
    for name in sorted(environ):
        if not name.startswith(prefix) or name in known:
            continue
        for near in difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.9):
            if near in needed:
                problems.append(f"{name} is unknown; is it {near}?")
            else:
                warnings.warn(f"{name} is not read; is it {near}?", CfsignWarning, stacklevel=3)
    return problems
