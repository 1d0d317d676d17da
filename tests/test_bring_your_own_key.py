"""The HSM key of docs/keys.md signs, with a stand-in for python-pkcs11."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cfsign import Policy, PrivateKey, Signer, TrustedKeyGroup, load_private_key
from cfsign.keys import get_hash_algorithms, is_blocking

DOCUMENT = Path(__file__).parents[1] / "docs" / "keys.md"
URL = "https://media.example.com/a"


@pytest.fixture
def hsm_key(pem: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The key of the page; its handle signs with `pem`, as an HSM would."""
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


def test_hsm_key_of_the_page_signs(hsm_key: Any, public_pem: str) -> None:
    assert isinstance(hsm_key, PrivateKey)
    assert is_blocking(hsm_key)
    assert get_hash_algorithms(hsm_key) == ("SHA256",)
    signed = Signer("K2JCJMDEHXQW5F", hsm_key).sign_policy(Policy(URL, 1999999999))
    trusted_keys = TrustedKeyGroup({"K2JCJMDEHXQW5F": public_pem})
    assert trusted_keys.check(signed.url(URL), at=1900000000).allowed
