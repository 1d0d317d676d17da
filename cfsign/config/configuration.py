"""
Settings, from a site's configuration or the environment, checked as a whole.

Every mistake is reported at once, so that a deployment fails once and not five times.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cfsign.config.fields import (
    ALLOWED_STATUSES,
    CHECKS,
    NONE_BY_DEFAULT,
    ONE_KEYS_OWN,
    READERS,
    REQUIRED,
    RINGS,
    VARIABLES,
)
from cfsign.errors import CfsignError, CfsignWarning, ConfigurationError
from cfsign.keyring.ring import KeyRing, check_interval
from cfsign.keys import AsyncPrivateKey, HashAlgorithm, PrivateKey
from cfsign.signing.base_signer import BaseSigner
from cfsign.signing.cache import DEFAULT_BYTES
from cfsign.signing.expiry_step import check_jitter
from cfsign.signing.signer import Signer, choose_hash_algorithm

DOMAIN = "CLOUDFRONT_DOMAIN"
CONFIG = "CLOUDFRONT_CONFIG"


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
        expiry_jitter: By less than how many seconds the steps of two resources differ, or None.
        cache_bytes: How many bytes of what was signed for a step are kept.
        allowed_statuses: What `authorize` may return for a yes.
        code: The status of the redirect.
        headers: Headers for the redirect.
        cache_redirect: Whether browsers may keep a redirect while its URL stays the same.
        key_ring: The key ring that signs in place of one key, or None.
    """

    domain: str
    key_pair_id: str = ""
    private_key: PrivateKey | AsyncPrivateKey | None = field(default=None, repr=False)
    hash_algorithm: HashAlgorithm | None = None
    expires: int = 60
    expiry_step: int | None = None
    expiry_jitter: int | None = None
    cache_bytes: int = DEFAULT_BYTES
    allowed_statuses: tuple[int, ...] = ALLOWED_STATUSES
    code: int = 303
    headers: Mapping[str, str] = field(default_factory=dict)
    cache_redirect: bool = False
    key_ring: KeyRing | None = None

    @property
    def signer(self) -> BaseSigner:
        """What signs: the key ring, or a signer with the one key."""
        if self.key_ring is not None:
            return self.key_ring
        if self.private_key is None:
            raise ConfigurationError("the configuration has neither a private key nor a key ring")
        return Signer(self.key_pair_id, self.private_key, hash_algorithm=self.hash_algorithm)

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
        names = (*CHECKS, "refresh_every")
        labels = {name: f"{CONFIG}[{name!r}]" for name in names} | {"domain": DOMAIN}
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
        for name in (*NONE_BY_DEFAULT, *REQUIRED):
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

        EXPIRES, EXPIRY_STEP and EXPIRY_JITTER are seconds, or a number with a unit: "15m".
        One whose name is almost one of ours warns, since it may be the site's own; where a setting
        that is required is missing, it is named in the error.

        Raises:
            ConfigurationError: Every mistake, at once.
        """
        labels = {name: prefix + variable for name, variable in VARIABLES.items()}
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
        absent = REQUIRED.keys() - settings.keys()
        if "key_ring" in settings:
            absent -= set(ONE_KEYS_OWN)
        needed = {labels[name] for name in absent}
        if "private_key" in absent:
            needed.add(key_file)
            labels["private_key"] += f" or {key_file}"
        problems += _near_misses(environ, prefix, known, needed)
        for name, read in READERS.items():
            if name not in settings:
                continue
            try:
                settings[name] = read(settings[name])
            except CfsignError as error:
                del settings[name]
                problems.append(f"{labels[name]}: {error}")
        if re.fullmatch(r"[0-9]{1,10}(\.[0-9]{1,10})?", settings.get("refresh_every", "")):
            settings["refresh_every"] = float(settings["refresh_every"])
        return cls._checked(settings, labels, problems)

    @classmethod
    def _checked(
        cls, settings: dict[str, Any], labels: Mapping[str, str], problems: list[str]
    ) -> Configuration:
        """Check each setting; report what is wrong under the label that the user knows it by."""
        problems += _conflicts(settings, labels)
        password = settings.pop("password", None)
        if "private_key" in settings:
            settings["private_key"] = (settings["private_key"], password)
        rings = [name for name in RINGS if name in settings]
        try:
            refresh_every = check_interval(settings.pop("refresh_every", 30))
        except CfsignError as error:
            problems += [f"{labels['refresh_every']}: {error}"] if rings else []
            refresh_every = 30
        settings |= {name: (settings[name], refresh_every) for name in rings}
        values: dict[str, Any] = {}
        for name, check in CHECKS.items():
            if name in settings:
                try:
                    values[name] = check(settings[name])
                except ConfigurationError as error:
                    problems += [f"{labels[name]}: {problem}" for problem in error.problems]
                except CfsignError as error:
                    problems.append(f"{labels[name]}: {error}")
            elif name in REQUIRED and not (rings and name in ONE_KEYS_OWN):
                problems.append(f"{labels[name]} is missing; give {REQUIRED[name]}")
        if "private_key" in values:
            try:
                values["hash_algorithm"] = choose_hash_algorithm(
                    values["private_key"], values.get("hash_algorithm")
                )
            except CfsignError as error:
                problems.append(f"{labels['hash_algorithm']}: {error}")
        # A step that is at fault itself says so already.
        step_stands = not any(
            str(problem).startswith(labels["expiry_step"]) for problem in problems
        )
        if "expiry_jitter" in values and step_stands:
            try:
                check_jitter(values["expiry_jitter"], values.get("expiry_step"))
            except CfsignError as error:
                problems.append(f"{labels['expiry_jitter']}: {error}")
        problems += [_unknown(name) for name in settings if name not in CHECKS]
        if problems:
            raise ConfigurationError(problems)
        if "keys" in values:
            values["key_ring"] = values.pop("keys")
        return cls(**values)


def _conflicts(settings: Mapping[str, Any], labels: Mapping[str, str]) -> list[str]:
    """Say which settings exclude each other."""
    rings = [labels[name] for name in RINGS if name in settings]
    if not rings and "refresh_every" in settings:
        return [
            f"{labels['refresh_every']} is for a key ring; give keys or key_ring, or leave it out"
        ]
    problems = [f"{' and '.join(rings)} are both given; give one"] if len(rings) > 1 else []
    if rings:
        problems += [
            f"{labels.get(name, name)} is beside {rings[0]}, where each key has its own; remove it"
            for name in ONE_KEYS_OWN
            if settings.get(name) is not None
        ]
    return problems


def _no_config(config: object) -> str:
    what = "missing" if config is None else f"a {type(config).__name__}"
    return f"{CONFIG} is {what}; give a dict with key_pair_id, private_key and expires"


def _unknown(name: object) -> str:
    import difflib  # for a mistake only: it would take milliseconds of each `import cfsign`

    known = [known for known in (*CHECKS, "password", "refresh_every") if known != "domain"]
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
