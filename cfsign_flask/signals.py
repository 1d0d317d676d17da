"""The signal that a view sends with the event of each request."""

from __future__ import annotations

import inspect
from typing import Any

from blinker import Namespace
from flask import current_app

from cfsign.views import AccessEvent, log_failure

#: Sent after signing and before the response leaves, with the application as the sender and the
#: `AccessEvent` as the argument `event`. An error of a receiver is logged.
access_decided = Namespace().signal("access-decided")


class AccessSignal:
    """The observer that sends `access_decided`; false while it has no receiver."""

    def __bool__(self) -> bool:
        return bool(access_decided.receivers)

    def __call__(self, event: AccessEvent, request: Any) -> None:
        """Call each receiver, also after one has raised; `Signal.send` would stop there."""
        app = current_app._get_current_object()  # type: ignore[attr-defined]  # of the proxy, not the app
        for receiver in access_decided.receivers_for(app):
            try:
                result = receiver(app, event=event)
                if inspect.iscoroutine(result):
                    result.close()  # else Python would warn later that it was never awaited
                    raise TypeError("a receiver of access_decided must not be async")
            except Exception as error:  # a receiver may raise anything
                log_failure(receiver, error)
