"""Read settings from a mapping, such as Flask's config, or from the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from cfsign.config.fields import FIELDS, KEY_RING_FIELDS, OLD_NAMES, SINGLE_KEY_FIELDS
from cfsign.errors import CfsignError, ConfigurationError, Problem
from cfsign.keys import is_key_text
from cfsign.utils.description import describe_name
from cfsign.utils.secret import Secret, hide

DOMAIN = "CLOUDFRONT_DOMAIN"
CONFIG = "CLOUDFRONT_CONFIG"
DISTRIBUTIONS = "CLOUDFRONT_DISTRIBUTIONS"
PREFIX = "CLOUDFRONT_"

_CONFIG_HINT = "set it to a dict with key_pair_id and private_key"
_ENTRY_HINT = "set it to a dict with domain, key_pair_id and private_key"

_VARIABLE = "[A-Za-z0-9_]{0,40}"

Level = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Settings:
    """
    The settings of one source, read but not checked.

    Attributes:
        values: The value of each setting that is given, by name.
        labels: The name by which the user knows each setting, such as `CLOUDFRONT_KEY_PAIR_ID`.
        problems: Mistakes in the names: settings that are unknown, misspelt or given twice.
    """

    values: Mapping[str, Any] = field(repr=False)
    labels: Mapping[str, str]
    problems: tuple[Problem, ...] = ()

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Settings:
        """
        Read `CLOUDFRONT_DOMAIN` and `CLOUDFRONT_CONFIG`; ignore every other name.

        Raises:
            ConfigurationError: *mapping* is not a mapping.
        """
        hidden = hide(mapping)
        del mapping
        if not isinstance(hidden.reveal(), Mapping):
            raise ConfigurationError(
                f"the settings must be a mapping, got {type(hidden.reveal()).__name__}",
                hint="use a dict or a Flask application's config",
            )
        config = hidden.reveal().get(CONFIG)
        is_missing = config is None
        settings = cls._read(hide({} if is_missing else config), CONFIG, repr, DOMAIN)
        domain = hidden.reveal().get(DOMAIN)
        if domain is not None:
            settings = replace(settings, values={**settings.values, "domain": domain})
        if is_missing:
            missing = Problem(CONFIG, "missing", _CONFIG_HINT, rule="config")
            settings = replace(settings, problems=(missing, *settings.problems))
        return settings

    @classmethod
    def from_entry(cls, alias: str, entry: object) -> Settings:
        """Read `CLOUDFRONT_DISTRIBUTIONS[alias]`: the settings of a distribution, and `domain`."""
        hidden = hide(entry)
        del entry
        return cls._read(hidden, f'{DISTRIBUTIONS}["{alias}"]', '"{}"'.format)

    @classmethod
    def _read(
        cls,
        hidden: Secret[Any],
        label: str,
        quote: Callable[[str], str],
        domain_label: str = "",
    ) -> Settings:
        """
        Read the dict of one distribution. It raises nothing.

        Args:
            hidden: The dict, which may be anything else.
            label: The setting that holds it.
            quote: Returns a name in quotes.
            domain_label: The setting that holds the domain; "" if the dict does.
        """
        labels = {name: f"{label}[{quote(name)}]" for name in FIELDS}
        if domain_label:
            labels["domain"] = domain_label
        config = hidden.reveal()
        problems = []
        if not isinstance(config, Mapping):
            what = f"must be a dict, got {type(config).__name__}"
            hint = _CONFIG_HINT if domain_label else _ENTRY_HINT
            problems.append(Problem(label, what, hint, rule="config"))
            config = {}
        known = FIELDS.keys() - ({"domain"} if domain_label else set())
        values = {name: config[name] for name in config if name in known}
        for old, name in OLD_NAMES.items():
            if old not in config:
                continue
            old_label = f"{label}[{quote(old)}]"
            if name in values:
                problems.append(_build_conflict(old_label, labels[name], name))
            values[name] = config[old]
            labels[name] = old_label
        for name in config:
            if name == "domain" and domain_label:
                hint = f"set {domain_label} instead"
                unknown = f"{label}[{quote(name)}]"
                problems.append(Problem(unknown, "unknown setting", hint, rule="unknown-setting"))
            elif name not in OLD_NAMES and name not in known:
                problems.append(_build_unknown(name, label, quote, known))
        for name, setting in FIELDS.items():
            if setting.may_be_none and values.get(name) is None:
                values.pop(name, None)
        return cls(values, labels, tuple(problems))

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ, prefix: str = PREFIX) -> Settings:
        """
        Read the environment variables that start with *prefix*; an empty one is not set.

        All but PASSWORD lose white space around the value, and one pair of quotes.
        EXPIRES_IN, EXPIRY_STEP and EXPIRY_JITTER are seconds, or a number with a unit: "15m".
        A variable whose name is almost one of ours is a warning, because it may belong to the
        site. It is an error if the required setting it resembles is missing.
        """
        if not re.fullmatch(_VARIABLE, str(prefix)):
            del environ, prefix  # not shown: they may hold secrets
            raise ConfigurationError(
                "the prefix of the environment variables must be letters, digits and underscores",
                hint=f"the default is {PREFIX}",
            )
        labels = {name: prefix + each.variable for name, each in FIELDS.items() if each.variable}
        known = list_variables(prefix)
        hidden = hide(environ)
        del environ
        # These variables alone: the environment holds the secrets of other programs.
        variables = {
            label: clean_variable(label, hidden.reveal().get(label) or "") for label in known
        }
        names = [name for name in hidden.reveal() if name.startswith(prefix)]
        values: dict[str, Any] = {
            name: variables[label] for name, label in labels.items() if variables[label]
        }
        problems = []
        for variable, name, convert in (
            (f"{prefix}PRIVATE_KEY_FILE", "private_key", Path),
            (f"{prefix}EXPIRES", "expires_in", str),
        ):
            if variables[variable] and convert is Path and is_key_text(variables[variable]):
                message = "must be a path, but it is the key itself"
                hint = f"set {labels[name]} to the key instead"
                problems.append(Problem(variable, message, hint, rule=name))
            elif variables[variable]:
                if name in values:
                    problems.append(_build_conflict(variable, labels[name], name))
                values[name] = convert(variables[variable])
                labels[name] = variable
        if values.get("key_ring", "").lstrip().startswith("{"):
            message = "must be a path, but it is the document itself"
            hint = "write the document to a file, or use KeyRing.from_loader"
            problems.append(Problem(labels["key_ring"], message, hint, rule="key_ring"))
            del values["key_ring"]
        missing = {name for name, each in FIELDS.items() if each.required_hint} - values.keys()
        if variables[labels["key_ring"]]:
            missing -= set(SINGLE_KEY_FIELDS)
        needed = {labels[name] for name in missing}
        if "private_key" in missing:
            needed.add(f"{prefix}PRIVATE_KEY_FILE")
            labels["private_key"] += f" or {prefix}PRIVATE_KEY_FILE"
        problems += _find_misspelt(names, prefix, known, needed)
        for name in list(values):
            parse = FIELDS[name].parse
            if parse is None:
                continue
            try:
                values[name] = parse(values[name])
            except CfsignError as error:
                del values[name]
                problems.append(Problem(labels[name], error.message, error.hint, rule=name))
        return cls(values, labels, tuple(problems))

    def build_problem(
        self, name: str, message: str, hint: str = "", level: Level = "error", rule: str = ""
    ) -> Problem:
        """Return a problem of the setting *name*; *rule* is the name itself if not given."""
        return Problem(self.labels.get(name, name), message, hint, level, rule or name)

    def build_problems(self, name: str, error: CfsignError) -> list[Problem]:
        """Return the problems in *error*, which the check of the setting *name* raised."""
        if not isinstance(error, ConfigurationError):
            return [self.build_problem(name, error.message, error.hint)]
        return [
            self.build_problem(
                name, f"{each.setting}: {each.message}" if each.setting else each.message, each.hint
            )
            for each in error.problems
        ]

    def find_conflicts(self) -> Iterator[Problem]:
        """Yield a problem for each setting that cannot be combined with another one."""
        rings = [name for name in KEY_RING_FIELDS if name in self.values]
        if not rings:
            if "refresh_every" in self.values:
                hint = "set keys or key_ring too, or remove it"
                yield self.build_problem("refresh_every", "has no effect without a key ring", hint)
            return
        if len(rings) > 1:
            yield _build_conflict(self.labels[rings[1]], self.labels[rings[0]], rings[1])
        for name in SINGLE_KEY_FIELDS:
            if self.values.get(name) is not None:
                message = f"cannot be combined with {self.labels[rings[0]]}"
                yield self.build_problem(name, message, "set it on each key of the ring instead")


def list_variables(prefix: str = PREFIX) -> set[str]:
    """Return the names of all environment variables that are settings."""
    variables = [each.variable for each in FIELDS.values() if each.variable]
    return {prefix + name for name in (*variables, "PRIVATE_KEY_FILE", "EXPIRES")}


def clean_variable(name: str, value: str) -> str:
    """
    Return the value of the environment variable *name*, as the settings use it.

    Docker's `--env-file` keeps the quotes of a value, and a file that was written on Windows or
    mounted as a secret adds line ends. A password is not changed.
    """
    if name.endswith("PASSWORD"):
        return value
    value = value.removeprefix("\ufeff").strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1].strip()
    return value


def _build_conflict(one: str, other: str, rule: str) -> Problem:
    return Problem(one, f"cannot be combined with {other}", "remove one of them", rule=rule)


def _build_unknown(
    name: object, label: str, quote: Callable[[str], str], known: Iterable[str]
) -> Problem:
    import difflib  # needed for a mistake only, and takes milliseconds to import

    near = difflib.get_close_matches(str(name), [*sorted(known), *OLD_NAMES], n=1)
    hint = f"did you mean {OLD_NAMES.get(near[0], near[0])!r}?" if near else ""
    text = describe_name(name)
    is_shown = text.startswith(("'", '"'))
    place = f"{label}[{quote(str(name))}]" if is_shown else f"{label}, {text}"
    return Problem(place, "unknown setting", hint, rule="unknown-setting")


def _find_misspelt(
    names: Iterable[str], prefix: str, known: Collection[str], needed: Collection[str]
) -> Iterator[Problem]:
    """Yield a problem for each misspelt name of a *known* variable; an error for a *needed* one."""
    import difflib  # as above

    for name in sorted(names):
        if name in known:
            continue
        for near in difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.9):
            near = f"{prefix}EXPIRES_IN" if near == f"{prefix}EXPIRES" else near
            level: Level = "error" if near in needed else "warning"
            hint = f"did you mean {near}?"
            yield Problem(name, "unknown variable", hint, level, "unknown-setting")
