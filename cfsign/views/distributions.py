"""The distributions of a site, by alias."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from cfsign.config.site_settings import is_alias
from cfsign.errors import ConfigurationError
from cfsign.signing.distribution import Distribution
from cfsign.utils.description import describe_name
from cfsign.utils.secret import hide_arguments


class UnknownDistributionError(ConfigurationError, KeyError):
    """
    An alias that is not in the site's settings.

    It is also a KeyError, as for any mapping, so that `get` and `in` work.
    """

    __str__ = Exception.__str__  # that of KeyError returns a repr

    def __init__(self, alias: object, known: Iterable[str]) -> None:
        names = ", ".join(map(repr, known)) or "none"
        super().__init__(
            f"there is no distribution {describe_name(alias)}; the site has {names}",
            hint="use one of these, or add it to CLOUDFRONT_DISTRIBUTIONS",
        )


class Distributions(Mapping[str, Distribution]):
    """
    A read-only mapping of aliases to distributions.

    Raises:
        ConfigurationError: The alias is unknown. The error lists those that exist.
    """

    __slots__ = ("_by_alias",)

    def __init__(self, by_alias: Mapping[str, Distribution]) -> None:
        self._by_alias = dict(by_alias)

    def __repr__(self) -> str:
        return f"<Distributions {', '.join(map(repr, self._by_alias))}>"

    @hide_arguments
    def __getitem__(self, alias: str) -> Distribution:
        distribution = self._by_alias.get(alias)
        if distribution is None:
            raise UnknownDistributionError(alias, self._by_alias)
        return distribution

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_alias)

    def __len__(self) -> int:
        return len(self._by_alias)

    @hide_arguments
    def choose(self, distribution: str | Distribution) -> Distribution:
        """
        Return *distribution*, or the one with this alias.

        Raises:
            ConfigurationError: The alias is unknown, or it is neither text nor a `Distribution`.
        """
        chosen = check_choice(distribution)
        return chosen if isinstance(chosen, Distribution) else self[chosen]


def check_choice(distribution: object) -> str | Distribution:
    """Return *distribution* if it is an alias or a `Distribution`, else raise."""
    if isinstance(distribution, Distribution):
        return distribution
    if isinstance(distribution, str) and is_alias(distribution):
        return distribution
    got = type(distribution).__name__
    if isinstance(distribution, str):
        got = "a URL" if "://" in distribution else "text that is not an alias"
    del distribution  # it may be the settings
    raise ConfigurationError(
        f"distribution must be an alias or a Distribution, got {got}",
        hint="use an alias of CLOUDFRONT_DISTRIBUTIONS, or Distribution(domain, signer)",
    )
