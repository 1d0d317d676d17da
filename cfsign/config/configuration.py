"""
The checked settings of a site.

All mistakes are reported at once, so that a deployment fails once and not once for each mistake.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from cfsign.config.fields import FIELDS, KEY_RING_FIELDS, SINGLE_KEY_FIELDS, VIEW_FIELDS
from cfsign.config.settings import PREFIX, Settings
from cfsign.config.site_settings import SiteSettings
from cfsign.errors import CfsignError, ConfigurationError, Problem
from cfsign.keyring.ring import KeyRing
from cfsign.keys import AsyncPrivateKey, HashAlgorithm, PrivateKey
from cfsign.keys.hash_algorithm import choose_hash_algorithm
from cfsign.keys.key_pair_id import find_key_pair_id
from cfsign.signing.base_signer import BaseSigner
from cfsign.signing.cache import DEFAULT_BYTES
from cfsign.signing.signer import Signer
from cfsign.signing.times import check_jitter
from cfsign.utils.secret import Secret, hide
from cfsign.utils.warning import warn_caller


@dataclass(frozen=True, slots=True)
class Configuration:
    """
    Checked settings, for signing and for the views.

    Attributes:
        domain: The scheme and host of the distribution.
        key_pair_id: CloudFront's ID of the public key; "" with a key ring.
        private_key: The loaded key; None with a key ring.
        hash_algorithm: "SHA1" or "SHA256"; None for the signer's default.
        expires_in: The duration of a signature, in seconds.
        expiry_step: The seconds to whose multiples expiries are rounded up, or None.
        expiry_jitter: The seconds over which the steps of different files are spread, or None.
        cache_bytes: The size of the cache of signed policies, in bytes.
        key_ring: The key ring that signs instead of one key, or None.
        view_options: The view options that are set for the whole site, by name.
    """

    domain: str
    key_pair_id: str = ""
    private_key: PrivateKey | AsyncPrivateKey | None = field(default=None, repr=False)
    hash_algorithm: HashAlgorithm | None = None
    expires_in: int = 60
    expiry_step: int | None = None
    expiry_jitter: int | None = None
    cache_bytes: int = DEFAULT_BYTES
    key_ring: KeyRing | None = None
    view_options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def signer(self) -> BaseSigner:
        """The key ring, or a Signer with the one key; raises ConfigurationError without either."""
        if self.key_ring is not None:
            return self.key_ring
        if self.private_key is None:
            raise ConfigurationError(
                "the configuration has neither a private key nor a key ring",
                hint="set private_key and key_pair_id, or key_ring",
            )
        return Signer(self.key_pair_id, self.private_key, hash_algorithm=self.hash_algorithm)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Configuration:
        """
        Build a configuration from `CLOUDFRONT_DOMAIN` and `CLOUDFRONT_CONFIG` in *mapping*.

        Raises:
            ConfigurationError: The settings have mistakes; it reports all of them.
        """
        hidden: Any = hide(mapping)
        del mapping
        return cls._from_settings({"": Settings.from_mapping(hidden)})[""]

    @classmethod
    def from_env(
        cls, environ: Mapping[str, str] = os.environ, prefix: str = PREFIX
    ) -> Configuration:
        """
        Build a configuration from the environment variables that start with *prefix*.

        EXPIRES_IN, EXPIRY_STEP and EXPIRY_JITTER are seconds, or a number with a unit: "15m".
        A variable with almost the name of a setting is a CfsignWarning.

        Raises:
            ConfigurationError: The variables have mistakes; it reports all of them.
        """
        hidden: Any = hide(environ)
        del environ
        return cls._from_settings({"": Settings.from_env(hidden, prefix)})[""]

    @classmethod
    def from_site(cls, site_settings: SiteSettings) -> dict[str, Configuration]:
        """
        Build the configuration of each distribution of a site, by alias.

        Raises:
            ConfigurationError: Settings have mistakes; it reports those of all distributions.
        """
        return cls._from_settings(site_settings.distributions, site_settings.problems)

    @classmethod
    def _from_settings(
        cls, settings: Mapping[str, Settings], found: Iterable[Problem] = ()
    ) -> dict[str, Configuration]:
        problems = list(found)
        loaded: dict[str, Secret[dict[str, Any]]] = {}
        for alias, each in settings.items():
            values, its_problems = load_values(each)
            loaded[alias] = Secret(values)
            problems += its_problems
            del values
        for problem in problems:
            if problem.level == "warning":
                warn_caller(str(problem))
        errors = [problem for problem in problems if problem.level == "error"]
        if errors:
            raise ConfigurationError(errors)
        return {alias: cls(**values.reveal()) for alias, values in loaded.items()}


def load_values(settings: Settings) -> tuple[dict[str, Any], list[Problem]]:
    """
    Check each of *settings* and load the keys.

    Returns:
        The valid arguments of a `Configuration`, and all problems of the others.
    """
    problems = [*settings.problems, *settings.find_conflicts()]
    misread = {problem.rule for problem in settings.problems}
    has_ring = any(name in settings.values or name in misread for name in KEY_RING_FIELDS)
    values: dict[str, Any] = {}
    for name, setting in FIELDS.items():
        if name not in settings.values:
            is_optional = has_ring and name in SINGLE_KEY_FIELDS
            if setting.required_hint and not is_optional and name not in misread:
                hint = setting.required_hint
                key_pair_id = find_key_pair_id(Secret(settings.values.get("private_key")))
                if name == "key_pair_id" and key_pair_id:
                    hint = f"is it {key_pair_id}, as in the name of the key's file?"
                problems.append(settings.build_problem(name, "missing", hint))
            continue
        others = {setting.uses: values[setting.uses]} if setting.uses in values else {}
        try:
            values[name] = setting.check(settings.values[name], **others)
        except CfsignError as error:
            if name != "refresh_every" or has_ring:
                problems += settings.build_problems(name, error)
    if "private_key" in values:
        try:
            values["hash_algorithm"] = choose_hash_algorithm(
                values["private_key"], values.get("hash_algorithm")
            )
        except CfsignError as error:
            problems += settings.build_problems("hash_algorithm", error)
    # A step with a mistake is reported once, not for the jitter too.
    has_bad_step = "expiry_step" not in values and (
        "expiry_step" in settings.values or "expiry_step" in misread
    )
    if "expiry_jitter" in values and not has_bad_step:
        try:
            check_jitter(values["expiry_jitter"], values.get("expiry_step"))
        except CfsignError as error:
            problems += settings.build_problems("expiry_jitter", error)
    values.pop("password", None)
    values.pop("refresh_every", None)
    for name in KEY_RING_FIELDS:
        if name in values:
            values["key_ring"] = values.pop(name)
    view_options = {name: values.pop(name) for name in VIEW_FIELDS if name in values}
    values["view_options"] = MappingProxyType(view_options)
    return values, problems
