"""Hide secrets from error reports, which print the variables of each frame."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Secret(Generic[T]):
    """
    A value that `repr` does not show.

    A public function that takes a secret hides it first, and deletes its own argument. Call
    `reveal` inside an expression, and never in a frame that may raise and keeps the result.
    """

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value = value

    def __repr__(self) -> str:
        return "<secret>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and bool(self._value == other._value)

    __hash__ = None  # type: ignore[assignment]  # the value may be a mapping

    def reveal(self) -> T:
        """Return the value."""
        return self._value


def hide(value: object) -> Secret[Any]:
    """Return *value* as a secret; a secret is returned unchanged."""
    return value if isinstance(value, Secret) else Secret(value)
