"""Read the members of a JSON document in the form of AWS's API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cfsign.errors import ConfigurationError

HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.1
_VALUE = re.compile(r"[ -~]*")


class Members:
    """The members of a JSON object. Each is read by name and type; unknown ones are refused."""

    def __init__(self, value: object, name: str) -> None:
        if not isinstance(value, Mapping):
            raise ConfigurationError(f"{name} must be a JSON object")
        self._unread = dict(value)
        self._name = name

    def get(self, member: str, kind: type[Any], default: Any = None) -> Any:
        """Return a member; without a default it is required."""
        value = self._unread.pop(member, default)
        if value is None and default is None:
            raise ConfigurationError(f"{self._name} has no {member}")
        # `isinstance` would accept True as an int.
        if type(value) is not kind:
            raise ConfigurationError(f"{member} in {self._name} must be of type {kind.__name__}")
        if kind is str and _VALUE.fullmatch(value) is None:
            raise ConfigurationError(f"{member} in {self._name} must be one line of visible ASCII")
        return value

    def has(self, member: str) -> bool:
        """Return True if a member is given."""
        return self._unread.get(member) is not None

    def get_choice(self, member: str, choices: tuple[str, ...]) -> str:
        """Return a member that is one of *choices*."""
        value: str = self.get(member, str)
        if value not in choices:
            raise ConfigurationError(
                f"{member} in {self._name} cannot be {value!r}", hint=f"use {', '.join(choices)}"
            )
        return value

    def get_seconds(self, member: str) -> int:
        """Return a member that is a number of seconds."""
        value: int = self.get(member, int)
        if value < 0:
            raise ConfigurationError(f"{member} in {self._name} cannot be negative: {value}")
        return value

    def get_object(self, member: str) -> Members | None:
        """Return a member that is an object, or None if it is missing."""
        value = self._unread.pop(member, None)
        return None if value is None else Members(value, member)

    def get_items(self, member: str) -> list[Any]:
        """Return the Items of a list in AWS's form, which also gives their Quantity."""
        inner = self.get_object(member)
        if inner is None:
            return []
        items: list[Any] = inner.get("Items", list, [])
        if inner.get("Quantity", int, len(items)) != len(items):
            raise ConfigurationError(f"Quantity in {member} must be the number of its Items")
        inner.refuse_unknown()
        return items

    def get_texts(self, member: str) -> tuple[str, ...]:
        """Return the Items of a list of strings."""
        items = self.get_items(member)
        for item in items:
            if not isinstance(item, str) or _VALUE.fullmatch(item) is None:
                raise ConfigurationError(f"the Items of {member} must be lines of visible ASCII")
        return tuple(items)

    def get_header_name(self) -> str:
        """Return the member `Header`."""
        name: str = self.get("Header", str)
        if HEADER_NAME.fullmatch(name) is None:
            raise ConfigurationError(f"{name!r} is not the name of a header")
        return name

    def refuse_unknown(self) -> None:
        """Raise ConfigurationError if a member is left that no method has read."""
        for member in self._unread:
            raise ConfigurationError(f"{self._name} has an unknown member: {member!r}")
