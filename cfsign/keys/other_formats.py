"""Recognize keys in the formats of other tools, which are neither PEM nor DER."""

from __future__ import annotations

import re
from typing import Literal

from cfsign.keys.protocol import KEY_ALGORITHMS

# The names of kinds of keys in SSH (RFC 4253, section 6.6; RFC 5656; RFC 8709).
_SSH_KINDS = {
    "ssh-ed25519": "Ed25519",
    "ssh-ed448": "Ed448",
    "ssh-dss": "DSA",
    "ecdsa-sha2-nistp384": "P-384",
    "ecdsa-sha2-nistp521": "P-521",
}
_SSH_KIND = r"ssh-(?:rsa|dss|ed25519|ed448)|ecdsa-sha2-nistp(?:256|384|521)"
_PUTTY = re.compile(rf"PuTTY-User-Key-File-[0-9]: (?P<kind>{_SSH_KIND})")
# One line, as in id_rsa.pub, or the block of RFC 4716.
_SSH_PUBLIC = re.compile(rf"(?P<kind>{_SSH_KIND}) AAAA|---- BEGIN SSH2 PUBLIC KEY ----")

_MAKE_A_KEY = "make a new key: cfsign keygen"


def is_other_format(text: str) -> bool:
    """Return True if *text* is a key of PuTTY, or a public key of OpenSSH."""
    text = text.lstrip()
    return bool(_PUTTY.match(text) or _SSH_PUBLIC.match(text))


def explain_other_format(text: str, wanted: Literal["private", "public"]) -> tuple[str, str]:
    """Return what the key in *text* is, and the fix; ("", "") if it is in no such format."""
    text = text.lstrip()
    if match := _PUTTY.match(text):
        if match["kind"] in _SSH_KINDS:
            return describe_unusable_kind(_SSH_KINDS[match["kind"]]), _MAKE_A_KEY
        # In puttygen's own PEM, half of the EC keys have a number of 33 bytes, which `cryptography`
        # refuses (RFC 5915, section 3: 32 bytes). So ssh-keygen converts these.
        return "is in PuTTY's own format", (
            "convert it: puttygen KEY -O private-openssh -o KEY.pem"
            if match["kind"] == "ssh-rsa"
            else "convert it: puttygen KEY -O private-openssh-new -o KEY.pem; "
            "ssh-keygen -p -m PEM -f KEY.pem"
        )
    if match := _SSH_PUBLIC.match(text):
        problem = "is a public key in OpenSSH's own format"
        if wanted == "private":
            return problem, "use the private key of the pair"
        if match["kind"] in _SSH_KINDS:
            return (
                f"{problem}, and {describe_unusable_kind(_SSH_KINDS[match['kind']])}",
                _MAKE_A_KEY,
            )
        return problem, "convert it: ssh-keygen -e -m PKCS8 -f KEY"
    return "", ""


def find_unusable_ssh_kind(data: bytes) -> str:
    """Return the kind of an OpenSSH private key if CloudFront does not accept it, else ""."""
    # The public key follows the cipher and the function that derives its key from the password
    # (OpenSSH, PROTOCOL.key). It is never encrypted.
    start = data[:512]
    return next((kind for name, kind in _SSH_KINDS.items() if name.encode() in start), "")


def describe_unusable_kind(kind: str) -> str:
    """Return what is wrong with a key of a *kind* that CloudFront does not accept."""
    return f"is {kind}, but CloudFront accepts only {' and '.join(KEY_ALGORITHMS)}"
