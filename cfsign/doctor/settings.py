"""Where a site's settings are, and what they say, unchecked."""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import runpy
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from cfsign.config.configuration import CONFIG, DOMAIN, Configuration
from cfsign.config.fields import ONE_KEYS_OWN, RINGS, VARIABLES
from cfsign.errors import ConfigurationError

_PREFIX = "CLOUDFRONT_"
_KEY_FILE = f"{_PREFIX}PRIVATE_KEY_FILE"

#: The settings that the doctor looks into, beyond what `Configuration` checks.
_NAMES = (
    "domain",
    "key_pair_id",
    "private_key",
    "password",
    "hash_algorithm",
    "expires",
    "keys",
    "key_ring",
)

_TARGET = re.compile(r"(?P<module>.+?)(?::(?P<attribute>[A-Za-z_][\w.]*)(?P<call>\(\))?)?")


@dataclass(frozen=True, slots=True)
class Settings:
    """
    The settings of one source.

    Attributes:
        source: The source, for the user, such as "the environment".
        values: What it says for each of the settings that are looked into.
        labels: What each setting is called there.
        read: Reads and checks all of them, or raises ConfigurationError.
        flags: The settings that the command line gave in place of the source.
    """

    source: str
    values: Mapping[str, Any] = field(repr=False)
    labels: Mapping[str, str] = field(repr=False)
    read: Callable[[], Configuration] = field(repr=False)
    flags: frozenset[str] = frozenset()

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str] = os.environ, flags: Mapping[str, Any] | None = None
    ) -> Settings:
        """
        Take the environment's `CLOUDFRONT_` variables.

        Args:
            environ: The environment.
            flags: Settings by name, such as "key_pair_id", in place of the environment's.
        """
        flags = flags or {}
        labels = {name: _PREFIX + VARIABLES[name] for name in _NAMES if name in VARIABLES}
        dropped = {labels[name] for name in _in_place_of(flags) if name in labels}
        if "private_key" in flags or "key_ring" in flags:
            dropped.add(_KEY_FILE)
        given = {labels[name]: str(value) for name, value in flags.items()}
        stated = {name: value for name, value in environ.items() if name not in dropped} | given
        values: dict[str, Any] = {
            name: stated[label] for name, label in labels.items() if stated.get(label)
        }
        if stated.get(_KEY_FILE):
            values["private_key"] = Path(stated[_KEY_FILE])
            labels["private_key"] = _KEY_FILE
        read = partial(Configuration.from_env, stated)
        return cls(_named("the environment", flags), values, labels, read, frozenset(flags))

    @classmethod
    def from_target(cls, target: str, flags: Mapping[str, Any] | None = None) -> Settings:
        """
        Take what `MODULE`, `MODULE:ATTRIBUTE` or a Python file has.

        Args:
            target: A module with the settings as names, as Django's or a Flask config file; or
                something in it that has a `config`, as a Flask application, is a mapping, or has
                them as attributes. `module:create_app()` calls what it names.
            flags: Settings by name, in place of the target's.

        A target that does not load, or whose own start-up refuses its settings, has none; `read`
        raises why.

        Raises:
            ConfigurationError: The target is not written as one.
        """
        match = _TARGET.fullmatch(target)
        if match is None:
            raise ConfigurationError("give MODULE, MODULE:ATTRIBUTE or a Python file")
        try:
            mapping = _mapping_of(_load(match))
        except ConfigurationError as error:
            return cls(target, {}, {}, partial(_raise, error))
        return cls.from_mapping(target, mapping, flags)

    @classmethod
    def from_mapping(
        cls, source: str, mapping: Mapping[str, Any], flags: Mapping[str, Any] | None = None
    ) -> Settings:
        """
        Take `CLOUDFRONT_DOMAIN` and `CLOUDFRONT_CONFIG`, as a Flask application's config has them.

        Args:
            source: What to call it.
            mapping: The settings.
            flags: Settings by name, in place of the mapping's.
        """
        flags = flags or {}
        stated = _with_flags(mapping, flags)
        config = stated.get(CONFIG)
        settings = dict(config) if isinstance(config, Mapping) else {}
        labels = {name: f"{CONFIG}[{name!r}]" for name in _NAMES} | {"domain": DOMAIN}
        if "priv_key_string" in settings and "private_key" not in settings:
            settings["private_key"] = settings["priv_key_string"]
            labels["private_key"] = f"{CONFIG}['priv_key_string']"
        settings["domain"] = stated.get(DOMAIN)
        values = {name: settings[name] for name in _NAMES if settings.get(name) is not None}
        read = partial(Configuration.from_mapping, stated)
        return cls(_named(source, flags), values, labels, read, frozenset(flags))

    def shown(self, name: str) -> str:
        """Return what the user calls the setting *name*."""
        return f"--{name.replace('_', '-')}" if name in self.flags else self.labels[name]


