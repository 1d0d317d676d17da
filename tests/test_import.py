"""What `import cfsign` brings in: little, so that a command or a worker starts at once."""

import subprocess
import sys

# Each takes milliseconds, and is needed by some users or at some moments only.
NOT_BROUGHT = {
    "asyncio",
    "boto3",
    "botocore",
    "click",
    "concurrent",
    "cryptography",
    "difflib",
    "django",
    "falcon",
    "flask",
    "http",
    "logging",
    "rsa",
    "socket",
    "ssl",
    "werkzeug",
}


def test_the_import_brings_in_no_framework_backend_or_loop():
    """In a process of its own, without what `site` imports for the tests' sake."""
    code = "import sys; before = set(sys.modules); import cfsign; print(*set(sys.modules) - before)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    brought = {name.partition(".")[0] for name in done.stdout.split()}
    assert "cfsign" in brought
    assert not brought & NOT_BROUGHT
