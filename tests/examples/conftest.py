"""
Run the examples as a user does: in a copy, with the commands of their READMEs.

Only the two ports differ, and `pip install` is left out.
"""

from __future__ import annotations

import contextlib
import html
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
_TIMEOUT = 30  # seconds


@dataclass(frozen=True)
class Example:
    """A running example: its folder, the URLs of site and edge, and its output."""

    folder: Path
    site: str
    edge: str
    log: Path

    def read_password(self, name: str) -> str:
        """Return the password that was printed for a user."""
        found = re.search(rf"^{name}'s password: (\S+)$", self.log.read_text(), re.MULTILINE)
        assert found is not None, self.log.read_text()
        return found[1]

    def read_file(self, name: str) -> bytes:
        """Return the content of a private file of the example."""
        return (ROOT / "examples" / self.folder.name / "bucket" / name).read_bytes()

    def is_on_edge(self, url: str) -> bool:
        """Return True if the URL is one of the edge."""
        return url.startswith(f"{self.edge}/")

    @contextlib.contextmanager
    def open_browser(self) -> Iterator[Any]:
        """Yield an HTTP client with its own cookies; it does not follow redirects by default."""
        import httpx

        with httpx.Client(base_url=self.site, timeout=_TIMEOUT, trust_env=False) as client:
            yield client


def fill_in(page: Any, **fields: str) -> dict[str, str]:
    """Return the fields of a page's form: the hidden ones, and *fields*."""
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
    return {name: html.unescape(value) for name, value in hidden} | fields


@pytest.fixture(name="fill_in", scope="session")
def fill_in_fixture() -> Callable[..., dict[str, str]]:
    """The function `fill_in`."""
    return fill_in


@pytest.fixture(scope="session")
def example_environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment with the commands of this Python, without the user's variables."""
    commands = Path(sys.executable).parent
    return {
        "HOME": str(tmp_path_factory.mktemp("home")),
        "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
        "PYTHONUNBUFFERED": "1",
    }


@pytest.fixture(scope="session")
def copy_example(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A function that copies an example, without generated files."""

    def copy(name: str) -> Path:
        folder = tmp_path_factory.mktemp("examples")
        generated = shutil.ignore_patterns(
            "__pycache__", "*.pem", "*.sqlite3", "clients.json", "students.json"
        )
        shutil.copytree(ROOT / "examples" / name, folder / name, ignore=generated)
        return folder / name

    return copy


@pytest.fixture(scope="session")
def run_example(
    copy_example: Callable[[str], Path], example_environ: dict[str, str]
) -> Callable[[str], contextlib.AbstractContextManager[Example]]:
    """A context manager that runs the commands of an example's README."""

    @contextlib.contextmanager
    def run(name: str) -> Iterator[Example]:
        folder = copy_example(name)
        site, edge = find_free_ports(2)
        script = read_commands(folder).replace(":8000", f":{site}").replace(":8001", f":{edge}")
        script = script.replace("--port 8000", f"--port {site}")
        script = script.replace("--port 8001", f"--port {edge}")
        log = folder.parent / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["bash", "-euo", "pipefail", "-c", script],
                cwd=folder,
                env=example_environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            for port in (site, edge):
                wait_for(port, process, log)
            yield Example(folder, f"http://127.0.0.1:{site}", f"http://127.0.0.1:{edge}", log)
        finally:
            stop(process)

    return run


def read_commands(folder: Path) -> str:
    """Return the commands of the README that run the example, without `pip install`."""
    readme = (folder / "README.md").read_text(encoding="utf-8")
    _, _, block = readme.partition("```console\n")
    install, _, lines = block.partition("\n```")[0].partition("\n")
    assert install.startswith("pip install -e '../..[")
    return lines


def find_free_ports(count: int) -> list[int]:
    """Return *count* different free ports."""
    with contextlib.ExitStack() as stack:
        sockets = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)
        ]
        return [each.getsockname()[1] for each in sockets]


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the port accepts connections; raise AssertionError with the log if it does not."""
    end = time.monotonic() + _TIMEOUT
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError(f"nothing answers at port {port}:\n{log.read_text()}")


def stop(process: subprocess.Popen[bytes]) -> None:
    """Stop the script and its child processes, which are one process group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(5)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
