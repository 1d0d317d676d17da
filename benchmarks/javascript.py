"""The JavaScript libraries: installed by npm into `build`, and run in one node process."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from benchmarks.material import EXPIRES_AT, FOLDER, FOLDER_POLICY, KEY_PAIR_ID, URLS, Key

_SOURCES = Path(__file__).parent / "javascript"
_FOLDER = Path(__file__).parents[1] / "build" / "benchmarks" / "javascript"


def read_pinned_versions() -> dict[str, str]:
    """Return the versions that package.json pins."""
    versions: dict[str, str] = json.loads((_SOURCES / "package.json").read_text())["dependencies"]
    return versions


def install() -> dict[str, str]:
    """Install the libraries if needed; return their versions and that of node."""
    _FOLDER.mkdir(parents=True, exist_ok=True)
    for path in _SOURCES.iterdir():
        shutil.copy(path, _FOLDER)
    if _read_installed_versions() != read_pinned_versions():
        line = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--silent"]
        subprocess.run(line, cwd=_FOLDER, check=True, timeout=180)
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    return {**_read_installed_versions(), "node": node.stdout.strip().removeprefix("v")}


def _read_installed_versions() -> dict[str, str]:
    versions = {}
    for name in read_pinned_versions():
        file = _FOLDER / "node_modules" / name / "package.json"
        if file.exists():
            versions[name] = json.loads(file.read_text())["version"]
    return versions


class Peer:
    """A node process that signs and measures its own time."""

    def __init__(self, stdin: IO[str], stdout: IO[str]) -> None:
        self._stdin = stdin
        self._stdout = stdout

    def send(self, message: dict[str, Any]) -> None:
        """Send a message without waiting for a reply."""
        self._stdin.write(f"{json.dumps(message)}\n")
        self._stdin.flush()

    def run(self, call: str, key: str, times: int) -> dict[str, Any]:
        """Run a call *times* times; return `seconds`, and the last result as `made`."""
        self.send({"call": call, "key": key, "times": times})
        line = self._stdout.readline()
        if not line:
            raise ChildProcessError("node ended; its message is above")
        reply: dict[str, Any] = json.loads(line)
        return reply


@contextmanager
def start_peer(keys: dict[str, Key]) -> Iterator[Peer]:
    """Start the node process with *keys*."""
    setting = {
        "keyPairId": KEY_PAIR_ID,
        "urls": URLS[:1000],
        "folder": FOLDER,
        "folderPolicy": FOLDER_POLICY,
        "expiresAt": EXPIRES_AT,
        "keys": {name: key.pem for name, key in keys.items()},
    }
    line = ["node", "peer.cjs"]
    pipe = subprocess.PIPE
    with subprocess.Popen(line, cwd=_FOLDER, stdin=pipe, stdout=pipe, text=True) as process:
        started = Peer(cast(IO[str], process.stdin), cast(IO[str], process.stdout))
        try:
            started.send(setting)
            yield started
        finally:
            process.kill()
