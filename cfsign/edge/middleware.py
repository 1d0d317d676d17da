"""What the edge is before an application of either kind: its gate, its policy and its log."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Generic, TypeVar

from cfsign.edge.access_log import Log
from cfsign.edge.behaviors import Behavior, TrustedKeys
from cfsign.edge.gate import Clock, Gate
from cfsign.edge.response_headers import ResponseHeadersPolicy

Application = TypeVar("Application")


class Middleware(Generic[Application]):
    """
    A CloudFront edge before an application.

    Args:
        app: The origin.
        trusted_keys: The trusted key group, or the mapping that makes one, for all paths that no
            behaviour is for; None opens these.
        behaviors: The cache behaviours with a path pattern; the first that matches counts.
        clock: Tells the time in epoch seconds.
        response_headers: What is added to the origin's headers, and taken out of them.
        explain: Whether a refusal tells its reason, in a header `X-Edge-Explain` and in the log.
        log: Takes the lines of an access log, none of which holds a whole signature.

    Raises:
        SigningKeyError: A key pair id or a key cannot be used; the error names the id.
        ConfigurationError: There is no key at all.
    """

    def __init__(
        self,
        app: Application,
        trusted_keys: TrustedKeys | None,
        *,
        behaviors: Iterable[Behavior] = (),
        clock: Clock = time.time,
        response_headers: ResponseHeadersPolicy | None = None,
        explain: bool = False,
        log: Log | None = None,
    ) -> None:
        self._app = app
        self._gate = Gate(trusted_keys, behaviors, clock, explain)
        self._policy = response_headers or ResponseHeadersPolicy()
        self._log = log
