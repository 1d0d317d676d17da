"""Hide secrets from error reports, which print the variables of each frame."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

from cfsign.errors import CfsignError

T = TypeVar("T")
Function = TypeVar("Function", bound=Callable[..., Any])
Class = TypeVar("Class", bound=type)


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


def hide_arguments(function: Function) -> Function:
    """
    Return *function*, so that the traceback of its error has no frame that holds its arguments.

    People pass a key, a password or a signed URL where another value belongs.
    """
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def call_async(*args: Any, **kwargs: Any) -> Any:
            try:
                return await function(*args, **kwargs)
            except CfsignError as error:
                hidden = forget_frames(error)
            finally:
                del args, kwargs
            raise hidden

        return cast(Function, call_async)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except CfsignError as error:
            hidden = forget_frames(error)
        finally:
            del args, kwargs
        raise hidden

    return cast(Function, call)


def hide_init_arguments(cls: Class) -> Class:
    """Return a dataclass, with `hide_arguments` for the `__init__` that was generated for it."""
    cls.__init__ = hide_arguments(cls.__init__)  # type: ignore[misc]  # the class is only known here
    return cls


def forget_frames(error: CfsignError) -> CfsignError:
    """Return *error* without its traceback, and without its context unless that is its cause."""
    if error.__cause__ is None:
        error.__context__ = None
    return error.with_traceback(None)
