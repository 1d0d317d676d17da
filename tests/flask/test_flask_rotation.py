"""
A key rotation over HTTP: gunicorn serves a site under load while its key ring file is replaced.

The workers are forked after the site has loaded its keys. A trusted key group checks every URL at
once. It changes in the order that CloudFront prescribes: it gets the new public key before the file
does, and keeps the old one until `KeyRing.removable_at`.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cfsign import KeyRing, TrustedKeyGroup

pytest.importorskip("flask")
pytest.importorskip("gunicorn")

OLD, NEW = "K1OLD", "K2NEW"
LIFETIME = 5
REFRESH_EVERY = 0.2
_WORKERS, _CLIENTS = 2, 4
_PATIENCE = 60

SITE = f"""
import logging, os
import flask
from cfsign_flask import CloudFront, SignedRedirectView

logging.basicConfig(format="%(process)d %(levelname)s %(name)s %(message)s", level=logging.INFO)
app = flask.Flask(__name__)
app.config["CLOUDFRONT_DOMAIN"] = "https://media.example.com"
app.config["CLOUDFRONT_CONFIG"] = {{
    "key_ring": "ring.json", "refresh_every": {REFRESH_EVERY}, "expires": {LIFETIME}
}}
CloudFront(app)

class Content(SignedRedirectView):
    def authorize(self, resource):
        return 200

app.add_url_rule("/content/<path:resource>", view_func=Content.as_view("content"))

@app.after_request
def add_worker_id(response):
    response.headers["X-Worker"] = str(os.getpid())
    return response
