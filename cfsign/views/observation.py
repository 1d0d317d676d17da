"""Observers: build the event of a request after signing, and call each observer with it."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from cfsign.errors import CfsignError
from cfsign.views.decision import Deny
from cfsign.views.events import AccessEvent, Observer, Outcome
from cfsign.views.file_request import FileRequest
from cfsign.views.resource import Refusal
from cfsign.views.response import ViewResponse

if TYPE_CHECKING:
    from cfsign.views.handler import ViewHandler

_logger = logging.getLogger("cfsign")


def build_event(
    handler: ViewHandler,
    resource: str | Refusal,
    file_request: FileRequest | Refusal,
    response: Any,
) -> AccessEvent:
    """
    Return the event of a request.

    Args:
        handler: The handler of the view.
        resource: The plain path of the file; or why there is no path.
        file_request: The validated request; or why it is not valid.
        response: Our response or refusal, or the framework's own response.
    """
    if not isinstance(response, ViewResponse | Deny):
        return _build(handler, resource, file_request, "refused", response.status_code)
    outcome = file_request.outcome if isinstance(file_request, FileRequest) else "invalid"
    return _build(handler, resource, file_request, outcome, response.status)


def build_error_event(
    handler: ViewHandler,
    resource: str | Refusal,
    file_request: FileRequest | Refusal,
    error: Exception,
) -> AccessEvent:
    """Return the event of a request that ends with an exception; see `build_event`."""
    status = handler.framework.get_status(error)
    if status is None:
        return _build(handler, resource, file_request, "error", 500)
    # `resource_for` raised it, or `authorize`.
    outcome: Outcome = "invalid" if error is file_request else "refused"
    return _build(handler, resource, file_request, outcome, status)


def report(handler: ViewHandler, event: AccessEvent, request: Any) -> Deny | None:
    """
    Call the observers.

    Returns:
        `Deny(503)` if an observer failed whose `fail_closed` is true, else None.
    """
    given = event
    for observer in _get_observers(handler):
        try:
            result = observer(event, request)
            if inspect.isawaitable(result):
                if inspect.iscoroutine(result):
                    result.close()  # else Python would warn later that it was never awaited
                raise TypeError("an observer of a view that is not async must not be async")
        except Exception as error:  # an observer may raise anything
            event = _handle_failure(observer, event, error)
    return None if event is given else Deny(503)


async def report_async(handler: ViewHandler, event: AccessEvent, request: Any) -> Deny | None:
    """Async version of `report`."""
    given = event
    for observer in _get_observers(handler):
        try:
            result = observer(event, request)
            if inspect.isawaitable(result):
                await result
        except Exception as error:  # an observer may raise anything
            event = _handle_failure(observer, event, error)
    return None if event is given else Deny(503)


def order_observers(observers: Iterable[Observer]) -> tuple[Observer, ...]:
    """
    Return *observers*, those first whose `fail_closed` is true.

    If one of them fails, the others get the event of the refusal.
    """
    return tuple(sorted(observers, key=lambda observer: not _fails_closed(observer)))


def is_async_observer(observer: Callable[..., object]) -> bool:
    """Return True if calling *observer* returns a coroutine."""
    call = getattr(observer, "__call__", None)  # noqa: B004  of an object
    return inspect.iscoroutinefunction(observer) or inspect.iscoroutinefunction(call)


def describe_observer(observer: object) -> str:
    """Return the name of a function, or of an object's class: a repr may hold anything."""
    return str(getattr(observer, "__qualname__", type(observer).__qualname__))


def log_failure(observer: object, error: Exception) -> None:
    """Log that an observer or a receiver raised *error*."""
    _logger.error("the observer %s %s", describe_observer(observer), describe_failure(error))


def describe_failure(error: Exception) -> str:
    """
    Return what a function of the site raised, and where, for a log.

    The text of a foreign error is left out: it may hold anything of the request.
    """
    text = f": {error}" if isinstance(error, CfsignError) else ""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = "" if trace is None else f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
    return f"raised {type(error).__name__}{place}{text}"


def _get_observers(handler: ViewHandler) -> tuple[Observer, ...]:
    signal = handler.framework.signal
    return (*handler.observers, signal) if signal else handler.observers


def _build(
    handler: ViewHandler,
    resource: str | Refusal,
    file_request: FileRequest | Refusal,
    outcome: Outcome,
    status: int,
) -> AccessEvent:
    valid = file_request if isinstance(file_request, FileRequest) else None
    signed = valid.signed_policy if valid is not None and outcome == "allowed" else None
    return AccessEvent(
        resource=resource.lstrip("/") if isinstance(resource, str) else None,
        folder=None if signed is None else _get_folder(signed.policy.resource, handler),
        outcome=outcome,
        status=int(status),
        delivery=handler.options.delivery,
        domain=handler.domain,
        key_pair_id=None if signed is None else signed.key_pair_id,
        hash_algorithm=None if signed is None else signed.hash_algorithm,
        expires_at=None if signed is None else signed.policy.expires_at,
        is_cached=valid is not None and valid.is_cached,
        duration=0.0 if valid is None else valid.duration,
    )


def _fails_closed(observer: Observer) -> bool:
    return bool(getattr(observer, "fail_closed", False))


def _handle_failure(observer: Observer, event: AccessEvent, error: Exception) -> AccessEvent:
    """Log the error; return the event of the refusal if *observer* fails closed."""
    log_failure(observer, error)
    if not _fails_closed(observer):
        return event
    return replace(
        event,
        folder=None,
        outcome="error",
        status=503,
        key_pair_id=None,
        hash_algorithm=None,
        expires_at=None,
        is_cached=False,
    )


def _get_folder(resource: str, handler: ViewHandler) -> str | None:
    """Return the plain folder that the resource of a policy opens; None if it opens one file."""
    if not resource.endswith("/*"):
        return None
    path = resource.removeprefix(f"{handler.distribution.domain}/").removesuffix("*")
    return unquote(path).rstrip("/") or "/"
