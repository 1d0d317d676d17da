"""The signal that a view sends with the event of each request."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

from django.dispatch import Signal
from django.http import HttpRequest

from cfsign.views import AccessEvent

#: Sent after signing and before the response leaves, with the class `AccessEvent` as the sender and
#: the arguments `event` and `request`. Django logs an error of a receiver.
access_decided = Signal()


class AccessSignal:
    """The observer that sends `access_decided`; false while it has no receiver."""

    def __bool__(self) -> bool:
        return bool(access_decided.receivers)

    def __call__(self, event: AccessEvent, request: HttpRequest) -> Awaitable[Any] | None:
        """Send the signal; in an async view, return what sends it."""
        arguments = {"event": event, "request": request}
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            access_decided.send_robust(AccessEvent, **arguments)
            return None
        return access_decided.asend_robust(AccessEvent, **arguments)
