"""The hash algorithm of a signature."""

from __future__ import annotations

from cfsign.errors import PolicyError
from cfsign.keys.protocol import (
    HASH_ALGORITHMS,
    AsyncPrivateKey,
    HashAlgorithm,
    PrivateKey,
    get_hash_algorithms,
)
from cfsign.utils.description import describe_value


def check_hash_algorithm(hash_algorithm: object) -> HashAlgorithm:
    """Return *hash_algorithm* if CloudFront supports it, else raise PolicyError."""
    if hash_algorithm not in HASH_ALGORITHMS:
        raise build_unknown_hash_error(hash_algorithm)
    # Not the argument: a member of a str enumeration would be formatted as its name.
    return HASH_ALGORITHMS[HASH_ALGORITHMS.index(hash_algorithm)]


def build_unknown_hash_error(hash_algorithm: object) -> PolicyError:
    """Build the error for a hash algorithm that CloudFront does not support."""
    return PolicyError(
        f'hash_algorithm must be "SHA1" or "SHA256", got {describe_value(hash_algorithm)}',
        field="hash_algorithm",
    )


def choose_hash_algorithm(
    key: PrivateKey | AsyncPrivateKey, hash_algorithm: str | None = None
) -> HashAlgorithm:
    """
    Return *hash_algorithm*, or for None the first that the key supports.

    Raises:
        PolicyError: CloudFront or the key does not support it.
        SigningKeyError: The key's attribute `hash_algorithms` is not valid.
    """
    supported = get_hash_algorithms(key)
    if hash_algorithm is None:
        return supported[0]
    chosen = check_hash_algorithm(hash_algorithm)
    if chosen not in supported:
        raise PolicyError(
            f"this key supports only {' and '.join(supported)}, got hash_algorithm {chosen!r}",
            hint=f'remove hash_algorithm, or set "{supported[0]}"',
            field="hash_algorithm",
        )
    return chosen
