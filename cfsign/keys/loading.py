"""Load keys with the best backend that is installed."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Coroutine
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

from cfsign.errors import ConfigurationError, SigningKeyError
from cfsign.keys.protocol import (
    KEY_ALGORITHMS,
    AsyncPrivateKey,
    Password,
    PrivateKey,
    PublicKey,
    Source,
    is_private_key,
)
from cfsign.keys.source import is_kms_name, parse_kms_name
from cfsign.utils.description import describe_value
from cfsign.utils.fork import run_after_fork
from cfsign.utils.secret import Secret, hide, hide_arguments

if TYPE_CHECKING:
    from cfsign.keys.pem import PEM

_BACKENDS = ("cryptography", "rsa")

# Loaded keys by a digest of backend, PEM and password, the oldest first.
_cache: dict[bytes, Any] = {}
_cache_lock = threading.Lock()
_CACHE_SIZE = 16


@hide_arguments
def load_private_key(
    source: Source,
    *,
    password: Password | None = None,
    backend: str | None = None,
    allow_unsupported: bool = False,
) -> PrivateKey:
    r"""
    Load a private key: RSA-2048, or P-256 if `cryptography` is installed.

    It reads PKCS#1, PKCS#8 and SEC 1, as PEM, as the base64 of PEM or as DER. Encrypted keys need
    `cryptography`. It also reads what editors and secret stores make of PEM: CRLF, UTF-16, a
    byte-order mark, text around the block, one line with spaces, and newlines written as `\n`,
    escaped once or more often. If a label does not fit the content, the content counts.

    The file is read at each call, but a process parses each key only once. Parsing takes about
    40 ms for RSA with `cryptography`, because OpenSSL checks that the factors are prime, and less
    than 1 ms otherwise. An encrypted key takes about 0.1 s with OpenSSL's usual million iterations.
    A key that would take more than seconds is refused.

    Args:
        source: A path, or the key itself as text or bytes.
        password: The password of an encrypted key: text, bytes, or a function without arguments
            that returns it. The function is called at most once per call, only for an encrypted
            key, and its exceptions are passed on. Needs `cryptography`.
        backend: "cryptography" or "rsa"; None uses the best one installed.
        allow_unsupported: Accept RSA keys of other sizes up to 4,096 bits, which CloudFront
            rejects. For tests with old keys.

    Returns:
        The key, which can `sign` and has `public_key_pem`.

    Raises:
        SigningKeyError: The key is missing, damaged, encrypted or public, or CloudFront does not
            accept its kind (AWS, "Create key pairs for your signers").
        ConfigurationError: The backend is unknown or not installed.
    """
    hidden_source, hidden_password = hide(source), hide(password)
    del source, password
    return _load_private_key(hidden_source, hidden_password, backend, allow_unsupported)


def resolve_private_key(
    setting: PrivateKey | AsyncPrivateKey | Source,
    password: Password | Secret[Any] | None = None,
) -> PrivateKey | AsyncPrivateKey:
    """
    Return the private key for a setting, an argument or an environment variable.

    Args:
        setting: A key object, which is returned unchanged; `kms:` and the id, ARN or `alias/NAME`
            of a key in AWS KMS; or a source for `load_private_key`.
        password: The password of an encrypted key, as for `load_private_key`; or the same, hidden.

    Raises:
        SigningKeyError: The key is missing or cannot be used.
        ConfigurationError: A package that the key needs is not installed.
    """
    hidden, hidden_password = hide(setting), hide(password)
    del setting, password
    is_kms = is_kms_name(hidden.reveal())
    if isinstance(hidden.reveal(), str | bytes | os.PathLike) and not is_kms:
        return _load_private_key(hidden, hidden_password)
    # This accepts asynchronous keys too: their methods have the same names.
    if not is_kms and not is_private_key(hidden.reveal()):
        kind = hidden.reveal() if isinstance(hidden.reveal(), type) else type(hidden.reveal())
        raise SigningKeyError(
            f"a private key cannot be made from {kind.__name__}",
            hint="use a path, PEM or DER as text or bytes, kms: and the name of a key in AWS KMS, "
            "or an object with the methods sign and public_key_pem",
        )
    if hidden_password.reveal() is not None:
        raise SigningKeyError(
            "there is a password, but no encrypted key", hint="remove the password"
        )
    if is_kms:
        from cfsign.keys.kms import KmsPrivateKey

        return KmsPrivateKey(parse_kms_name(hidden.reveal()))
    key: PrivateKey | AsyncPrivateKey = hidden.reveal()
    return key


@hide_arguments
def load_public_key(source: Source, *, backend: str | None = None) -> PublicKey:
    """
    Load a public key to verify signatures: RSA, or P-256 if `cryptography` is installed.

    Args:
        source: A path, or the key itself as text or bytes, PEM or DER.
        backend: "cryptography" or "rsa"; None uses the best one installed.

    Raises:
        SigningKeyError: The key is missing, damaged or private, or of another kind.
        ConfigurationError: The backend is unknown or not installed.
    """
    from cfsign.keys.pem import read_pem  # imported late, as above

    pem = read_pem(Secret(source), "public")
    key: PublicKey = _import_backend(choose_backend(backend)).load_public(pem)
    return key


@hide_arguments
def generate_private_key_pem(algorithm: str = "RSA-2048", *, backend: str | None = None) -> str:
    """
    Generate a private key that CloudFront accepts, as PEM.

    RSA takes seconds with the `rsa` backend.

    Args:
        algorithm: "RSA-2048", or "P-256", which needs `cryptography`.
        backend: "cryptography" or "rsa"; None uses the best one installed.

    Raises:
        ConfigurationError: The algorithm is unknown, or the backend does not have it.
    """
    if algorithm not in KEY_ALGORITHMS:
        raise ConfigurationError(
            f"algorithm must be {' or '.join(map(repr, KEY_ALGORITHMS))}, "
            f"got {describe_value(algorithm)}"
        )
    pem: str = _import_backend(choose_backend(backend)).generate_pem(algorithm)
    return pem


def choose_backend(name: str | None = None) -> str:
    """
    Return the name of the backend to use: *name*, or the best one installed.

    Raises:
        ConfigurationError: The backend is unknown or not installed.
    """
    if name is None:
        return "cryptography" if _is_installed("cryptography") else "rsa"
    if name not in _BACKENDS:
        raise ConfigurationError(
            f'backend must be "cryptography" or "rsa", got {describe_value(name)}'
        )
    if not _is_installed(name):
        raise ConfigurationError(
            f"the backend {name!r} is not installed", hint=f"pip install {name}"
        )
    return name


@functools.cache
def _is_installed(name: str) -> bool:
    return find_spec(name) is not None


def _load_private_key(
    source: Secret[Source],
    password: Secret[Password | None],
    backend: str | None = None,
    allow_unsupported: bool = False,
) -> PrivateKey:
    from cfsign.keys.key_errors import build_size_error  # imported late: `import cfsign` is fast
    from cfsign.keys.pem import read_pem

    name = choose_backend(backend)
    pem = read_pem(source, "private")
    key = _load_cached(pem, _resolve_password(password, pem, name), name)
    if key.algorithm not in KEY_ALGORITHMS and not allow_unsupported:
        raise build_size_error(pem, key.algorithm)
    return key  # type: ignore[no-any-return]  # the backend is chosen at run time


def _load_cached(pem: PEM, password: Secret[bytes] | None, backend: str) -> Any:
    digest = _compute_digest(pem, password, backend)
    key = _cache.get(digest)
    if key is None:
        key = _import_backend(backend).load_private(pem, password)
        with _cache_lock:
            while len(_cache) >= _CACHE_SIZE:
                del _cache[next(iter(_cache))]
            _cache[digest] = key
    return key


def _compute_digest(pem: PEM, password: Secret[bytes] | None, backend: str) -> bytes:
    import hashlib  # imported late, as above

    # A digest, because the cache must hold neither a key's text nor a password.
    parts = [backend.encode(), pem.data, b"" if password is None else b"=" + password.reveal()]
    return hashlib.blake2b(b"".join(b"%d:%b" % (len(part), part) for part in parts)).digest()


def _renew_lock() -> None:
    global _cache_lock
    _cache_lock = threading.Lock()


run_after_fork(_renew_lock)


def _import_backend(name: str) -> ModuleType:
    # Imported when needed: `import cfsign` is fast and works without either package.
    return import_module(f"cfsign.keys.{name}_backend")


def _resolve_password(
    password: Secret[Password | None], pem: PEM, backend: str
) -> Secret[bytes] | None:
    value: Secret[Any] = password
    if callable(password.reveal()):
        # The function may prompt the user or call a secret store: only if the password is needed.
        is_needed = pem.is_encrypted and backend == "cryptography"
        value = Secret(password.reveal()() if is_needed else None)  # type: ignore[operator, misc]
    if value.reveal() is None:
        return None
    if not isinstance(value.reveal(), str | bytes):
        if isinstance(value.reveal(), Coroutine):
            value.reveal().close()
        raise SigningKeyError(
            "a password must be text, bytes or a function that returns one of them, "
            f"got {type(value.reveal()).__name__}"
        )
    if not pem.is_encrypted and pem.label.endswith("PRIVATE KEY"):
        from cfsign.keys.key_errors import build_unneeded_password_error

        raise build_unneeded_password_error(pem)
    return _encode_password(value) if isinstance(value.reveal(), str) else value


def _encode_password(password: Secret[str]) -> Secret[bytes]:
    try:
        return Secret(password.reveal().encode("utf-8"))
    except UnicodeEncodeError:  # not chained: its text holds the password
        pass
    raise SigningKeyError("the password cannot be encoded as UTF-8", hint="pass it as bytes")
