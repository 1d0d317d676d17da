"""
Rules for settings that work but are probably not intended.

Settings that cannot work are errors, found by the checks in `cfsign.config.fields`. These rules
find the rest, as warnings and notes. `cfsign doctor` and Django's system checks show them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from cfsign.config.configuration import load_values
from cfsign.config.context import Context, GivenKey, PublicFolder, Ring, load_ring
from cfsign.config.fields import get_host
from cfsign.config.file_checks import (
    check_key_files,
    check_paths,
    check_public_folders,
    check_ring_documents,
)
from cfsign.config.settings import Settings
from cfsign.config.site_settings import SiteSettings
from cfsign.errors import CfsignError, Problem
from cfsign.keys import choose_backend, is_async, is_blocking, is_key_path, is_key_text
from cfsign.limits import DISTRIBUTION_ID, LEGACY_KEY_PAIR_ID, is_loopback
from cfsign.signing.times import to_seconds

_DAY = 86400

# Ids that people mistake for the id of a public key: (pattern, message, hint, rule).
_OTHER_IDS = (
    (
        DISTRIBUTION_ID,
        "E, like the ID of a distribution",
        "use the public key's ID (CloudFront, Key management, Public keys), such as K2JCJMDEHXQW5F",
        "distribution-id",
    ),
    (
        LEGACY_KEY_PAIR_ID,
        "APKA, like a legacy key pair of the root account, which no key group accepts",
        "create a key for a key group: cfsign aws create-key",
        "legacy-key-pair",
    ),
)


def check_config(settings: Settings, public_folders: Iterable[PublicFolder] = ()) -> list[Problem]:
    """
    Return all problems of *settings*: errors, warnings and notes.

    Args:
        settings: The settings; the keys that they name are loaded.
        public_folders: The folders whose files the site serves to the public.
    """
    _, problems = load_values(settings)
    return problems + find_risks(settings, load_ring(settings), public_folders)


def check_site(
    site_settings: SiteSettings, public_folders: Iterable[PublicFolder] = ()
) -> list[Problem]:
    """Return all problems of the settings of a site, of every alias; see `check_config`."""
    folders = tuple(public_folders)
    problems = list(site_settings.problems)
    for settings in site_settings.distributions.values():
        problems += check_config(settings, folders)
    return problems


def find_risks(
    settings: Settings, ring: Ring | None, public_folders: Iterable[PublicFolder] = ()
) -> list[Problem]:
    """
    Return the warnings and notes on *settings*.

    Args:
        settings: The settings, which may have errors.
        ring: The key ring that they name, as `load_ring` returns it.
        public_folders: The folders whose files the site serves to the public.
    """
    keys = [
        GivenKey(
            "key_pair_id",
            "private_key",
            settings.values.get("key_pair_id"),
            settings.values.get("private_key"),
        )
    ]
    if ring is not None:
        keys += [
            GivenKey(
                ring.setting,
                ring.setting,
                pair.key_pair_id,
                pair.private_key,
                f"{pair.key_pair_id}: ",
            )
            for pair in ring.pairs
        ]
    context = Context(settings, ring, tuple(keys), tuple(public_folders))
    return [problem for rule in RULES for problem in rule(context)]


def check_scheme(context: Context) -> Iterator[Problem]:
    """Yield a warning if the domain uses plain http, except for this machine."""
    domain = context.settings.values.get("domain")
    if (
        isinstance(domain, str)
        and domain.lower().startswith("http://")
        and not is_loopback(get_host(domain))
    ):
        yield context.settings.build_problem(
            "domain",
            "plain http is not encrypted: others on the network can read the URL and the file",
            "use https://, and let the distribution redirect or refuse http",
            "warning",
            "plain-http",
        )


def check_key_pair_ids(context: Context) -> Iterator[Problem]:
    """Yield a warning for an id of something else than a public key, without the id itself."""
    for key in context.keys:
        if not isinstance(key.key_pair_id, str):
            continue
        for pattern, meaning, hint, rule in _OTHER_IDS:
            if re.fullmatch(pattern, key.key_pair_id):
                message = f"{key.prefix}the key pair id starts with {meaning}"
                yield context.settings.build_problem(key.id_setting, message, hint, "warning", rule)


def check_backend(context: Context) -> Iterator[Problem]:
    """Yield a warning if a key in this process signs without `cryptography`."""
    local = [key for key in context.keys if _signs_here(key.private_key)]
    if local and choose_backend() == "rsa":
        yield context.settings.build_problem(
            local[0].key_setting,
            "the pure-Python rsa package signs, which takes several milliseconds per URL",
            "pip install cryptography, which signs in about 0.2 ms",
            "warning",
            "slow-backend",
        )


def check_expiry(context: Context) -> Iterator[Problem]:
    """Yield a note if signatures are valid for an unusually long or short time."""
    try:
        seconds = to_seconds(context.settings.values.get("expires_in", 60), "expires_in")
    except CfsignError:  # reported by the check of the setting itself
        return
    if seconds > _DAY:
        message = f"a URL works for {seconds / _DAY:.3g} days, for everyone who has it"
        hint = "a few minutes are enough for a redirect"
        yield context.settings.build_problem("expires_in", message, hint, "note", "long-expiry")
    elif seconds < 10:
        message = f"a URL works for {seconds} s, which is too short for slow clients"
        yield context.settings.build_problem(
            "expires_in", message, "60 s is usual", "note", "short-expiry"
        )


#: Every rule. Each yields the problems that it finds in a `Context`.
RULES: tuple[Callable[[Context], Iterator[Problem]], ...] = (
    check_scheme,
    check_key_pair_ids,
    check_key_files,
    check_ring_documents,
    check_paths,
    check_public_folders,
    check_backend,
    check_expiry,
)


def _signs_here(key: Any) -> bool:
    """Return True if *key* is loaded into this process: not None, not in KMS, not remote."""
    if key is None or is_key_path(key) or is_key_text(key):
        return key is not None
    return not isinstance(key, str) and not is_async(key) and not is_blocking(key)
