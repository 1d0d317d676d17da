"""
The examples as a user runs them: in a copy, by the very lines of their READMEs.

All that differs is the two ports, which are free ones, and `pip install`, which is done.
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
_PATIENCE = 30


@dataclass(frozen=True)
class Example:
    """An example that is running."""

    folder: Path
    site: str
    edge: str
    log: Path

    def password(self, name: str) -> str:
        """The password that was printed for a viewer."""
        found = re.search(rf"^{name}'s password: (\S+)$", self.log.read_text(), re.MULTILINE)
        assert found is not None, self.log.read_text()
        return found[1]

    def in_bucket(self, name: str) -> bytes:
        """A private file's bytes, from the example as it is committed."""
        return (ROOT / "examples" / self.folder.name / "bucket" / name).read_bytes()

    def on_edge(self, url: str) -> bool:
        """Whether a URL is one of the edge's."""
        return url.startswith(f"{self.edge}/")

    @contextlib.contextmanager
    def browser(self) -> Iterator[Any]:
        """A viewer's browser, which follows no redirect unless it is told."""
        import httpx

        with httpx.Client(base_url=self.site, timeout=_PATIENCE, trust_env=False) as client:
            yield client


def fill_in(page: Any, **fields: str) -> dict[str, str]:
    """What a browser would send of a page's form: its hidden fields, and what was typed."""
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
    return {name: html.unescape(value) for name, value in hidden} | fields


@pytest.fixture(name="fill_in", scope="session")
def fill_in_fixture() -> Callable[..., dict[str, str]]:
    """The function above."""
    return fill_in


@pytest.fixture(scope="session")
def example_environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment that has the commands of this Python first, and nothing of the user's."""
    commands = Path(sys.executable).parent
    return {
        "HOME": str(tmp_path_factory.mktemp("home")),
        "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
        "PYTHONUNBUFFERED": "1",
    }


@pytest.fixture(scope="session")
def copy_example(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Copies an example, and nothing that was made in it."""

    def copy(name: str) -> Path:
        folder = tmp_path_factory.mktemp("examples")
        made = shutil.ignore_patterns("__pycache__", "*.pem", "*.sqlite3", "students.json")
        shutil.copytree(ROOT / "examples" / name, folder / name, ignore=made)
        return folder / name

    return copy


@pytest.fixture(scope="session")
def run_example(
    copy_example: Callable[[str], Path], example_environ: dict[str, str]
) -> Callable[[str], contextlib.AbstractContextManager[Example]]:
    """Runs an example's README until the end of a `with`."""

    @contextlib.contextmanager
    def run(name: str) -> Iterator[Example]:
        folder = copy_example(name)
        site, edge = free_ports(2)
        script = readme_lines(folder).replace(":8000", f":{site}").replace(":8001", f":{edge}")
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


def readme_lines(folder: Path) -> str:
    """The lines that run the example, of which the first installs it."""
    readme = (folder / "README.md").read_text(encoding="utf-8")
    _, _, block = readme.partition("```console\n")
    install, _, lines = block.partition("\n```")[0].partition("\n")
    assert install.startswith("pip install -e '../..[")
    return lines


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, all different."""
    with contextlib.ExitStack() as stack:
        sockets = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)
        ]
        return [each.getsockname()[1] for each in sockets]


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a server answers; raises AssertionError with the log if none will."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError(f"nothing answers at port {port}:\n{log.read_text()}")


def stop(process: subprocess.Popen[bytes]) -> None:
    """Stop the script and all that it started, which is its session's one process group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(5)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
