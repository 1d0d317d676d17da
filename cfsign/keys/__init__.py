"""
Keys: loading them, and the primitives sign and verify, by whichever backend is there.

This package lies below both the signing and the checking side; it knows no URL and no policy.
"""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable, Coroutine
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

from cfsign.errors import ConfigurationError, SigningKeyError
from cfsign.keys.protocol import HASH_ALGORITHMS as HASH_ALGORITHMS
from cfsign.keys.protocol import SUPPORTED as SUPPORTED
from cfsign.keys.protocol import AsyncPrivateKey as AsyncPrivateKey
from cfsign.keys.protocol import HashAlgorithm as HashAlgorithm
from cfsign.keys.protocol import PrivateKey as PrivateKey
from cfsign.keys.protocol import PublicKey as PublicKey
from cfsign.keys.protocol import Source as Source
from cfsign.keys.protocol import Unpicklable as Unpicklable
from cfsign.keys.protocol import hash_algorithms as hash_algorithms
from cfsign.keys.protocol import holds_lock as holds_lock
from cfsign.keys.protocol import is_async as is_async
from cfsign.keys.protocol import is_blocking as is_blocking
from cfsign.keys.protocol import is_private_key as is_private_key

if TYPE_CHECKING:
    from cfsign.keys.pem import PEM

#: What text begins with that names a key in AWS KMS.
_KMS = "kms:"

_BACKENDS = ("cryptography", "rsa")

# The keys that were parsed, the latest last, each by a digest of what it was parsed from.
_PARSED: dict[bytes, Any] = {}
_PARSED_LOCK = threading.Lock()
_MOST_PARSED = 16

Password = str | bytes | Callable[[], str | bytes]


def load_private_key(
    source: Source,
    *,
    password: Password | None = None,
    backend: str | None = None,
    allow_unsupported: bool = False,
) -> PrivateKey:
    r"""
    Load a private key: RSA-2048, or P-256 where `cryptography` is installed.

    PKCS#1, PKCS#8 and SEC 1, each in PEM, in the base64 of PEM, or in DER; encrypted ones with
    `cryptography`. What an editor or an environment variable did to a PEM (CRLF, a byte-order mark,
    text around it, newlines written as `\n`) is mended.

    The file is read at each call, but the same key is parsed once a process. Parsing an RSA key
    takes about 40 ms with `cryptography`, since OpenSSL checks that the numbers fit together and
    that the factors are prime; with `rsa` less than one, for the fit alone. So does a P-256 key.
    An encrypted one takes as long as its encryption asks for, about 0.1 s where it is OpenSSL's
    usual one for a million iterations; what asks for more than seconds is refused.

    Args:
        source: A path, or the key itself as text or bytes.
        password: What an encrypted key was encrypted with: text, bytes, or a function that gives
            it, called once a call and only if the key is encrypted; what it raises is raised.
            Needs `cryptography`.
        backend: "cryptography" or "rsa"; None takes the best installed.
        allow_unsupported: Take RSA of a size that CloudFront does not, up to 4,096 bits, for
            tests with old keys.

    Raises:
        SigningKeyError: The key is missing, damaged, encrypted, public, or not one that
            CloudFront takes (AWS, "Create key pairs for your signers").
        ConfigurationError: No such backend, or it is not installed.
    """
    # Only who has a document of a key to read waits for what reads one.
    from cfsign.keys.pem import read_pem
    from cfsign.keys.refusals import refuse_size

    name = choose_backend(backend)
    pem = read_pem(source, "private")
    key = _parsed(pem, _secret(password, pem, name), name)
    if key.algorithm not in SUPPORTED and not allow_unsupported:
        raise refuse_size(pem, key.algorithm)
    return key  # type: ignore[no-any-return]  # the backend is chosen at run time


