"""The facts about a web framework that the handler of a view needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cfsign.views.events import Observer


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
        source: Where the decision is from, for the error if it is not understood.
    """

    response_type: type[Any] | None = None
    get_status: Callable[[Exception], int | None] = lambda error: None
    signal: Observer | None = None
    can_await_observers: bool = True
    source: str = "authorize returned"


#: For an application without a framework.
NO_FRAMEWORK = Framework()
