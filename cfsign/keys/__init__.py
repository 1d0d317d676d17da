"""
Keys: loading them, and the primitives sign and verify, by whichever backend is there.

This package lies below both the signing and the checking side; it knows no URL and no policy.
"""

from __future__ import annotations

import functools
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from cfsign.errors import ConfigurationError, SigningKeyError
from cfsign.keys._pem import PEM, Source, read_pem
from cfsign.keys.protocol import HASH_ALGORITHMS as HASH_ALGORITHMS
from cfsign.keys.protocol import HashAlgorithm as HashAlgorithm
from cfsign.keys.protocol import PrivateKey as PrivateKey
from cfsign.keys.protocol import PublicKey as PublicKey
from cfsign.keys.protocol import Unpicklable as Unpicklable

#: The RSA size that CloudFront takes, in bits (AWS, "Create key pairs for your signers").
RSA_BITS = 2048

_BACKENDS = ("cryptography", "rsa")


def load_private_key(
    source: Source,
    *,
    password: str | bytes | None = None,
    backend: str | None = None,
    allow_unsupported: bool = False,
) -> PrivateKey:
    """
    Load an RSA private key, PKCS#1 or PKCS#8 PEM.

    The file is read at each call, but the same key is parsed once a process.

    Args:
        source: A path, or the PEM itself as text or bytes.
        password: What an encrypted key was encrypted with; needs `cryptography`.
        backend: "cryptography" or "rsa"; None takes the best installed.
        allow_unsupported: Take a size that CloudFront does not, for tests with old keys.

    Raises:
        SigningKeyError: The key is missing, damaged, encrypted, public, or not one that
            CloudFront takes (AWS, "Create key pairs for your signers": RSA of 2,048 bits).
        ConfigurationError: No such backend, or it is not installed.
    """
    name = choose_backend(backend)
    pem = read_pem(source)
    if password is not None and not isinstance(password, str | bytes):
        raise SigningKeyError(f"a password is text or bytes, not {type(password).__name__}")
    secret = password.encode("utf-8") if isinstance(password, str) else password
    key = _parse_private(pem, secret, name)
    if key.bits != RSA_BITS and not allow_unsupported:
        raise SigningKeyError(
            f"CloudFront takes RSA keys of {RSA_BITS} bits, and this one has {key.bits}; "
            "make one: cfsign keygen (or pass allow_unsupported=True, for a test)",
            source=pem.source,
        )
    return key  # type: ignore[no-any-return]  # the backend is chosen at run time


def load_public_key(source: Source, *, backend: str | None = None) -> PublicKey:
    """
    Load a public key to check signatures with: RSA, or P-256 where `cryptography` is installed.

    Args:
        source: A path, or the PEM itself as text or bytes.
        backend: "cryptography" or "rsa"; None takes the best installed.

    Raises:
        SigningKeyError: The key is missing, damaged, private, or of another kind.
        ConfigurationError: No such backend, or it is not installed.
    """
    key: PublicKey = _module(choose_backend(backend)).load_public(read_pem(source))
    return key


def generate_private_key_pem(*, backend: str | None = None) -> str:
    """Make a new RSA key as CloudFront takes it, as PEM; with the `rsa` backend in seconds."""
    pem: str = _module(choose_backend(backend)).generate_pem(RSA_BITS)
    return pem


def choose_backend(name: str | None = None) -> str:
    """
    Return the name of the backend to use: *name*, or the best one installed.

    Raises:
        ConfigurationError: No such backend, or it is not installed.
    """
    if name is None:
        return "cryptography" if _is_installed("cryptography") else "rsa"
    if name not in _BACKENDS:
        raise ConfigurationError(f'there is no backend {name!r}; take "cryptography" or "rsa"')
    if not _is_installed(name):
        raise ConfigurationError(f"the backend {name!r} is not installed: pip install {name}")
    return name


@functools.cache
def _is_installed(name: str) -> bool:
    return find_spec(name) is not None


@functools.lru_cache(maxsize=16)
def _parse_private(pem: PEM, password: bytes | None, backend: str) -> Any:
    return _module(backend).load_private(pem, password)


def _module(backend: str) -> ModuleType:
    # Imported when used: `import cfsign` stays fast, and works without either.
    return import_module(f"cfsign.keys._{backend}")
