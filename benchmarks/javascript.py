"""The peers in JavaScript: installed by npm into a folder of its own, one node process for each."""

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


def pinned() -> dict[str, str]:
    """Return the versions that package.json pins."""
    versions: dict[str, str] = json.loads((_SOURCES / "package.json").read_text())["dependencies"]
    return versions


def install() -> dict[str, str]:
    """Install the peers unless they are there; return their versions, and node's."""
    _FOLDER.mkdir(parents=True, exist_ok=True)
    for path in _SOURCES.iterdir():
        shutil.copy(path, _FOLDER)
    if _installed() != pinned():
        line = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--silent"]
        subprocess.run(line, cwd=_FOLDER, check=True, timeout=180)
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    return {**_installed(), "node": node.stdout.strip().removeprefix("v")}


def _installed() -> dict[str, str]:
    versions = {}
    for name in pinned():
        file = _FOLDER / "node_modules" / name / "package.json"
        if file.exists():
            versions[name] = json.loads(file.read_text())["version"]
    return versions


class Peer:
    """A node process that signs and times itself."""

    def __init__(self, questions: IO[str], answers: IO[str]) -> None:
        self._questions = questions
        self._answers = answers

    def tell(self, what: dict[str, Any]) -> None:
        """Send it something that it does not answer."""
        self._questions.write(f"{json.dumps(what)}\n")
        self._questions.flush()

    def ask(self, call: str, key: str, times: int) -> dict[str, Any]:
        """Have it do a call so many times; return `seconds`, and what it `made` last."""
        self.tell({"call": call, "key": key, "times": times})
        answer = self._answers.readline()
        if not answer:
            raise ChildProcessError("node ended; its message is above")
        reply: dict[str, Any] = json.loads(answer)
        return reply


@contextmanager
def peer(keys: dict[str, Key]) -> Iterator[Peer]:
    """Start a node process that has the keys."""
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
            started.tell(setting)
            yield started
        finally:
            process.kill()
