"""The settings of a site: those of each of its distributions, from one source."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from cfsign.config.settings import (
    CONFIG,
    DISTRIBUTIONS,
    DOMAIN,
    PREFIX,
    Settings,
    clean_variable,
    list_variables,
)
from cfsign.errors import Problem
from cfsign.utils.description import describe_name
from cfsign.utils.secret import Secret, hide

#: The names of the settings.
NAMES = (DOMAIN, CONFIG, DISTRIBUTIONS)

#: The alias of `CLOUDFRONT_DOMAIN` and `CLOUDFRONT_CONFIG`, and of views that name no other.
DEFAULT = "default"

_logger = logging.getLogger("cfsign")


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """
    The settings of each distribution of a site, read but not checked.

    Attributes:
        distributions: The settings of each distribution, by alias.
        problems: Mistakes that belong to no distribution.
        variables: The environment variables that are used; () if the site sets its settings.
    """

    distributions: Mapping[str, Settings]
    problems: tuple[Problem, ...] = ()
    variables: tuple[str, ...] = ()

    @classmethod
    def read(
        cls, mapping: Mapping[str, Any], environ: Mapping[str, str] | None = None
    ) -> SiteSettings:
        """
        Read the settings of a site, or the environment if the site sets none of them.

        Args:
            mapping: `CLOUDFRONT_DOMAIN` and `CLOUDFRONT_CONFIG`, which are the alias `default`, and
                `CLOUDFRONT_DISTRIBUTIONS`. None stands for a setting that is not set.
            environ: The environment, which is used instead of an empty *mapping*. The two are never
                mixed. None: no environment.

        Raises:
            ConfigurationError: *mapping* is not a mapping.
        """
        hidden, hidden_environ = hide(mapping), hide({} if environ is None else environ)
        can_use_environment = environ is not None
        del mapping, environ
        if not isinstance(hidden.reveal(), Mapping):
            Settings.from_mapping(hidden)  # type: ignore[arg-type]  # not a mapping, so it raises
        given = [name for name in NAMES if hidden.reveal().get(name) is not None]
        variables = _find_variables(hidden_environ)
        if not given and variables:
            environment: Any = hidden_environ
            return cls({DEFAULT: Settings.from_env(environment)}, (), variables)
        distributions: dict[str, Settings] = {}
        problems: tuple[Problem, ...] = ()
        if DISTRIBUTIONS in given:
            entries = hide(hidden.reveal()[DISTRIBUTIONS])
            distributions, problems = _read_distributions(entries)
        if DOMAIN in given or CONFIG in given or not given:
            if DEFAULT in distributions:
                message = f"cannot be combined with {' and '.join(given[:-1])}"
                hint = "remove one: both are the distribution 'default'"
                conflict = Problem(f'{DISTRIBUTIONS}["{DEFAULT}"]', message, hint, rule="config")
                problems = (*problems, conflict)
            else:
                settings: Any = hidden
                default = Settings.from_mapping(settings)
                if can_use_environment and not given:
                    default = _name_environment(default)
                distributions = {DEFAULT: default, **distributions}
        return cls(distributions, problems)

    def log_source(self) -> None:
        """Log whether the site's settings or environment variables are used."""
        if self.variables:
            names = ", ".join(self.variables)
            _logger.info("the settings are those of the environment: %s", names)
        else:
            aliases = ", ".join(map(repr, self.distributions))
            _logger.info("the settings are those of the site, for the distribution %s", aliases)


def _find_variables(environ: Secret[Any]) -> tuple[str, ...]:
    """Return the names of the environment variables that are settings and not empty."""
    return tuple(
        name
        for name in sorted(list_variables(PREFIX))
        if clean_variable(name, environ.reveal().get(name) or "")
    )


def _name_environment(settings: Settings) -> Settings:
    """Return *settings*, which are all missing, with a hint that also names the environment."""
    hint = (
        f"set it to a dict with key_pair_id and private_key; or set none of these, and the "
        f"environment variables {PREFIX}DOMAIN, {PREFIX}KEY_PAIR_ID and {PREFIX}PRIVATE_KEY"
    )
    problems = tuple(
        replace(problem, hint=hint) if problem.setting == CONFIG else problem
        for problem in settings.problems
    )
    return replace(settings, problems=problems)


def _read_distributions(entries: Secret[Any]) -> tuple[dict[str, Settings], tuple[Problem, ...]]:
    """Return the settings of each alias, and the mistakes in the aliases. It raises nothing."""
    hint = "set it to a dict of aliases and settings: {'default': {'domain': ...}, 'videos': {...}}"
    if not isinstance(entries.reveal(), Mapping) or not entries.reveal():
        got = type(entries.reveal()).__name__
        what = "is empty" if isinstance(entries.reveal(), Mapping) else f"must be a dict, got {got}"
        return {}, (Problem(DISTRIBUTIONS, what, hint, rule="config"),)
    distributions, problems = {}, []
    for alias, entry in entries.reveal().items():
        if is_alias(alias):
            distributions[alias] = Settings.from_entry(alias, entry)
        else:
            what = f"an alias must be text without quotes or slashes, got {describe_name(alias)}"
            problems.append(Problem(DISTRIBUTIONS, what, "use a name such as 'videos'"))
    return distributions, tuple(problems)


def is_alias(alias: object) -> bool:
    """Return True if *alias* can be the name of a distribution."""
    return (
        isinstance(alias, str)
        and 0 < len(alias) <= 255
        and alias.isprintable()
        and not {'"', "'", "\\", "/"}.intersection(alias)
    )
