"""JSON that has one meaning."""

from __future__ import annotations

import json
from typing import Any, NoReturn


class StrictJSONError(ValueError):
    """
    Text that is not JSON, or that JSON readers understand differently.

    Attributes:
        message: What is wrong, without the text itself, which may hold a secret.
        line: Where, counted from 1; None if that is not known.
        column: Where in the line, counted from 1; None if that is not known.
        member: The name of a member that an object has twice, or "".
    """

    def __init__(
        self, message: str, *, line: int | None = None, column: int | None = None, member: str = ""
    ) -> None:
        where = "" if line is None else f" (line {line}, column {column})"
        super().__init__(message + where)
        self.message = message
        self.line = line
        self.column = column
        self.member = member


def parse_json(text: str | bytes) -> Any:
    """
    Parse *text* as JSON (RFC 8259).

    In addition to what Python refuses, these are refused: a member that is given twice (readers
    disagree which one counts); NaN and Infinity; numbers that Python cannot convert; nesting that
    is too deep.

    Args:
        text: JSON; bytes in UTF-8, without a byte-order mark.

    Raises:
        StrictJSONError: The text is not such JSON. The error holds nothing of the text but the
            name of a member that is given twice.
    """
    error: StrictJSONError
    try:
        decoded = text.decode("utf-8") if isinstance(text, bytes) else text
        return json.loads(
            decoded,
            object_pairs_hook=_unique,
            parse_int=parse_integer,
            parse_constant=_refuse_constant,
        )
    except StrictJSONError as found:
        error = found
    except json.JSONDecodeError as found:
        error = StrictJSONError(found.msg, line=found.lineno, column=found.colno)
    except UnicodeDecodeError:
        error = StrictJSONError("it is not UTF-8")
    except (ValueError, RecursionError):
        error = StrictJSONError("a number is too long, or the nesting is too deep")
    # Raised here and from None: the errors above hold the text, which may be secret.
    raise error from None


def parse_integer(text: str) -> int | float:
    """Return the value of a JSON integer. For "-0" it is a float: an int has no negative zero."""
    return -0.0 if text == "-0" else int(text)


def _unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, value in members:
        if name in result:
            raise StrictJSONError(f"the member {name[:40]!r} is given twice", member=name)
        result[name] = value
    return result


def _refuse_constant(name: str) -> NoReturn:
    raise StrictJSONError(f"{name} is not a JSON number")
