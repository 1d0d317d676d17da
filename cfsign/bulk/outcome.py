"""Sign one URL of many, and report an error without stopping the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from cfsign.errors import ResourceError
from cfsign.signing.policy import Address, Policy
from cfsign.signing.signer import BaseSigner
from cfsign.signing.times import Timestamp

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
    The conditions of every URL of a run. For their meaning see `Signer.sign_url`.

    There is no `expires_in`: all URLs of a run expire at the same time, however long it takes.
    """

    expires_at: Timestamp
    starts_at: Timestamp | None = None
    ip_address: Address | None = None
    pattern: str | None = None

    def bind(self, signer: BaseSigner) -> SignURL:
        """
        Return a function that signs one URL with *signer*. With a `pattern`, it signs only once.

        The function raises PolicyError once `expires_at` has passed.
        """
        if self.pattern is not None:
            policy = Policy(
                self.pattern,
                self.expires_at,
                starts_at=self.starts_at,
                ip_address=self.ip_address,
            )
            return signer.sign_policy(policy).url

        def sign_url(url: str) -> str:
            return signer.sign_url(
                url,
                expires_at=self.expires_at,
                starts_at=self.starts_at,
                ip_address=self.ip_address,
            )

        return sign_url
