"""
A search, guided by coverage, for a key file that is neither a key nor a SigningKeyError.

Run it by `nox -s fuzz`, or: python tests/fuzz/fuzz_keys.py SECONDS
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["cfsign"]):
    import cfsign.keys.cryptography_backend
    import cfsign.keys.rsa_backend
    from cfsign import SigningKeyError, load_private_key
    from cfsign.keys import generate_private_key_pem, load_public_key

PASSWORD = "hunter2"
BACKENDS = ("rsa", "cryptography")

# How OpenSSL writes a key; RSA ones of 1,024 bits, for speed and short inputs.
ENCODINGS = [
    ("pkey",),
    ("pkey", "-traditional"),
    ("pkey", "-pubout"),
    ("pkcs8", "-topk8", "-v2", "aes-128-cbc", "-passout", f"pass:{PASSWORD}"),
    ("pkcs8", "-topk8", "-scrypt", "-passout", f"pass:{PASSWORD}"),
    ("pkey", "-traditional", "-aes128", "-passout", f"pass:{PASSWORD}"),
]

#: No input takes longer; libFuzzer calls it a hang. The dearest encryption that is taken needs four
#: seconds, where nothing is instrumented.
SLOWEST = 20


def try_key(content: bytes) -> None:
    """Load it in every way; whatever loads must be a whole key."""
    for backend in BACKENDS:
        for password in (None, PASSWORD):
            try:
                key = load_private_key(
                    content, password=password, backend=backend, allow_unsupported=True
                )
            except SigningKeyError as error:
                check_message(error)
            else:
                public = load_public_key(key.public_key_pem(), backend=backend)
                assert public.verify(b"message", key.sign(b"message", "SHA256"), "SHA256")
        try:
            public = load_public_key(content, backend=backend)
        except SigningKeyError as error:
            check_message(error)
        else:
            assert public.verify(b"message", bytes(128), "SHA256") is False


def check_message(error: SigningKeyError) -> None:
    """A message is short, whatever the file is: nothing of a key fits into it."""
    assert len(str(error)) < 600


def write_corpus(folder: Path) -> None:
    """Write real keys to begin with, PEM and DER."""
    rsa = cfsign.keys.rsa_backend.generate_pem("RSA-1024")
    for kind, pem in (("rsa", rsa), ("ec", generate_private_key_pem("P-256"))):
        for number, arguments in enumerate(ENCODINGS):
            for form in ("PEM", "DER"):
                name = folder / f"{kind}-{number}.{form}"
                command = ["openssl", *arguments, "-outform", form, "-out", str(name)]
                # The older encryption has no DER.
                subprocess.run(command, input=pem.encode(), capture_output=True, check=False)


def main() -> None:
    """Search for as long as the first argument says."""
    seconds = sys.argv[1] if len(sys.argv) > 1 else "60"
    with tempfile.TemporaryDirectory() as name:
        write_corpus(Path(name))
        options = [f"-max_total_time={seconds}", f"-timeout={SLOWEST}", "-max_len=4096"]
        atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={Path.cwd()}/", name], try_key)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
