"""Sign a partition of a data set on a worker of Dask or Spark, which loads the key itself."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Unpack

from cfsign.bulk.outcome import Outcome, RunConditions, try_to_sign
from cfsign.errors import ConfigurationError, PolicyError
from cfsign.signing.base_signer import BaseSigner
from cfsign.signing.policy import Conditions
from cfsign.signing.url import check_urls


def sign_partition(
    urls: Iterable[str],
    load_signer: Callable[[], BaseSigner],
    *,
    pattern: str | None = None,
    **conditions: Unpack[Conditions],
) -> Iterator[Outcome]:
    """
    Sign *urls* lazily and in order, and yield one `Outcome` for each.

    Call it on the worker: in the function that Dask's `map_partitions` or Spark's `mapInPandas`
    runs. A URL that cannot be signed does not stop the others.

    Args:
        urls: The URLs, such as a column of a data frame. A missing value is an error of its row.
        load_signer: A function that makes the signer from the worker's own environment, a file or
            AWS KMS. It is called once per process. Use a function of a module, which the engine
            sends by its name; a signer itself cannot be pickled.
        pattern: A URL pattern that matches all URLs. It makes one signature per partition enough.
        conditions: When and for whom the URLs work; see `Conditions`. `expires_at` is required.
            Compute it once, where the job starts, so that a retried partition gets the same expiry.

    Raises:
        ConfigurationError: `load_signer` is not a function, or does not return a signer.
        PolicyError: `expires_at` is missing or has passed, or CloudFront does not accept a time or
            the address.
        SigningKeyError: The key cannot sign.
        ResourceError: *urls* is a single string, or the pattern cannot be signed.
    """
    several = check_urls(urls, "Signer.sign_url")
    if not callable(load_signer):
        raise ConfigurationError(
            f"load_signer must be a function, got a {type(load_signer).__name__}",
            hint="pass a function that loads the key on the worker, so that no key is sent to it",
        )
    if conditions.get("expires_in") is not None or conditions.get("expires_at") is None:
        raise PolicyError(
            "sign_partition needs expires_at, without expires_in",
            hint="compute it once, where the job starts, so that all partitions expire together",
            field="expires_at",
        )
    sign_url = RunConditions(conditions, pattern).bind(_load_once(load_signer))
    return (try_to_sign(sign_url, url) for url in several)


@functools.lru_cache(maxsize=16)
def _load_once(load_signer: Callable[[], BaseSigner]) -> BaseSigner:
    signer = load_signer()
    if not isinstance(signer, BaseSigner):
        raise ConfigurationError(
            f"load_signer must return a Signer or a KeyRing, got a {type(signer).__name__}"
        )
    return signer
