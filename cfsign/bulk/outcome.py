"""Sign one URL of many, and report an error without stopping the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import time
from typing import NamedTuple

from cfsign.errors import ResourceError
from cfsign.signing.base_signer import BaseSigner
from cfsign.signing.policy import Conditions, build_policy

#: A function that signs one URL, or raises ResourceError.
SignURL = Callable[[str], str]


class Outcome(NamedTuple):
    """
    The result for one URL.

    Attributes:
        signed_url: The signed URL, or None.
        error: Why the URL was not signed, or None.
    """

    signed_url: str | None
    error: str | None

    def __repr__(self) -> str:
        if self.signed_url is None:
            return f"<Outcome: {self.error}>"
        return f"<Outcome signed, {len(self.signed_url)} bytes>"


def try_to_sign(sign_url: SignURL, url: str) -> Outcome:
    """Sign *url*. A ResourceError becomes the outcome's `error`; other errors are raised."""
    try:
        return Outcome(sign_url(url), None)
    except ResourceError as error:
        return Outcome(None, str(error))


@dataclass(frozen=True, slots=True)
class RunConditions:
    """
    The conditions and the pattern of every URL of a run.

    Attributes:
        conditions: The arguments of `Signer.sign_url`. With `expires_at`, all URLs expire at the
            same time, however long the run takes.
        pattern: A URL pattern that matches all URLs, or None.
    """

    conditions: Conditions
    pattern: str | None = None

    def bind(self, signer: BaseSigner) -> SignURL:
        """
        Return a function that signs one URL with *signer*. With a `pattern`, it signs only once.

        Raises:
            PolicyError: `expires_at` has passed. Without a pattern, the returned function raises
                it instead.
        """
        if self.pattern is not None:
            return signer.sign_policy(build_policy(self.pattern, self.conditions, time())).url
        return partial(signer.sign_url, **self.conditions)
