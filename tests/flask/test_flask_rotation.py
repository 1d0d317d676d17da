"""
A rotation over real HTTP: a gunicorn site under load while its ring's document is replaced.

The site is loaded before its workers are forked. Every URL that it redirects to is judged at once
by a trusted key group that changes as CloudFront's procedure says: the new public key is there
before the document names it, and the old one until the ring says that it can go.
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
def say_who(response):
    response.headers["X-Worker"] = str(os.getpid())
    return response
"""


@dataclass(frozen=True)
class Seen:
    """One answer of the site."""

    at: float
    worker: str
    key_pair_id: str
    expires: int


@dataclass
class Load:
    """Viewers who ask without a pause, and an edge that judges each URL as it is given to them."""

    port: int
    edge: TrustedKeyGroup
    seen: list[Seen] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    ends: threading.Event = field(default_factory=threading.Event)

    def view(self) -> None:
        while not self.ends.is_set():
            try:
                self.seen.append(self.ask())
            except Exception as error:
                self.failures.append(repr(error))

    def ask(self) -> Seen:
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
        return Seen(time.time(), worker, key_pair_id, int(expires))

    def until(self, condition: Callable[[list[Seen]], bool], what: str) -> None:
        """Wait until the answers that come from now on show *condition*."""
        start, end = len(self.seen), time.monotonic() + _PATIENCE
        while not condition(self.seen[start:]):
            assert not self.failures, self.failures[:3]
            assert time.monotonic() < end, what
            time.sleep(0.05)


@contextlib.contextmanager
def under_load(port: int, edge: TrustedKeyGroup) -> Iterator[Load]:
    """Have viewers ask until the end of the `with`."""
    load = Load(port, edge)
    viewers = [threading.Thread(target=load.view) for _ in range(_CLIENTS)]
    for viewer in viewers:
        viewer.start()
    try:
        yield load
    finally:
        load.ends.set()
        for viewer in viewers:
            viewer.join()


@pytest.fixture
def site(tmp_path: Path, pem: str) -> Iterator[tuple[int, Path]]:
    """The site under gunicorn; gives its port and its log."""
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
    """Replace the document atomically."""
    (folder / "ring.new").write_text(json.dumps({"keys": entries}))
    os.replace(folder / "ring.new", folder / "ring.json")


def from_all_workers(answers: list[Seen], key_pair_id: str) -> bool:
    """Whether every worker has signed with the key."""
    return len({each.worker for each in answers if each.key_pair_id == key_pair_id}) == _WORKERS


def long_enough(answers: list[Seen]) -> bool:
    """Whether every worker has answered over more than five looks."""
    times: dict[str, list[float]] = {}
    for each in answers:
        times.setdefault(each.worker, []).append(each.at)
    spans = [max(each) - min(each) for each in times.values()]
    return len(spans) == _WORKERS and min(spans) > 5 * REFRESH_EVERY


def test_a_rotation_under_load_fails_no_request_and_no_url(
    site: tuple[int, Path], tmp_path: Path, public_pem: str, other_pem: str, openssl: Any
) -> None:
    """The document is replaced twice, first with a broken key; then the old pair is removed."""
    port, log = site
    new_public = openssl("pkey", "-pubout", given=other_pem).decode()
    old = {"key_pair_id": OLD, "private_key": "old.pem"}
    new = {"key_pair_id": NEW, "private_key": "new.pem"}
    with under_load(port, TrustedKeyGroup({OLD: public_pem})) as load:
        load.until(lambda answers: from_all_workers(answers, OLD), "the old key signs")

        # 1, 2: the new public key is in the key group, and deployed.
        load.edge = TrustedKeyGroup({OLD: public_pem, NEW: new_public})

        # A new key that was cut on its way, and says that it signs at once.
        (tmp_path / "new.pem").write_text(other_pem[:900])
        write_ring(tmp_path, old, {**new, "active_from": int(time.time()) - 1})
        load.until(lambda _: len(reporting(log)) >= _WORKERS, "every worker reports the fault")
        load.until(long_enough, "the site works on")
        assert all(each.key_pair_id == OLD for each in load.seen)

        # 3: the whole key, which signs from a moment to come.
        active_from = int(time.time()) + 3
        (tmp_path / "new.pem").write_text(other_pem)
        write_ring(tmp_path, old, {**new, "active_from": active_from})
        load.until(lambda answers: from_all_workers(answers, NEW), "the new key signs")
        assert all(each.at >= active_from for each in load.seen if each.key_pair_id == NEW)

        # 4: the tool says when the last old URL has expired.
        ring = KeyRing.from_file(tmp_path / "ring.json", refresh_every=REFRESH_EVERY)
        removable_at = ring.removable_at(OLD, LIFETIME)
        assert removable_at == active_from + 1 + LIFETIME
        load.until(lambda _: time.time() >= removable_at, "the old URLs expire")
        last = max(each.expires for each in load.seen if each.key_pair_id == OLD)
        assert active_from < last <= removable_at

        # 5: the old key goes, from the document and from the key group.
        write_ring(tmp_path, {**new, "active_from": active_from})
        load.edge = TrustedKeyGroup({NEW: new_public})
        load.until(long_enough, "the site works on")

    assert not load.failures
    assert load.seen[-1].key_pair_id == NEW
    workers = {each.worker for each in load.seen}
    assert len(workers) == _WORKERS  # none was restarted
    assert sorted(reporting(log)) == sorted(
        workers
    )  # once each, though they looked again and again
    assert "Traceback" not in log.read_text()
    for name in ("old.pem", "new.pem"):
        assert not any(line in log.read_text() for line in pem_lines(tmp_path / name))
    print(f"{len(load.seen)} redirects, {len(load.failures)} failed")  # shown by pytest -s


def reporting(log: Path) -> list[str]:
    """The process of each line that reports a fault of the ring."""
    return re.findall(r"^(\d+) ERROR cfsign key ring .*K2NEW: .*truncated", log.read_text(), re.M)


def pem_lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if "-----" not in line]