def resolve_private_key(
    setting: PrivateKey | AsyncPrivateKey | Source, password: Password | None = None
) -> PrivateKey | AsyncPrivateKey:
    """
    Return the private key that a setting, an argument or a variable of the environment stands for.

    Args:
        setting: A key, which is returned as it is; `kms:` and the id, ARN or `alias/NAME` of a key
            in AWS KMS; or what `load_private_key` takes.
        password: What `load_private_key` takes.

    Raises:
        SigningKeyError: There is no key, or none that can be used.
        ConfigurationError: What the key needs is not installed.
    """
    if isinstance(setting, str) and setting.strip().startswith(_KMS):
        from cfsign.keys.kms import KmsPrivateKey

        _refuse_password(password)
        return KmsPrivateKey(setting.strip().removeprefix(_KMS))
    if isinstance(setting, str | bytes | os.PathLike):
        return load_private_key(setting, password=password)
    # By the methods' names, which are those of an asynchronous key as well.
    if not is_private_key(setting):
        found = setting if isinstance(setting, type) else type(setting)
        raise SigningKeyError(
            "a private key is a path, PEM or DER as text or bytes, kms: and the name of a key in "
            f"AWS KMS, or an object with the methods sign and public_key_pem, not {found.__name__}"
        )
    _refuse_password(password)
    return setting


def load_public_key(source: Source, *, backend: str | None = None) -> PublicKey:
    """
    Load a public key to check signatures with: RSA, or P-256 where `cryptography` is installed.

    Args:
        source: A path, or the key itself as text or bytes, PEM or DER.
        backend: "cryptography" or "rsa"; None takes the best installed.

    Raises:
        SigningKeyError: The key is missing, damaged, private, or of another kind.
        ConfigurationError: No such backend, or it is not installed.
    """
    from cfsign.keys.pem import read_pem  # as above

    key: PublicKey = _module(choose_backend(backend)).load_public(read_pem(source, "public"))
    return key


def generate_private_key_pem(algorithm: str = "RSA-2048", *, backend: str | None = None) -> str:
    """
    Make a new key as CloudFront takes it, as PEM; RSA with the `rsa` backend in seconds.

    Args:
        algorithm: "RSA-2048", or "P-256", which needs `cryptography`.
        backend: "cryptography" or "rsa"; None takes the best installed.

    Raises:
        ConfigurationError: No such algorithm, or the backend has it not.
    """
    if algorithm not in SUPPORTED:
        raise ConfigurationError(f"CloudFront takes keys of {' or '.join(SUPPORTED)}")
    pem: str = _module(choose_backend(backend)).generate_pem(algorithm)
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


def _parsed(pem: PEM, password: bytes | None, backend: str) -> Any:
    digest = _digest(pem, password, backend)
    key = _PARSED.get(digest)
    if key is None:
        key = _module(backend).load_private(pem, password)
        with _PARSED_LOCK:
            while len(_PARSED) >= _MOST_PARSED:
                del _PARSED[next(iter(_PARSED))]
            _PARSED[digest] = key
    return key


def _renew_lock() -> None:
    global _PARSED_LOCK
    _PARSED_LOCK = threading.Lock()


# A thread that held the lock when the process forked does not exist in the child.
if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_renew_lock)


def _digest(pem: PEM, password: bytes | None, backend: str) -> bytes:
    import hashlib  # as above

    # What is remembered is neither a key's text nor a password, which may open other things too.
    parts = [backend.encode(), pem.data, b"" if password is None else b"=" + password]
    return hashlib.blake2b(b"".join(b"%d:%b" % (len(part), part) for part in parts)).digest()


def _module(backend: str) -> ModuleType:
    # Imported when used: `import cfsign` stays fast, and works without either.
    return import_module(f"cfsign.keys.{backend}_backend")


def _refuse_password(password: Password | None) -> None:
    if password is not None:
        raise SigningKeyError("a password is given, but no encrypted key; leave the password out")


def _secret(password: Password | None, pem: PEM, backend: str) -> bytes | None:
    given: object = password
    if callable(password):
        # Whoever types it, or whichever store gives it, is asked only where it is of use.
        given = password() if pem.is_encrypted and backend == "cryptography" else None
    if given is None:
        return None
    if not isinstance(given, str | bytes):
        if isinstance(given, Coroutine):
            given.close()
        raise SigningKeyError(
            "a password is text or bytes, or a function that returns one, "
            f"not {type(given).__name__}"
        )
    if not pem.is_encrypted and pem.label.endswith("PRIVATE KEY"):
        from cfsign.keys.refusals import password_not_needed

        raise password_not_needed(pem)
    return _utf_8(given) if isinstance(given, str) else given


def _utf_8(password: str) -> bytes:
    try:
        return password.encode("utf-8")
    except UnicodeEncodeError:  # whose own text has the password in it
        pass
    raise SigningKeyError("the password is no text that UTF-8 can hold; give it as bytes")
