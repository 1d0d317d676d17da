"""The base class of `WSGIEdge` and `ASGIEdge`."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from typing import Generic, TypeVar

from cfsign.edge.access import AccessCheck, Clock
from cfsign.edge.access_log import Log
from cfsign.edge.behaviors import METHODS, Behavior, TrustedKeys
from cfsign.edge.response_headers import ResponseHeadersPolicy
from cfsign.utils.secret import hide_arguments

Application = TypeVar("Application")


class Middleware(Generic[Application]):
    """
    A local CloudFront edge around an application.

    Args:
        app: The origin: the application to wrap.
        trusted_keys: A `TrustedKeyGroup`, or a mapping of key pair ids to public keys, for all
            paths that match no behavior; None makes these paths open.
        behaviors: The cache behaviors with a path pattern; the first match counts.
        clock: Returns the current time in epoch seconds.
        response_headers: The headers to add to the origin's responses and to remove from them.
        explain: True to give the reason of each 403 in a header `X-Edge-Explain` and in the log.
        allowed_methods: The HTTP methods that paths allow that match no behavior, as in `Behavior`.
        log: Called with each line of the access log; no line holds a whole signature. None logs
            only refusals, to the logger `cfsign.edge`.

    Raises:
        SigningKeyError: A key pair id or a key is not valid; the error names the id.
        ConfigurationError: The mapping is empty, or CloudFront does not accept the methods.
    """

    @hide_arguments
    def __init__(
        self,
        app: Application,
        trusted_keys: TrustedKeys | None,
        *,
        behaviors: Iterable[Behavior] = (),
        clock: Clock = time.time,
        response_headers: ResponseHeadersPolicy | None = None,
        explain: bool = False,
        allowed_methods: Collection[str] = METHODS,
        log: Log | None = None,
    ) -> None:
        self._app = app
        self._access = AccessCheck(trusted_keys, behaviors, clock, explain, allowed_methods)
        self._response_headers = response_headers or ResponseHeadersPolicy()
        self._log = log
