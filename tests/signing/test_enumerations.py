"""A member of a str enumeration stands for its value, never for its name, in every argument."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

import pytest

from cfsign import Distribution, Policy, SignedCookies, Signer

HOST = "https://media.example.com"
END = 1999999999

# What each call makes of one text argument.
CALLS: dict[str, tuple[str, Callable[[Distribution, Any], object]]] = {
    "path": ("a b/c.ts", lambda d, text: d.unsigned_url(text)),
    "query": ("v=2", lambda d, text: d.unsigned_url("a", text)),
    "name in a query": ("v 1", lambda d, text: d.unsigned_url("a", {text: "2"})),
    "value in a query": ("2 3", lambda d, text: d.unsigned_url("a", [("v", text)])),
    "download_name": (
        "report.pdf",
        lambda d, text: d.sign_path("a", download_name=text, expires_at=END),
    ),
    "download_name that is not ASCII": (
        "é.pdf",
        lambda d, text: d.sign_path("a", download_name=text, expires_at=END),
    ),
    "query with a download_name": (
        "v=2",
        lambda d, text: d.sign_path("a", query=text, download_name="b", expires_at=END),
    ),
    "folder": ("a", lambda d, text: d.sign_path("a/b", folder=text, expires_at=END)),
    "pattern": ("a/*", lambda d, text: d.sign_path("a/b", pattern=text, expires_at=END)),
    "URL": (f"{HOST}/a", lambda d, text: d.sign_url(text, expires_at=END)),
    "URL pattern": (
        f"{HOST}/*",
        lambda d, text: d.signer.sign_url(f"{HOST}/a", pattern=text, expires_at=END),
    ),
    "ip_address": (
        "192.0.2.1",
        lambda d, text: d.sign_path("a", ip_address=text, expires_at=END),
    ),
    "resource": (f"{HOST}/*", lambda d, text: Policy(text, END).to_json()),
    "document": (Policy(f"{HOST}/*", END).to_json(), lambda d, text: Policy.from_json(text)),
    "domain": (HOST, lambda d, text: Distribution(text, d.signer).unsigned_url("a")),
    "Domain of cookies": ("example.com", lambda d, text: SignedCookies.clear_headers(domain=text)),
    "Path of cookies": ("/a/", lambda d, text: SignedCookies.clear_headers(path=text)),
    "SameSite of cookies": ("lax", lambda d, text: SignedCookies.clear_headers(samesite=text)),
}


@pytest.mark.parametrize("name", CALLS)
def test_enumeration_member_is_used_by_its_value(recording_signer: Signer, name: str) -> None:
    text, call = CALLS[name]
    # With StrEnum and with plain text, `format` returns the value; with this class, the name.
    member = Enum("Ours", {"MEMBER": text}, type=str).MEMBER
    assert f"{member}" != text
    distribution = Distribution(HOST, recording_signer)
    assert call(distribution, member) == call(distribution, text)
