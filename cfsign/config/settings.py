"""Read settings from a mapping, such as Flask's config, or from the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from cfsign.config.fields import FIELDS, KEY_RING_FIELDS, OLD_NAMES, SINGLE_KEY_FIELDS
from cfsign.errors import CfsignError, ConfigurationError, Problem
from cfsign.keys import is_key_text
from cfsign.utils.description import describe_name
from cfsign.utils.secret import hide

DOMAIN = "CLOUDFRONT_DOMAIN"
CONFIG = "CLOUDFRONT_CONFIG"
PREFIX = "CLOUDFRONT_"

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
        labels = {name: f"{CONFIG}[{name!r}]" for name in FIELDS} | {"domain": DOMAIN}
        config = hidden.reveal().get(CONFIG)
        problems = []
        if not isinstance(config, Mapping):
            what = "missing" if config is None else f"must be a dict, got {type(config).__name__}"
            hint = "set it to a dict with key_pair_id and private_key"
            problems.append(Problem(CONFIG, what, hint, rule="config"))
            config = {}
        values = {name: value for name, value in config.items() if name in FIELDS}
        for old, name in OLD_NAMES.items():
            if old not in config:
                continue
            if name in values:
                problems.append(_build_conflict(f"{CONFIG}[{old!r}]", labels[name], name))
            values[name] = config[old]
            labels[name] = f"{CONFIG}[{old!r}]"
        problems += [
            _build_unknown(name) for name in config if name not in OLD_NAMES and name not in FIELDS
        ]
        if "domain" in config:
            hint = f"set {DOMAIN} instead"
            problems.append(
                Problem(f"{CONFIG}['domain']", "unknown setting", hint, rule="unknown-setting")
            )
        values["domain"] = hidden.reveal().get(DOMAIN)
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
        known = {*labels.values(), f"{prefix}PRIVATE_KEY_FILE", f"{prefix}EXPIRES"}
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


def _build_unknown(name: object) -> Problem:
    import difflib  # needed for a mistake only, and takes milliseconds to import

    known = [each for each in FIELDS if each != "domain"]
    near = difflib.get_close_matches(str(name), [*known, *OLD_NAMES], n=1)
    hint = f"did you mean {OLD_NAMES.get(near[0], near[0])!r}?" if near else ""
    text = describe_name(name)
    label = f"{CONFIG}[{text}]" if text.startswith(("'", '"')) else f"{CONFIG}, {text}"
    return Problem(label, "unknown setting", hint, rule="unknown-setting")


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
