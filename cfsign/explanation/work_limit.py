"""How much work one explanation may be, so that no request is a load."""

from __future__ import annotations

# About ten microseconds each, on a machine of 2024: an explanation takes some 15 ms at most.
_UNITS = 1_400

_BYTES_A_UNIT = 1_024
_UNITS_OF_P256 = 6


class Budget:
    """
    What is left of an explanation's work.

    Attributes:
        is_spent: Whether something was left untried for want of it.
    """

    def __init__(self) -> None:
        self._left = _UNITS
        self.is_spent = False

    def allows(self, units: int) -> bool:
        """Take *units* of work from what is left, or tell that there are not so many."""
        self.is_spent = self.is_spent or units > self._left
        if self.is_spent:
            return False
        self._left -= units
        return True


def units_of_verifying(algorithm: str, length: int, times: int = 1) -> int:
    """Return the work of making a document of *length* bytes and verifying signatures over it."""
    return 1 + length // _BYTES_A_UNIT + times * _units_of_key(algorithm)


def _units_of_key(algorithm: str) -> int:
    if not algorithm.startswith("RSA-"):
        return _UNITS_OF_P256
    # The square of the size, as is the time of one multiplication.
    return max(1, (int(algorithm.removeprefix("RSA-")) // 1_024) ** 2 // 2)
