"""Run the tests of each example in a copy, with the command of its README."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PACKAGES = {
    "flask_site": ("flask", "httpx", "waitress", "whitenoise"),
    "falcon_site": ("falcon", "itsdangerous", "httpx", "waitress", "whitenoise"),
    "fastapi_site": ("fastapi", "httpx", "waitress", "whitenoise"),
    "django_site": ("django", "httpx", "waitress", "whitenoise"),
}


@pytest.mark.parametrize("name", PACKAGES)
def test_tests_of_the_example_pass(
    copy_example: Callable[[str], Path], example_environ: dict[str, str], name: str
) -> None:
    for package in PACKAGES[name]:
        pytest.importorskip(package)
    folder = copy_example(name)
    assert "\npython -m pytest tests\n" in (folder / "README.md").read_text(encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-W", "error", "tests"],
        cwd=folder,
        env=example_environ,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
