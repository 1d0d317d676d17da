"""The file of a request, as `resource_for` of a view names it, before `authorize` is called."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeAlias

from cfsign.errors import DecisionError
from cfsign.utils.secret import Secret, hide
from cfsign.views.decision import Deny

#: Why `resource_for` named no file: its `Deny`, or the exception that it raised.
Refusal: TypeAlias = Deny | Exception


def find_resource(resource_for: Callable[[], object]) -> str | Refusal:
    """
    Return the plain path of the requested file, for `ViewHandler.file_request`.

    Args:
        resource_for: Calls the view's `resource_for` with the variables of the route.

    Returns:
        The path, which is not validated yet; or the `Deny` that *resource_for* returned; or the
        exception that it raised, which `ViewHandler.handle` raises again and reports. A result of
        another type is a `DecisionError`.
    """
    try:
        result = resource_for()
        if isinstance(result, (str, Deny)):  # a union would be built at each request
            return result
        hidden = hide(result)
        del result  # error reports print the variables of a frame that raises
        raise _build_error(hidden)
    except Exception as error:  # `ViewHandler.handle` raises it again
        return error


async def find_resource_async(resource_for: Callable[[], object]) -> str | Refusal:
    """Async version of `find_resource`; *resource_for* may be async or not."""
    try:
        result = resource_for()
        if inspect.isawaitable(result):
            result = await result
        if isinstance(result, (str, Deny)):
            return result
        hidden = hide(result)
        del result
        raise _build_error(hidden)
    except Exception as error:  # `ViewHandler.handle` raises it again
        return error


def _build_error(hidden: Secret[Any]) -> DecisionError:
    result = hidden.reveal()
    if inspect.iscoroutine(result):
        result.close()  # otherwise Python warns that it was never awaited
        return DecisionError(
            "resource_for returned a coroutine that was not awaited",
            hint="use a plain function, or the async view",
        )
    kind = "None" if result is None else f"a {type(result).__name__}"
    return DecisionError(
        f"resource_for returned {kind}",
        hint="return the plain path of the file as text, or Deny(404) without a file",
    )
