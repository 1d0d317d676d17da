"""The demo's site on each framework, each in a process of its own: Django takes one a process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

# Last, so that the package under test stays the one that is installed.
sys.path.append(str(Path(__file__).parents[2]))

from cfsign.demo.sites import FRAMEWORKS

HERE = Path(__file__).parent

LogIn = Callable[..., httpx.Client]


@pytest.fixture(scope="session")
def sites(pem: str) -> Iterator[dict[str, str]]:
    """The address of each site, over a private key that the test knows."""
    command = [sys.executable, "-W", "error", str(HERE / "site_server.py")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    processes = {
        name: subprocess.Popen([*command, name], text=True, **pipes) for name in FRAMEWORKS
    }
    try:
        addresses = {}
        for name, process in processes.items():
            print(pem, flush=True, file=process.stdin)
            addresses[name] = process.stdout.readline().strip()
        yield addresses
        for name, process in processes.items():
            _, err = process.communicate(timeout=10)  # the end of its input stops it
            assert (name, process.returncode, err) == (name, 0, "")
    finally:
        for process in processes.values():
            process.kill()
            process.communicate()


@pytest.fixture(params=FRAMEWORKS)
def framework(request: pytest.FixtureRequest) -> str:
    """Each framework."""
    return str(request.param)


@pytest.fixture
def log_in(sites: dict[str, str], framework: str) -> Iterator[LogIn]:
    """Make a browser for a viewer, or for nobody."""
    with ExitStack() as stack:

        def log_in(viewer: str | None = None, on: str = framework) -> httpx.Client:
            browser = stack.enter_context(httpx.Client(base_url=sites[on], trust_env=False))
            if viewer is not None:
                answer = browser.post("/login", data={"viewer": viewer})
                assert answer.status_code in (302, 303)
                assert answer.headers["Location"] == "/"
            return browser

        yield log_in
