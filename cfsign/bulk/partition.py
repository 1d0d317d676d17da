"""A part of a data set, signed by a worker of some engine, with a key that it loads itself."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator

from cfsign.bulk.outcome import Outcome, Terms, outcome
from cfsign.errors import ConfigurationError
from cfsign.signing.base_signer import BaseSigner
from cfsign.signing.policy import Address
from cfsign.signing.times import Moment
from cfsign.signing.url import check_several


def sign_partition(
    urls: Iterable[str],
    load_signer: Callable[[], BaseSigner],
    *,
    expires_at: Moment,
    starts_at: Moment | None = None,
    ip_address: Address | None = None,
    resource: str | None = None,
) -> Iterator[Outcome]:
    """
    Sign each of *urls*, lazily and in order, and tell of each what became of it.

    Call it where the URLs are: in the function that Dask's `map_partitions` or Spark's
    `mapInPandas` runs on each worker. A URL that may not be signed does not stop the others.

    Args:
        urls: The URLs, such as a column of a data frame; a missing value is an error of its row.
        load_signer: A function that makes the signer, on the worker, of the worker's own
            environment, file or AWS KMS; called once a process. Let it be a module's function,
            which an engine sends by its name; a signer itself can be neither given nor sent.
        expires_at: The moment at which all expire, settled where the job starts, so that a part
            that is done again expires with the others.
        starts_at: As for `Signer.sign_url`, like the others.
        ip_address: The viewer's address or network.
        resource: A pattern that covers all URLs: one signature a part, whatever its length.

    Raises:
        ConfigurationError: `load_signer` is no function, or returns no signer.
        PolicyError: A time or the address is not one that CloudFront takes, or the moment has come.
        SigningKeyError: The key cannot sign.
        ResourceError: *urls* is one text; or the pattern may not be signed.
    """
    several = check_several(urls, "Signer.sign_url")
    sign = Terms(expires_at, starts_at, ip_address, resource).of(_once(load_signer))
    return (outcome(sign, url) for url in several)


def _once(load_signer: Callable[[], BaseSigner]) -> BaseSigner:
    if not callable(load_signer):
        raise ConfigurationError(
            "load_signer is a function that makes the signer on the worker, "
            f"not a {type(load_signer).__name__}: a key is never sent to where it is used"
        )
    return _loaded(load_signer)


@functools.lru_cache(maxsize=16)
def _loaded(load_signer: Callable[[], BaseSigner]) -> BaseSigner:
    signer = load_signer()
    if not isinstance(signer, BaseSigner):
        raise ConfigurationError(
            f"load_signer returned a {type(signer).__name__}; let it return a Signer or a KeyRing"
        )
    return signer
