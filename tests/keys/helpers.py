"""Helpers of the tests of keys: key files, PEM bodies and a signature."""

from __future__ import annotations

import base64
from pathlib import Path

from cfsign import PrivateKey

MESSAGE = b"the message"


def sign(key: PrivateKey) -> bytes:
    return key.sign(MESSAGE, "SHA1")


def write_key_file(folder: Path, content: str | bytes, name: str = "key.pem") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def decode_body(pem: str) -> bytes:
    return base64.b64decode(body_of(pem))


def body_of(pem: str) -> str:
    return "\n".join(line for line in pem.splitlines() if not line.startswith("-----"))
