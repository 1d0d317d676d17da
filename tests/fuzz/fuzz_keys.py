"""
Fuzzer of key loading: each input must load, or raise SigningKeyError.

Run it with `nox -s fuzz`, or: python tests/fuzz/fuzz_keys.py SECONDS
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

# Arguments of the openssl command for each encoding. RSA keys have 1,024 bits, for short inputs.
ENCODINGS = [
    ("pkey",),
    ("pkey", "-traditional"),
    ("pkey", "-pubout"),
    ("pkcs8", "-topk8", "-v2", "aes-128-cbc", "-passout", f"pass:{PASSWORD}"),
    ("pkcs8", "-topk8", "-scrypt", "-passout", f"pass:{PASSWORD}"),
    ("pkey", "-traditional", "-aes128", "-passout", f"pass:{PASSWORD}"),
]

#: libFuzzer reports an input that takes longer, in seconds. The slowest accepted encryption takes
#: four seconds without instrumentation.
TIMEOUT = 20


def try_key(content: bytes) -> None:
    """Load *content* in every way; a key that loads must work."""
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
    """Check that the message is too short to hold a key."""
    assert len(str(error)) < 600


def write_corpus(folder: Path) -> None:
    """Write keys in PEM and DER, from which the fuzzer starts."""
    rsa = cfsign.keys.rsa_backend.generate_pem("RSA-1024")
    for kind, pem in (("rsa", rsa), ("ec", generate_private_key_pem("P-256"))):
        for number, arguments in enumerate(ENCODINGS):
            for form in ("PEM", "DER"):
                name = folder / f"{kind}-{number}.{form}"
                command = ["openssl", *arguments, "-outform", form, "-out", str(name)]
                # OpenSSL's older encryption does not exist in DER, so that command fails.
                subprocess.run(command, input=pem.encode(), capture_output=True, check=False)


def main() -> None:
    """Run the fuzzer for the seconds of the first argument, 60 by default."""
    seconds = sys.argv[1] if len(sys.argv) > 1 else "60"
    with tempfile.TemporaryDirectory() as name:
        write_corpus(Path(name))
        options = [f"-max_total_time={seconds}", f"-timeout={TIMEOUT}", "-max_len=4096"]
        atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={Path.cwd()}/", name], try_key)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
