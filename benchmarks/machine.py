"""Describe the machine and the versions of a run, without the name of the host."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

CORES, LOAD = "cores", "load before the run"
PACKAGES = (
    "cryptography",
    "rsa",
    "botocore",
    "cloudfront-signed-cookies",
    "django-storages",
    "flask",
    "django",
    "falcon",
    "fastapi",
    "starlette",
    "gunicorn",
    "uvicorn",
)


def describe_machine() -> dict[str, str]:
    """Return the processor, the system and the interpreter."""
    from cryptography.hazmat.backends.openssl.backend import backend

    return {
        "processor": _find_processor(),
        CORES: str(os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "OpenSSL": backend.openssl_version_text(),
        LOAD: f"{os.getloadavg()[0]:.2f}",
    }


def _find_processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    if sys.platform == "darwin":
        line = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(line, capture_output=True, text=True).stdout.strip()
    return platform.processor() or "unknown"


def list_versions() -> dict[str, str]:
    """Return the version of each measured Python package that is installed."""
    versions = {}
    for name in PACKAGES:
        with suppress(PackageNotFoundError):  # the run reports what it cannot measure
            versions[name] = version(name)
    return versions
