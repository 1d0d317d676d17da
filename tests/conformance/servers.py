"""Real servers on free loopback ports, each started once and stopped with the suite."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import waitress

from cfsign import TrustedKeyGroup
from cfsign.edge import WSGIEdge
from tests.conformance.expectations import content
from tests.conformance.site import driver
from tests.conformance.wire import send

ROOT = Path(__file__).parents[2]
_PATIENCE = 30


def command(flavour: str) -> list[str]:
    """Return the line that a site would be served with, on a port that is free."""
    if driver(flavour).IS_ASGI:
        arguments = ["uvicorn", "--factory", "tests.conformance.site:create_app", "--port", "0"]
    else:
        configuration = f"{ROOT}/tests/conformance/gunicorn_conf.py"
        arguments = ["gunicorn", "tests.conformance.site:create_app()"]
        arguments += ["--config", configuration, "--bind", "127.0.0.1:0"]
    return [sys.executable, "-m", *arguments]


class Servers:
    """The sites under their servers, each started when it is first asked for."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._folder = folder
        self._environ = environ
        self._origins: dict[tuple[str, str], str] = {}
        self._running: list[subprocess.Popen[bytes]] = []
        # `python -m` looks here first: for the suite, while the package stays the one installed.
        (folder / "tests").symlink_to(ROOT / "tests")

    def origin(self, flavour: str, kind: str = "file") -> str:
        """Return the URL of the flavour's server that holds a key of that kind."""
        if (flavour, kind) not in self._origins:
            environ = {**self._environ, "SITE_KEY_KIND": kind}
            self._origins[flavour, kind] = self.start(flavour, environ)
        return self._origins[flavour, kind]

    def start(self, flavour: str, environ: Mapping[str, str]) -> str:
        """Start a server and return its URL; raises AssertionError with its log if it ends."""
        process, log = self.spawn(flavour, command(flavour), environ)
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end and process.poll() is None:
            found = re.search(r"http://127\.0\.0\.1:\d+", log.read_text())
            with contextlib.suppress(OSError):
                if found is not None:
                    send(found[0], "GET", "/")
                    return found[0]
            time.sleep(0.05)
        raise AssertionError(f"{flavour} does not answer:\n{log.read_text()}")

    def spawn(
        self, flavour: str, arguments: list[str], environ: Mapping[str, str]
    ) -> tuple[subprocess.Popen[bytes], Path]:
        """Run a command of the site, its output going to a file; it is stopped in the end."""
        log = self._folder / f"{flavour}-{len(self._running)}.log"
        kept = ("HOME", "PATH", "PYTHONPATH")
        inherited = {name: os.environ[name] for name in kept if name in os.environ}
        with log.open("wb") as output:
            process = subprocess.Popen(
                arguments,
                cwd=self._folder,
                env={**inherited, "SITE_FLAVOUR": flavour, **environ},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running.append(process)
        return process, log

    def stop(self) -> None:
        """Stop all that was started, and their workers with them."""
        for process in self._running:
            process.terminate()
        for process in self._running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextlib.contextmanager
def edge(trusted_keys: TrustedKeyGroup) -> Iterator[str]:
    """Serve an origin that has every file, behind the local edge; gives its URL."""

    def origin(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        body = content(environ["PATH_INFO"].encode("latin-1").decode(), environ["QUERY_STRING"])
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]

    server = waitress.create_server(
        WSGIEdge(origin, trusted_keys), host="127.0.0.1", port=0, threads=4
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        server.close()
        thread.join(5)
