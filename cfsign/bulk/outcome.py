"""What became of one URL, and the terms on which all of a run are signed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from cfsign.errors import ResourceError
from cfsign.signing.base_signer import BaseSigner
from cfsign.signing.policy import Address, Policy
from cfsign.signing.times import Moment

#: Signs one URL, or raises ResourceError.
Sign = Callable[[str], str]


class Outcome(NamedTuple):
    """
    What became of one URL.

    Attributes:
        signed_url: The URL signed, or None.
        error: Why it was not signed, or None.
    """

    signed_url: str | None
    error: str | None

    def __repr__(self) -> str:
        if self.signed_url is None:
            return f"<Outcome: {self.error}>"
        return f"<Outcome signed, {len(self.signed_url)} bytes>"


@dataclass(frozen=True, slots=True)
class Terms:
    """
    What holds for each URL of a run; `Signer.sign_url` tells the meaning of each.

    There is no lifetime from now on: a run takes a while, and all its URLs expire alike.
    """

    expires_at: Moment
    starts_at: Moment | None = None
    ip_address: Address | None = None
    resource: str | None = None

    def of(self, signer: BaseSigner) -> Sign:
        """
        Return what signs one URL after the other with *signer*; for a `resource` it signs once.

        It raises PolicyError once the moment has come at which all would expire.
        """
        if self.resource is not None:
            policy = Policy(
                self.resource,
                self.expires_at,
                starts_at=self.starts_at,
                ip_address=self.ip_address,
            )
            return signer.sign_policy(policy).url

        def sign(url: str) -> str:
            return signer.sign_url(
                url,
                expires_at=self.expires_at,
                starts_at=self.starts_at,
                ip_address=self.ip_address,
            )

        return sign


def outcome(sign: Sign, url: str) -> Outcome:
    """Sign *url*, or tell why it cannot be; any other fault is raised."""
    try:
        return Outcome(sign(url), None)
    except ResourceError as error:
        return Outcome(None, str(error))