"""


@dataclass(frozen=True)
class Redirect:
    """One redirect of the site."""

    at: float
    worker: str
    key_pair_id: str
    expires: int


@dataclass
class Load:
    """Clients that send requests without a pause, and check each URL that they get."""

    port: int
    edge: TrustedKeyGroup
    redirects: list[Redirect] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    ends: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.ends.is_set():
            try:
                self.redirects.append(self.request())
            except Exception as error:
                self.failures.append(repr(error))

    def request(self) -> Redirect:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE)
        with contextlib.closing(connection):
            connection.request("GET", "/content/report.pdf")
            response = connection.getresponse()
            response.read()
        url = response.getheader("Location", "")
        verdict = self.edge.check(url)
        if response.status != 303 or not verdict.allowed:
            self.failures.append(f"{response.status} {verdict}")
        expires, key_pair_id = re.findall(r"Expires=(\d+).*Key-Pair-Id=(\w+)", url)[0]
        worker = response.getheader("X-Worker", "")
        return Redirect(time.time(), worker, key_pair_id, int(expires))

    def wait_until(self, condition: Callable[[list[Redirect]], bool], what: str) -> None:
        """Wait until *condition* is true of the redirects from now on."""
        start, end = len(self.redirects), time.monotonic() + _PATIENCE
        while not condition(self.redirects[start:]):
            assert not self.failures, self.failures[:3]
            assert time.monotonic() < end, what
            time.sleep(0.05)


@contextlib.contextmanager
def under_load(port: int, edge: TrustedKeyGroup) -> Iterator[Load]:
    """Send requests until the end of the `with` block."""
    load = Load(port, edge)
    clients = [threading.Thread(target=load.run) for _ in range(_CLIENTS)]
    for client in clients:
        client.start()
    try:
        yield load
    finally:
        load.ends.set()
        for client in clients:
            client.join()


@pytest.fixture
def site(tmp_path: Path, pem: str) -> Iterator[tuple[int, Path]]:
    """The port and the log of the site under gunicorn."""
    (tmp_path / "site_app.py").write_text(SITE)
    (tmp_path / "gunicorn.conf.py").write_text("control_socket_disable = True\n")
    (tmp_path / "old.pem").write_text(pem)
    write_ring(tmp_path, {"key_pair_id": OLD, "private_key": "old.pem"})
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "site_app:app", "--preload"),
                *("--bind", "127.0.0.1:0", "--workers", str(_WORKERS), "--threads", "4"),
            ],
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield listening_port(process, log), log
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def listening_port(process: subprocess.Popen[bytes], log: Path) -> int:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        found = re.search(r"Listening at: http://127\.0\.0\.1:(\d+)", log.read_text())
        if found is not None:
            return int(found[1])
        time.sleep(0.05)
    raise AssertionError(f"gunicorn does not listen:\n{log.read_text()}")


def write_ring(folder: Path, *entries: dict[str, Any]) -> None:
    """Replace the key ring file atomically."""
    (folder / "ring.new").write_text(json.dumps({"keys": entries}))
    os.replace(folder / "ring.new", folder / "ring.json")


def is_used_by_all(redirects: list[Redirect], key_pair_id: str) -> bool:
    """Return True if every worker has signed with the key."""
    return len({each.worker for each in redirects if each.key_pair_id == key_pair_id}) == _WORKERS


def is_long_enough(redirects: list[Redirect]) -> bool:
    """Return True if every worker had time to check the file five times."""
    times: dict[str, list[float]] = {}
    for each in redirects:
        times.setdefault(each.worker, []).append(each.at)
    spans = [max(each) - min(each) for each in times.values()]
    return len(spans) == _WORKERS and min(spans) > 5 * REFRESH_EVERY


def test_rotation_under_load_fails_no_request(
    site: tuple[int, Path], tmp_path: Path, public_pem: str, other_pem: str, openssl: Any
) -> None:
    """A broken new key is ignored, the repaired one signs, and then the old one is removed."""
    port, log = site
    new_public = openssl("pkey", "-pubout", given=other_pem).decode()
    old = {"key_pair_id": OLD, "private_key": "old.pem"}
    new = {"key_pair_id": NEW, "private_key": "new.pem"}
    with under_load(port, TrustedKeyGroup({OLD: public_pem})) as load:
        load.wait_until(lambda redirects: is_used_by_all(redirects, OLD), "the old key signs")

        # Steps 1 and 2: add the new public key to the key group.
        load.edge = TrustedKeyGroup({OLD: public_pem, NEW: new_public})

        # The new key file is truncated, and would be active at once.
        (tmp_path / "new.pem").write_text(other_pem[:900])
        write_ring(tmp_path, old, {**new, "active_from": int(time.time()) - 1})
        load.wait_until(lambda _: len(find_reports(log)) >= _WORKERS, "every worker logs the error")
        load.wait_until(is_long_enough, "the site still works")
        assert all(each.key_pair_id == OLD for each in load.redirects)

        # Step 3: the new key file is whole, and the key is active in three seconds.
        active_from = int(time.time()) + 3
        (tmp_path / "new.pem").write_text(other_pem)
        write_ring(tmp_path, old, {**new, "active_from": active_from})
        load.wait_until(lambda redirects: is_used_by_all(redirects, NEW), "the new key signs")
        assert all(each.at >= active_from for each in load.redirects if each.key_pair_id == NEW)

        # Step 4: wait until the last URL of the old key has expired.
        ring = KeyRing.from_file(tmp_path / "ring.json", refresh_every=REFRESH_EVERY)
        removable_at = ring.removable_at(OLD, LIFETIME)
        assert removable_at == active_from + 1 + LIFETIME
        load.wait_until(lambda _: time.time() >= removable_at, "the old URLs expire")
        last = max(each.expires for each in load.redirects if each.key_pair_id == OLD)
        assert active_from < last <= removable_at

        # Step 5: remove the old key from the file and from the key group.
        write_ring(tmp_path, {**new, "active_from": active_from})
        load.edge = TrustedKeyGroup({NEW: new_public})
        load.wait_until(is_long_enough, "the site still works")

    assert not load.failures
    assert load.redirects[-1].key_pair_id == NEW
    workers = {each.worker for each in load.redirects}
    assert len(workers) == _WORKERS  # none was restarted
    assert sorted(find_reports(log)) == sorted(workers)  # each logs the error once
    assert "Traceback" not in log.read_text()
    for name in ("old.pem", "new.pem"):
        assert not any(line in log.read_text() for line in pem_lines(tmp_path / name))
    print(f"{len(load.redirects)} redirects, {len(load.failures)} failed")  # shown by pytest -s


def find_reports(log: Path) -> list[str]:
    """Return the process id of each log line about the broken key."""
    return re.findall(r"^(\d+) ERROR cfsign key ring .*K2NEW: .*truncated", log.read_text(), re.M)


def pem_lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if "-----" not in line]
