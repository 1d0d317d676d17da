"""Report the decision on a request to the observers: one event, after signing."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from cfsign.errors import CfsignError
from cfsign.signing.signed_policy import SignedPolicy
from cfsign.views.decision import Deny
from cfsign.views.events import AccessEvent, Observer, Outcome
from cfsign.views.resource import Refusal

if TYPE_CHECKING:
    from cfsign.views.handler import ViewHandler

_logger = logging.getLogger("cfsign")


@dataclass(frozen=True, slots=True)
class Framework:
    """
    The properties of a framework that the handler uses: its responses, refusals and signals.

    Attributes:
        response_type: The class of the framework's responses, which `authorize` may return; None
            if it cannot. They have the attribute `status_code`.
        get_status: Returns the HTTP status of an exception of the framework that is a response,
            such as `abort(403)`; None for every other exception.
        signal: An observer that is called last. It is false while it has no receiver.
        can_await_observers: False if the views are sync.
    """

    response_type: type[Any] | None = None
    get_status: Callable[[Exception], int | None] = lambda error: None
    signal: Observer | None = None
    can_await_observers: bool = True


#: For an application without a framework.
NO_FRAMEWORK = Framework()


class Recorder:
    """
    Collects what the event of one request holds, and calls the observers.

    Attributes:
        outcome: The outcome so far. A handler sets it.
    """

    __slots__ = (
        "_begin",
        "_duration",
        "_handler",
        "_request",
        "_resource",
        "_signed_policy",
        "outcome",
    )

    def __init__(self, handler: ViewHandler, request: Any, resource: str | Refusal) -> None:
        self._handler = handler
        self._request = request
        self._resource = resource.lstrip("/") if isinstance(resource, str) else None
        self._begin = self._duration = 0.0
        self._signed_policy: SignedPolicy | None = None
        self.outcome: Outcome = "invalid"

    def begin_signing(self) -> None:
        """Start to measure the time."""
        self._begin = perf_counter()

    def end_signing(self, signed_policy: SignedPolicy) -> None:
        """Stop to measure the time."""
        self._duration = perf_counter() - self._begin
        self._signed_policy = signed_policy

    def report(self, status: int) -> Deny | None:
        """
        Call the observers.

        Args:
            status: The HTTP status of the response.

        Returns:
            `Deny(503)` if an observer failed whose `fail_closed` is true, else None.
        """
        given = event = self._build_event(status)
        for observer in _get_observers(self._handler):
            try:
                result = observer(event, self._request)
                if inspect.isawaitable(result):
                    if inspect.iscoroutine(result):
                        result.close()  # else Python would warn later that it was never awaited
                    raise TypeError("an observer of a view that is not async must not be async")
            except Exception as error:
                event = _handle_failure(observer, event, error)
        return None if event is given else Deny(503)

    async def report_async(self, status: int) -> Deny | None:
        """Async version of `report`."""
        given = event = self._build_event(status)
        for observer in _get_observers(self._handler):
            try:
                result = observer(event, self._request)
                if inspect.isawaitable(result):
                    await result
            except Exception as error:
                event = _handle_failure(observer, event, error)
        return None if event is given else Deny(503)

    def get_error_status(self, error: Exception, of_authorize: bool) -> int:
        """Return the status of an exception, 500 for all but the framework's, and set `outcome`."""
        status = self._handler.framework.get_status(error)
        if status is None:
            self.outcome = "error"
        elif of_authorize:
            self.outcome = "refused"
        return 500 if status is None else status

    def _build_event(self, status: int) -> AccessEvent:
        signed = self._signed_policy if self.outcome == "allowed" else None
        if self._begin and not self._duration:  # signing failed
            self._duration = perf_counter() - self._begin
        folder = key_pair_id = hash_algorithm = expires_at = None
        if signed is not None:
            folder = _get_folder(signed.policy.resource, self._handler.distribution.domain)
            key_pair_id, hash_algorithm = signed.key_pair_id, signed.hash_algorithm
            expires_at = signed.policy.expires_at
        return AccessEvent(
            resource=self._resource,
            folder=folder,
            outcome=self.outcome,
            status=status,
            delivery=self._handler.options.delivery,
            domain=self._handler.domain,
            key_pair_id=key_pair_id,
            hash_algorithm=hash_algorithm,
            expires_at=expires_at,
            is_cached=signed is not None and signed.signed_at < self._begin,
            duration=self._duration,
        )


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


def _get_folder(resource: str, domain: str) -> str | None:
    """Return the plain folder that the resource of a policy opens; None if it opens one file."""
    if not resource.endswith("/*"):
        return None
    return unquote(resource.removeprefix(f"{domain}/").removesuffix("*")).rstrip("/") or "/"
