"""The demo's site on each framework, in separate processes: Django allows one per process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from cfsign.demo.sites import FRAMEWORKS

HERE = Path(__file__).parent

LogIn = Callable[..., httpx.Client]


@pytest.fixture(scope="session")
def sites(pem: str) -> Iterator[dict[str, str]]:
    """The URL of the site on each framework; all sign with the private key `pem`."""
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
            _, err = process.communicate(timeout=10)  # closes its input, which stops it
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
    """A function that returns a client, logged in as a user or logged out."""
    with ExitStack() as stack:

        def log_in(user: str | None = None, on: str = framework) -> httpx.Client:
            client = stack.enter_context(httpx.Client(base_url=sites[on], trust_env=False))
            if user is not None:
                response = client.post("/login", data={"user": user})
                assert response.status_code in (302, 303)
                assert response.headers["Location"] == "/"
            return client

        yield log_in
