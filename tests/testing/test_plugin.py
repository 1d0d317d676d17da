"""The pytest plugin, in a separate pytest run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

httpx = pytest.importorskip("httpx")
for _package in ("waitress", "whitenoise"):
    pytest.importorskip(_package)


WITHOUT_FIXTURES = """
import sys

def test_nothing_was_imported():
    assert "cfsign" not in sys.modules
    assert "httpx" not in sys.modules
"""

WITH_FIXTURES = """
def test_a(cloudfront_edge, cloudfront_clock, tmp_path):
    (tmp_path / "a.txt").write_text("a")
    edge = cloudfront_edge(tmp_path, port=0)
    url = edge.assert_allows(edge.distribution.sign_path("a.txt"))
    assert edge.get(url).text == "a"
    cloudfront_clock.shift(61)
    assert edge.get(url).status_code == 403

def test_b(cloudfront_key_pair, request):
    request.config.made = getattr(request.config, "made", set()) | {id(cloudfront_key_pair)}

def test_c(cloudfront_key_pair, request):
    assert request.config.made == {id(cloudfront_key_pair)}

def test_fails(cloudfront_edge, tmp_path):
    cloudfront_edge(tmp_path).assert_allows("/a.txt")
"""


@pytest.fixture
def run_pytest(tmp_path: Path) -> Callable[..., str]:
    """A function that runs pytest on a module, in a separate process, and returns its output."""
    import os
    import subprocess
    import sys

    def run(text: str, *arguments: str) -> str:
        (tmp_path / "test_user.py").write_text(text)
        options = ["-p", "no:randomly", "-p", "no:cacheprovider", "-W", "error", *arguments]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options],
            cwd=tmp_path,
            # Without the options of .ci/run: pytest-xdist would split the module.
            env={**os.environ, "PYTEST_ADDOPTS": ""},
            capture_output=True,
            text=True,
        )
        return done.stdout + done.stderr

    return run


def test_plugin_imports_nothing_until_a_fixture_is_used(run_pytest: Callable[..., str]) -> None:
    """So it costs no time, and an error in cfsign cannot break other tests."""
    assert "1 passed" in run_pytest(WITHOUT_FIXTURES)


def test_plugin_provides_the_fixtures(run_pytest: Callable[..., str]) -> None:
    """Through the entry point; the traceback of a failure ends in the test."""
    output = run_pytest(WITH_FIXTURES)
    assert "3 passed" in output
    assert "1 failed" in output
    assert "CloudFront refuses https://media.example.com/a.txt: 403 MissingKey" in output
    assert "cfsign/testing" not in output
    assert "cloudfront_edge" in run_pytest(WITH_FIXTURES, "--fixtures")
