"""Find a site's settings: in the environment, a mapping, a module or a Python file."""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import runpy
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar, cast

from cfsign.config.fields import FIELDS, KEY_RING_FIELDS, OLD_NAMES, SINGLE_KEY_FIELDS
from cfsign.config.settings import CONFIG, DISTRIBUTIONS, DOMAIN, PREFIX, Settings
from cfsign.config.site_settings import DEFAULT, NAMES, SiteSettings
from cfsign.errors import ConfigurationError
from cfsign.utils.secret import Secret, hide

_T = TypeVar("_T")
_TARGET = re.compile(r"(?P<module>.+?)(?::(?P<attribute>[A-Za-z_][\w.]*)(?P<call>\(\))?)?")


def read_environment(
    environ: Mapping[str, str] = os.environ, flags: Mapping[str, Any] | None = None
) -> Settings:
    """
    Return the settings of the `CLOUDFRONT_` variables.

    Args:
        environ: The environment.
        flags: Settings by name, such as "key_pair_id", that replace the environment's.
    """
    hidden, hidden_flags = hide(environ), hide(flags or {})
    del environ, flags
    labels = _make_labels(hidden_flags.reveal())
    replaced = _find_replaced(labels) | labels.keys()
    dropped = {PREFIX + FIELDS[name].variable for name in replaced if name in FIELDS}
    if "private_key" in replaced:
        dropped.add(f"{PREFIX}PRIVATE_KEY_FILE")
    if "expires_in" in replaced:
        dropped.add(f"{PREFIX}EXPIRES")
    # Of the environment, which holds the secrets of other programs, only what is read.
    merged = Secret(
        {
            name: hidden.reveal()[name]
            for name in hidden.reveal()
            if name.startswith(PREFIX) and name not in dropped
        }
    )
    for name in labels:
        merged.reveal()[PREFIX + FIELDS[name].variable] = str(hidden_flags.reveal()[name])
    settings = Settings.from_env(cast(Any, merged))
    return replace(settings, labels={**settings.labels, **labels})


def read_mapping(mapping: Mapping[str, Any], flags: Mapping[str, Any] | None = None) -> Settings:
    """
    Return the settings of `CLOUDFRONT_DOMAIN` and `CLOUDFRONT_CONFIG` in *mapping*.

    Args:
        mapping: The settings, such as a Flask application's config.
        flags: Settings by name that replace the mapping's.
    """
    hidden, hidden_flags = hide(mapping), hide(flags or {})
    del mapping, flags
    labels = _make_labels(hidden_flags.reveal())
    settings = Settings.from_mapping(_merge(hidden, hidden_flags))
    return replace(settings, labels={**settings.labels, **labels})


def _merge(mapping: Secret[Any], flags: Secret[Any]) -> Any:
    """Return the settings of *mapping*, replaced by *flags*, hidden; it never raises."""
    if not isinstance(mapping.reveal(), Mapping):
        return mapping  # refused by `Settings`
    merged = {name: mapping.reveal().get(name) for name in (DOMAIN, CONFIG)}
    in_config = {name: value for name, value in flags.reveal().items() if name != "domain"}
    if "domain" in flags.reveal():
        merged[DOMAIN] = flags.reveal()["domain"]
    config = merged[CONFIG]
    if in_config and (config is None or isinstance(config, Mapping)):
        replaced = _find_replaced(flags.reveal())
        kept = {name: value for name, value in (config or {}).items() if name not in replaced}
        merged[CONFIG] = kept | in_config
    return Secret(merged)


def read_target(target: str, flags: Mapping[str, Any] | None = None) -> Settings:
    """
    Return the settings of `MODULE`, `MODULE:ATTRIBUTE`, `MODULE:FUNCTION()` or a Python file.

    Args:
        target: A module with the settings as names, such as Django's settings or a Flask config
            file; or an attribute of one that has a `config` (a Flask application), is a mapping,
            has the settings as attributes, or is a function that returns one of these.
        flags: Settings by name that replace the target's.

    Raises:
        ConfigurationError: The target cannot be imported, or refuses its own settings.
    """
    return read_site(load_target(target), flags)


def load_target(target: str) -> object:
    """Return the module, application or mapping that *target* names; raises as `read_target`."""
    match = _TARGET.fullmatch(target)
    if match is None:
        raise ConfigurationError(
            f"{target!r} does not name settings", hint="use MODULE, MODULE:ATTRIBUTE or a file"
        )
    return _load(match)


def read_site(site: object, flags: Mapping[str, Any] | None = None) -> Settings:
    """Return the settings in *site*, a result of `load_target`."""
    return read_mapping(_find_mapping(site), flags)


