"""The documents' key in an HSM signs, against a stand-in for the module that it needs."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cfsign import Policy, PrivateKey, Signer, TrustedKeyGroup, load_private_key
from cfsign.keys import hash_algorithms, is_blocking

DOCUMENT = Path(__file__).parents[1] / "docs" / "keys.md"
URL = "https://media.example.com/a"


@pytest.fixture
def hsm_key(pem: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The class of the document, over a private key that python-pkcs11 would keep in the HSM."""
    code = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    (block,) = [block for block in code if "class HSMKey" in block]
    mechanism = SimpleNamespace(SHA256_RSA_PKCS="SHA256_RSA_PKCS")
    monkeypatch.setitem(sys.modules, "pkcs11", SimpleNamespace(Mechanism=mechanism))
    namespace: dict[str, Any] = {}
    exec(compile(block, "keys.md", "exec"), namespace)
    key = load_private_key(pem)

    class Handle:
        def sign(self, data: bytes, mechanism: str) -> bytes:
            assert mechanism == "SHA256_RSA_PKCS"
            return key.sign(data, "SHA256")

    return namespace["HSMKey"](Handle(), key.public_key_pem())


def test_the_key_of_the_document_signs(hsm_key: Any, public_pem: str) -> None:
    """With the hash algorithm that it names, and off the event loop."""
    assert isinstance(hsm_key, PrivateKey)
    assert is_blocking(hsm_key)
    assert hash_algorithms(hsm_key) == ("SHA256",)
    signed = Signer("K2JCJMDEHXQW5F", hsm_key).sign_policy(Policy(URL, 1999999999))
    edge = TrustedKeyGroup({"K2JCJMDEHXQW5F": public_pem})
    assert edge.check(signed.url(URL), at=1900000000).allowed
