"""The members of a JSON object, of which none is overlooked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cfsign.errors import ConfigurationError

_VALUE = re.compile(r"[ -~]*")


class Members:
    """The members of one JSON object, each of which is asked for by name and type."""

    def __init__(self, value: object, name: str) -> None:
        if not isinstance(value, Mapping):
            raise ConfigurationError(f"{name} must be a JSON object")
        self._left = dict(value)
        self._name = name

    def get(self, member: str, kind: type[Any], default: Any = None) -> Any:
        """Return a member; without a default it must be there."""
        value = self._left.pop(member, default)
        if value is None and default is None:
            raise ConfigurationError(f"{self._name} has no {member}")
        # The type itself, since True is an int too.
        if type(value) is not kind:
            raise ConfigurationError(f"{member} in {self._name} must be of type {kind.__name__}")
        if kind is str and _VALUE.fullmatch(value) is None:
            raise ConfigurationError(f"{member} in {self._name} must be one line of visible ASCII")
        return value

    def optional(self, member: str, kind: type[Any]) -> Any:
        """Return a member, or None where it is not there."""
        return self.get(member, kind) if self._left.get(member) is not None else None

    def inner(self, member: str) -> Members | None:
        """Return a member that is an object itself, or None where it is not there."""
        value = self._left.pop(member, None)
        return None if value is None else Members(value, member)

    def items(self, member: str = "") -> list[Any]:
        """Return the Items of a list in AWS's form, which counts them too."""
        if member:
            inner = self.inner(member)
            return [] if inner is None else inner.items()
        items = self.get("Items", list, [])
        if self.get("Quantity", int, len(items)) != len(items):
            raise ConfigurationError(f"Quantity in {self._name} must be the number of its Items")
        self.refuse_others()
        return list(items)

    def texts(self, member: str) -> tuple[str, ...]:
        """Return the Items of a list that must be texts."""
        items = self.items(member)
        for item in items:
            if not isinstance(item, str) or _VALUE.fullmatch(item) is None:
                raise ConfigurationError(f"the Items of {member} must be lines of visible ASCII")
        return tuple(items)

    def refuse_others(self) -> None:
        """Refuse the object if anything in it was not asked for."""
        for member in self._left:
            raise ConfigurationError(f"{self._name} has a member that is not known: {member!r}")