def read_site_settings(
    site: object,
    flags: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> SiteSettings:
    """
    Return the settings of all distributions of *site*, a result of `load_target`.

    They are those of the environment if the site sets none, as in Flask and Django.

    Args:
        site: The module, application or mapping.
        flags: Settings by name that replace those of the distribution `default`.
        environ: The environment.

    Raises:
        ConfigurationError: There are flags, and no distribution `default`.
    """
    hidden: Any = hide(_find_mapping(site))
    hidden_flags, hidden_environ = hide(flags or {}), hide(environ)
    del site, flags, environ
    site_settings = SiteSettings.read(hidden, cast(Any, hidden_environ))
    if not hidden_flags.reveal():
        return site_settings
    if DEFAULT not in site_settings.distributions:
        raise ConfigurationError(
            f"the site has no distribution {DEFAULT!r}, whose settings the options replace",
            hint="remove the options, or change the site's settings",
        )
    default = _replace_default(site_settings, hidden, hidden_flags, hidden_environ)
    distributions = {**site_settings.distributions, DEFAULT: default}
    return replace(site_settings, distributions=distributions)


def _replace_default(
    site_settings: SiteSettings, mapping: Any, flags: Any, environ: Any
) -> Settings:
    """Return the settings of `default`, replaced by *flags*; all arguments are hidden."""
    if site_settings.variables:
        return read_environment(environ, flags)
    entries = mapping.reveal().get(DISTRIBUTIONS)
    if not isinstance(entries, Mapping) or DEFAULT not in entries:
        return read_mapping(mapping, flags)
    entry = entries[DEFAULT]
    if isinstance(entry, Mapping):
        replaced = _find_replaced(flags.reveal())
        kept = {name: value for name, value in entry.items() if name not in replaced}
        entry = kept | flags.reveal()
    settings = Settings.from_entry(DEFAULT, entry)
    return replace(settings, labels={**settings.labels, **_make_labels(flags.reveal())})


def _make_labels(flags: Iterable[str]) -> dict[str, str]:
    """Return the command-line options, by the names of their settings."""
    return {name: f"--{name.replace('_', '-')}" for name in flags}


def _find_replaced(flags: Collection[str]) -> set[str]:
    """Return the other settings that *flags* replace: a key replaces a ring, and a ring a key."""
    replaced = {old for old, name in OLD_NAMES.items() if name in flags}
    if "key_ring" in flags:
        replaced |= {"priv_key_string", *SINGLE_KEY_FIELDS, *KEY_RING_FIELDS} - set(flags)
    elif "private_key" in flags:
        replaced |= {*KEY_RING_FIELDS, "refresh_every"}
    return replaced


def _load(match: re.Match[str]) -> object:
    module = run_site_code(match["module"], lambda: _import(match["module"]))
    if match["attribute"] is None:
        return _find_application(module)
    found: Any = module
    for name in match["attribute"].split("."):
        found = found.get(name) if isinstance(found, dict) else getattr(found, name, None)
        if found is None:
            raise ConfigurationError(
                f"{match['module']} has no attribute {match['attribute']}", hint="check the name"
            )
    return run_site_code(match[0], found) if match["call"] else found


def _import(name: str) -> object:
    if name.endswith(".py"):
        return runpy.run_path(name)
    # `python -m` adds the working directory; a console script does not.
    if "" not in sys.path and os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    return importlib.import_module(name)


def run_site_code(name: str, code: Callable[[], _T]) -> _T:
    """Run the site's code, which may print and may raise any error."""
    try:
        with contextlib.redirect_stdout(sys.stderr):
            return code()
    except ConfigurationError:  # the site's own start-up reports the problems of its settings
        raise
    except (Exception, SystemExit) as error:
        # Only the text of an import error is shown: others may contain the site's secrets.
        what = f": {error}" if isinstance(error, ImportError | FileNotFoundError) else ""
        raise ConfigurationError(
            f"{name} cannot be loaded ({type(error).__name__}{what})",
            hint="run this in the site's folder, with its environment",
        ) from None


def _find_application(module: object) -> object:
    """Return the application in *module*; or *module*, if it has settings or no application."""
    names = _find_mapping(module)
    if any(name in names for name in NAMES):
        return module
    members = module if isinstance(module, dict) else vars(module)
    for name in ("app", "application"):
        if isinstance(getattr(members.get(name), "config", None), Mapping):
            return members[name]
    return module


def _find_mapping(found: object) -> Mapping[str, Any]:
    """Return the settings: the attribute `config`, the mapping itself, or all names in capitals."""
    config = getattr(found, "config", None)
    if isinstance(config, Mapping):
        return config
    if isinstance(found, Mapping):
        return found
    return {name: getattr(found, name) for name in dir(found) if name.isupper()}
