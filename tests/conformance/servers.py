"""Real servers on free loopback ports. Each is started once, and stopped at the end."""

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


def command(adapter: str) -> list[str]:
    """Return the command that serves a site on a free port."""
    if driver(adapter).IS_ASGI:
        arguments = ["uvicorn", "--factory", "tests.conformance.site:create_app", "--port", "0"]
    else:
        configuration = f"{ROOT}/tests/conformance/gunicorn_conf.py"
        arguments = ["gunicorn", "tests.conformance.site:create_app()"]
        arguments += ["--config", configuration, "--bind", "127.0.0.1:0"]
    return [sys.executable, "-m", *arguments]


class Servers:
    """The servers of the sites. Each is started when it is first needed."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._folder = folder
        self._environ = environ
        self._origins: dict[tuple[str, str], str] = {}
        self._running: list[subprocess.Popen[bytes]] = []
        # `python -m` searches this folder first, so it finds the tests but the installed package.
        (folder / "tests").symlink_to(ROOT / "tests")

    def origin(self, adapter: str, kind: str = "file") -> str:
        """Return the URL of the adapter's server with a key of *kind*."""
        if (adapter, kind) not in self._origins:
            environ = {**self._environ, "SITE_KEY_KIND": kind}
            self._origins[adapter, kind] = self.start(adapter, environ)
        return self._origins[adapter, kind]

    def start(self, adapter: str, environ: Mapping[str, str]) -> str:
        """Start a server and return its URL; raises AssertionError with its log if it ends."""
        process, log = self.spawn(adapter, command(adapter), environ)
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end and process.poll() is None:
            found = re.search(r"http://127\.0\.0\.1:\d+", log.read_text())
            with contextlib.suppress(OSError):
                if found is not None:
                    send(found[0], "GET", "/")
                    return found[0]
            time.sleep(0.05)
        raise AssertionError(f"{adapter} does not answer:\n{log.read_text()}")

    def spawn(
        self, adapter: str, arguments: list[str], environ: Mapping[str, str]
    ) -> tuple[subprocess.Popen[bytes], Path]:
        """Start a command that writes to a log file; `stop` ends it."""
        log = self._folder / f"{adapter}-{len(self._running)}.log"
        names = ("HOME", "PATH", "PYTHONPATH")
        inherited = {name: os.environ[name] for name in names if name in os.environ}
        with log.open("wb") as output:
            process = subprocess.Popen(
                arguments,
                cwd=self._folder,
                env={**inherited, "SITE_ADAPTER": adapter, **environ},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running.append(process)
        return process, log

    def stop(self) -> None:
        """Stop all servers and their workers."""
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
    """Yield the URL of a local edge in front of an origin that has every file."""

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
