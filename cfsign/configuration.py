"""
Settings, from a site's configuration or the environment, checked as a whole.

Every mistake is reported at once, so that a deployment fails once and not five times.
"""

from __future__ import annotations

import difflib
import os
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cfsign.decision import ALLOWED_STATUSES, is_header_mapping
from cfsign.errors import CfsignError, CfsignWarning, ConfigurationError
from cfsign.keys import AsyncPrivateKey, HashAlgorithm, PrivateKey, resolve_private_key
from cfsign.redirect import REDIRECT_STATUSES
from cfsign.resource import check_domain
from cfsign.signer import check_hash_algorithm, check_key_pair_id, choose_hash_algorithm
from cfsign.times import lifetime_seconds

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
        hash_algorithm: "SHA1" or "SHA256"; None leaves it to the signer.
        expires: Lifetime in seconds.
        expiry_step: Step in seconds that expiries are rounded up to, or None.
        allowed_statuses: What `authorize` may return for a yes.
        code: The status of the redirect.
        headers: Headers for the redirect.
    """

    domain: str
    key_pair_id: str
    private_key: PrivateKey | AsyncPrivateKey = field(repr=False)
    hash_algorithm: HashAlgorithm | None = None
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
        if mapping.get(DOMAIN) is not None:
            settings["domain"] = mapping[DOMAIN]
        return cls._checked(settings, labels, problems)

    @classmethod
    def from_env(
        cls, environ: Mapping[str, str] = os.environ, prefix: str = "CLOUDFRONT_"
    ) -> Configuration:
        """
        Read the environment's variables that begin with *prefix*.

        Raises:
            ConfigurationError: Every mistake, at once.
        """
        labels = {name: prefix + variable for name, variable in _VARIABLES.items()}
        # An empty variable is how many tools write one that is not set.
        settings: dict[str, Any] = {
            name: environ[label] for name, label in labels.items() if environ.get(label)
        }
        key_file = f"{prefix}PRIVATE_KEY_FILE"
        problems = _misspelt(environ, prefix, {*labels.values(), key_file})
        if environ.get(key_file):
            if "private_key" in settings:
                problems.append(f"{key_file} and {labels['private_key']} are both set; set one")
            settings["private_key"] = Path(environ[key_file])
            labels["private_key"] = key_file
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
        if "private_key" in values:
            try:
                values["hash_algorithm"] = choose_hash_algorithm(
                    values["private_key"], values.get("hash_algorithm")
                )
            except CfsignError as error:
                problems.append(f"{labels['hash_algorithm']}: {error}")
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
    if any(name.lower() == "location" for name in headers):
        raise ConfigurationError("headers hold no Location: that is the signed URL")
    if any(_is_public(name, value) for name, value in headers.items()):
        warnings.warn(
            "Cache-Control: public on a redirect to a signed URL lets a shared cache give one "
            "viewer's URL to all; use private or no-store",
            CfsignWarning,
            stacklevel=3,
        )
    return MappingProxyType(dict(headers))


def check_allowed_statuses(statuses: object) -> tuple[int, ...]:
    """Return *statuses* if each can be a yes, else raise ConfigurationError."""
    if not isinstance(statuses, tuple | list | set | frozenset | range) or not all(
        isinstance(status, int) and not isinstance(status, bool) and 200 <= status <= 299
        for status in statuses
    ):
        raise ConfigurationError("the statuses that allow are a list of ints from 200 to 299")
    return tuple(int(status) for status in statuses)


_CHECKS: dict[str, Callable[[Any], object]] = {
    "domain": check_domain,
    "key_pair_id": check_key_pair_id,
    "private_key": lambda key: resolve_private_key(*key),
    "hash_algorithm": check_hash_algorithm,
    "expires": lambda value: lifetime_seconds(value, "the lifetime"),
    "expiry_step": lambda value: lifetime_seconds(value, "the step"),
    "allowed_statuses": check_allowed_statuses,
    "code": check_code,
    "headers": check_headers,
}

_REQUIRED = {
    "domain": "the distribution's domain, with its https://",
    "key_pair_id": "the ID of the public key in CloudFront, such as K2JCJMDEHXQW5F",
    "private_key": "the private key's path, or its PEM",
}


def _no_config(config: object) -> str:
    what = "missing" if config is None else f"a {type(config).__name__}"
    return f"{CONFIG} is {what}; give a dict with key_pair_id, private_key and expires"


def _unknown(name: object) -> str:
    known = [known for known in (*_CHECKS, "password") if known != "domain"]
    near = difflib.get_close_matches(str(name), known, n=1)
    return f"{CONFIG}[{str(name)[:40]!r}] is unknown" + (f"; is it {near[0]!r}?" if near else "")


def _misspelt(environ: Mapping[str, str], prefix: str, known: set[str]) -> list[str]:
    """Name the variables that are almost one of ours; others may be the site's own."""
    problems = []
    for name in sorted(environ):
        if name.startswith(prefix) and name not in known:
            near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.9)
            problems += [f"{name} is unknown; is it {near[0]}?"] if near else []
    return problems


def _is_public(name: str, value: str) -> bool:
    return name.lower() == "cache-control" and "public" in value.lower()
