"""A site: its distribution, how it delivers, and the desk of each of its views."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from cfsign.config.configuration import Configuration
from cfsign.signing.distribution import Distribution
from cfsign.views.delivery import Delivery
from cfsign.views.handler import Desk


class Site:
    """
    What one site's settings come to.

    Attributes:
        distribution: Whose files they are.
        delivery: The options of the site, which those of a view go before.
    """

    __slots__ = ("_desks", "delivery", "distribution")

    def __init__(self, distribution: Distribution, delivery: Delivery) -> None:
        """Take both; raises ConfigurationError where the one cannot deliver the other's."""
        self.distribution = distribution
        self.delivery = delivery.check(distribution)
        # A view that is made for one request is not kept for longer.
        self._desks: WeakKeyDictionary[object, Desk] = WeakKeyDictionary()

    def __repr__(self) -> str:
        return f"<Site {self.distribution.domain}>"

    @classmethod
    def from_config(cls, mapping: Mapping[str, Any]) -> Site:
        """
        Make one from `CLOUDFRONT_DOMAIN` and `CLOUDFRONT_CONFIG`, as in a site's settings.

        Raises:
            ConfigurationError: Every mistake in the settings, at once.
        """
        return cls.from_configuration(Configuration.from_mapping(mapping))

    @classmethod
    def from_configuration(cls, configuration: Configuration) -> Site:
        """Make one from settings that were checked before."""
        return cls(
            Distribution.from_configuration(configuration),
            Delivery.from_configuration(configuration),
        )

    def desk(
        self, view: object, key: object = None, *, awaits: bool = True, location: str = ""
    ) -> Desk:
        """
        Return where *view*'s files are asked for, by the site's options but for the view's own.

        Args:
            view: The view, whose attributes are its options.
            key: What has the same desk each time, for as long as it lives; None takes the view.
            awaits: Whether the view awaits its answers.
            location: A whole URL that stands for whatever is asked for.

        Raises:
            ConfigurationError: An option cannot work with this site's distribution.
        """
        key = view if key is None else key
        desk = self._desks.get(key)
        if desk is None:
            delivery = self.delivery.replace(**Delivery.options_of(view))
            delivery = delivery.check(self.distribution, awaits=awaits)
            desk = self._desks[key] = Desk(self.distribution, delivery, location)
        return desk