def _named(source: str, flags: Mapping[str, Any]) -> str:
    return f"{source} and the options given" if flags else source


def _raise(error: ConfigurationError) -> NoReturn:
    raise error


def _with_flags(mapping: Mapping[str, Any], flags: Mapping[str, Any]) -> dict[str, Any]:
    stated = dict(mapping)
    given = {name: value for name, value in flags.items() if name != "domain"}
    if "domain" in flags:
        stated[DOMAIN] = flags["domain"]
    config = stated.get(CONFIG)
    if given and (config is None or isinstance(config, Mapping)):
        kept = dict(config or {})
        for name in _in_place_of(given):
            kept.pop(name, None)
        stated[CONFIG] = kept | given
    return stated


def _in_place_of(flags: Mapping[str, Any]) -> set[str]:
    """Name what the flags stand in for besides their own settings: one key, or a ring."""
    if "key_ring" in flags:
        return {"priv_key_string", *ONE_KEYS_OWN, *RINGS} - flags.keys()
    return {"priv_key_string", *RINGS, "refresh_every"} if "private_key" in flags else set()


def _load(match: re.Match[str]) -> object:
    module = _run(match["module"], lambda: _import(match["module"]))
    if match["attribute"] is None:
        return _application_of(module)
    found: Any = module
    for name in match["attribute"].split("."):
        found = found.get(name) if isinstance(found, dict) else getattr(found, name, None)
        if found is None:
            raise ConfigurationError(f"{match['module']} has no {match['attribute']}")
    return _run(match[0], found) if match["call"] else found


def _import(name: str) -> object:
    if name.endswith(".py"):
        return runpy.run_path(name)
    # As `python -m` does, and a console script does not.
    if "" not in sys.path and os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    return importlib.import_module(name)


def _run(name: str, code: Callable[[], object]) -> object:
    """Run the site's own code, which may print and may raise anything."""
    try:
        with contextlib.redirect_stdout(sys.stderr):
            return code()
    except ConfigurationError:  # the site's own start-up has said all that is wrong
        raise
    except (Exception, SystemExit) as error:
        # Only an import's message is shown: any other may hold what the site keeps secret.
        what = f": {error}" if isinstance(error, ImportError | FileNotFoundError) else ""
        raise ConfigurationError(
            f"{name} does not load ({type(error).__name__}{what}); run this in the site's folder, "
            "with its environment"
        ) from None


def _application_of(module: object) -> object:
    """Return the application in *module* where the module has no settings of its own."""
    names = _mapping_of(module)
    if DOMAIN in names or CONFIG in names:
        return module
    everything = module if isinstance(module, dict) else vars(module)
    for name in ("app", "application"):
        if isinstance(getattr(everything.get(name), "config", None), Mapping):
            return everything[name]
    return module


def _mapping_of(found: object) -> Mapping[str, Any]:
    """Return the settings in *found*: its `config`, itself, or its attributes in capitals."""
    config = getattr(found, "config", None)
    if isinstance(config, Mapping):
        return config
    if isinstance(found, Mapping):
        return found
    return {name: getattr(found, name) for name in dir(found) if name.isupper()}
