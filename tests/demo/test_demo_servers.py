"""The demo's two servers: their ports, and that they stop."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cfsign import ConfigurationError, demo
from cfsign.cli import main
from cfsign.demo.servers import HOST, address, listening, serving
from cfsign.demo.stage import running


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server((HOST, 0)) as listener:
        yield listener.getsockname()[1]


def hello(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"hello"]


def test_a_server_answers_until_it_is_stopped() -> None:
    threads = threading.active_count()
    with listening(None, "--port") as listener:
        url, port = address(listener), listener.getsockname()[1]
        # The client keeps its connection open: stopping must not wait for it.
        with httpx.Client(trust_env=False) as client:
            with serving(hello, listener):
                assert client.get(url).text == "hello"
            with pytest.raises(httpx.TransportError):
                client.get(url)
    assert threading.active_count() == threads
    with listening(port, "--port") as again:
        assert address(again) == url


def test_only_this_machine_is_served() -> None:
    with listening(None, "--port") as listener:
        assert listener.getsockname()[0] == "127.0.0.1"


@pytest.mark.parametrize("option", ["--port", "--edge-port"])
def test_a_port_that_is_taken_is_named(option: str, taken: int) -> None:
    ports = {"--port": "port", "--edge-port": "edge_port"}
    with pytest.raises(ConfigurationError, match=rf"port {taken} .*{option}"):
        demo.serve(**{ports[option]: taken})


def test_a_port_that_there_is_not() -> None:
    with pytest.raises(ConfigurationError, match="port 70000"), listening(70000, "--port"):
        raise AssertionError("listening on it")


def test_one_port_cannot_be_both() -> None:
    with listening(None, "--port") as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ConfigurationError, match="--edge-port"):
        demo.serve(port, port)


def test_the_command_says_so_in_one_line(taken: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--port", str(taken)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert captured.err.startswith(f"cfsign: port {taken} of 127.0.0.1 cannot be opened")


def test_both_run_and_are_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with running() as stage:
        (folder,) = tmp_path.iterdir()
        assert (folder / "Rated 4* and up.txt").is_file()
        assert httpx.get(stage.site, trust_env=False).status_code == 200
        assert httpx.get(stage.edge, trust_env=False).status_code == 403
    assert list(tmp_path.iterdir()) == []
    for url in (stage.site, stage.edge):
        with pytest.raises(httpx.ConnectError):
            httpx.get(url, trust_env=False)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_is_stopped_by_a_signal(number: signal.Signals, tmp_path: Path) -> None:
    code = "import sys; from cfsign.demo import serve; sys.exit(serve())"
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"TMPDIR": str(tmp_path)},
    ) as process:
        assert process.stdout is not None
        site, edge, stop = (process.stdout.readline() for _ in range(3))
        assert "Ctrl-C" in stop
        assert httpx.get(site.split()[-1], trust_env=False).status_code == 200
        assert httpx.get(edge.split()[-1], trust_env=False).status_code == 403
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (0, "\nStopped.\n", "")
    assert list(tmp_path.iterdir()) == []
