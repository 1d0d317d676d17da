"""The whole examination: every finding, none of which hides another."""

from __future__ import annotations

import os
import re
import time
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

from cfsign.config.configuration import Configuration
from cfsign.doctor.domain import examine_domain
from cfsign.doctor.finding import SEVERITIES, Finding
from cfsign.doctor.key_file import examine_key_file, examine_path
from cfsign.doctor.key_pair_id import examine_key_pair_id
from cfsign.doctor.key_ring import examine_ring, ring_of
from cfsign.doctor.loaded_key import key_of, keys_of_ring
from cfsign.doctor.settings import Settings
from cfsign.doctor.verification import match_public_key, try_configuration, try_key
from cfsign.errors import CfsignError, ConfigurationError
from cfsign.signing.times import lifetime_from_text, lifetime_seconds

_PROBLEM = re.compile(
    r"(?P<label>[A-Z_]+(?:\['.*?'\])?)(?: or [A-Z_]+)?(?:: | (?=is ))(?P<what>.*)", re.DOTALL
)
_DAY = 86400
_SHORT = 10


def diagnose(settings: Settings, public_key: str | os.PathLike[str] | None = None) -> list[Finding]:
    """
    Examine *settings*, the errors first.

    Args:
        settings: What the site would use.
        public_key: The path of the public key that CloudFront knows, if it is at hand.
    """
    configuration, found = _configured(settings)
    sharper = list(_examined(settings))
    settled = _at_fault(sharper)
    findings = [finding for finding in found if finding.setting not in settled] + sharper
    findings += _lasting(settings)
    keys = list(key_of(settings, configuration, _at_fault(findings)))
    ring = ring_of(settings)
    if ring is not None:
        setting, source, pairs = ring
        findings += examine_ring(setting, source, pairs, time.time())
        keys += keys_of_ring(setting, pairs)
    usable = []
    for held in keys:
        told = list(try_key(held))
        findings += told
        if not _at_fault(told):
            usable.append(held)
    matched = (
        [] if public_key is None else list(match_public_key("--public-key", usable, public_key))
    )
    findings += matched
    if configuration is not None:
        tried = try_configuration(configuration, keys, usable)
        # That a key's own half allows a URL means nothing where CloudFront has another.
        findings += [told for told in tried if told.severity == "error" or not _at_fault(matched)]
    return sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))


def _configured(settings: Settings) -> tuple[Configuration | None, list[Finding]]:
    """Check as the site itself would, and turn what it would say into findings."""
    configuration: Configuration | None = None
    problems: tuple[str, ...] = ()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            configuration = settings.read()
        except ConfigurationError as error:
            problems = tuple(map(str, error.problems))
    findings = [_problem(settings, problem) for problem in problems]
    findings += [
        Finding.from_message("warning", "settings", str(warning.message)) for warning in caught
    ]
    return configuration, findings


def _problem(settings: Settings, problem: str) -> Finding:
    match = _PROBLEM.fullmatch(problem)
    if match is None:
        return Finding.from_message("error", "settings", problem)
    names = {label: name for name, label in settings.labels.items()}
    name = names.get(match["label"])
    setting = match["label"] if name is None else settings.shown(name)
    return Finding.from_message("error", setting, match["what"])


def _examined(settings: Settings) -> Iterator[Finding]:
    examiners = {
        "domain": examine_domain,
        "key_pair_id": examine_key_pair_id,
        "private_key": examine_key_file,
        "key_ring": examine_path,
    }
    for name, examine in examiners.items():
        if name in settings.values:
            yield from examine(settings.shown(name), settings.values[name])


def _lasting(settings: Settings) -> Iterator[Finding]:
    seconds = _seconds(settings.values.get("expires"))
    if seconds is None:
        return
    label = settings.shown("expires")
    if seconds > _DAY:
        found = f"a URL lasts {seconds / _DAY:.3g} days, and opens the file for whoever has it"
        yield Finding("note", label, found, "minutes are enough for a redirect")
    elif seconds < _SHORT:
        found = f"a URL lasts {seconds} s, which a slow viewer or a clock that is off uses up"
        yield Finding("note", label, found, "a minute is usual")


def _seconds(lifetime: Any) -> int | None:
    """Read a lifetime as the settings have it; None is none that they may have."""
    try:
        if isinstance(lifetime, str):
            lifetime = lifetime_from_text(lifetime, "expires")
        return lifetime_seconds(lifetime, "expires")
    except CfsignError:  # which the settings' own check has told
        return None


def _at_fault(findings: Iterable[Finding]) -> set[str]:
    return {finding.setting for finding in findings if finding.severity == "error"}
