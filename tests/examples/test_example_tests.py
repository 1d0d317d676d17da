"""The examples' own tests, as a reader runs them by the READMEs: in a copy."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

NEEDED = {
    "flask_site": ("flask", "httpx", "waitress", "whitenoise"),
    "falcon_site": ("falcon", "itsdangerous", "httpx", "waitress", "whitenoise"),
    "django_site": ("django", "httpx", "waitress", "whitenoise"),
}


@pytest.mark.parametrize("name", NEEDED)
def test_the_examples_tests(
    copy_example: Callable[[str], Path], example_environ: dict[str, str], name: str
) -> None:
    for package in NEEDED[name]:
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
