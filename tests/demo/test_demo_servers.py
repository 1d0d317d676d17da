"""The demo's two servers: their ports, their end, and wrong options."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
import httpx
import pytest

from cfsign import ConfigurationError, demo
from cfsign.cli import main
from cfsign.cli.commands import demo as command
from cfsign.demo.files import ALBUM
from cfsign.demo.servers import run_servers
from cfsign.demo.sites import FRAMEWORKS
from cfsign.edge.server.http_server import LOOPBACK, get_url, listen, serve


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server((LOOPBACK, 0)) as listener:
        yield listener.getsockname()[1]


def respond_hello(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"hello"]


def test_server_runs_until_it_is_stopped() -> None:
    threads = threading.active_count()
    with listen(None, "--port") as listener:
        url, port = get_url(listener), listener.getsockname()[1]
        # The client keeps its connection open, and the server must not wait for it.
        with httpx.Client(trust_env=False) as client:
            with serve(respond_hello, listener):
                assert client.get(url).text == "hello"
            with pytest.raises(httpx.TransportError):
                client.get(url)
    assert threading.active_count() == threads
    with listen(port, "--port") as again:
        assert get_url(again) == url


def test_server_listens_on_loopback_only() -> None:
    with listen(None, "--port") as listener:
        assert listener.getsockname()[0] == "127.0.0.1"


@pytest.mark.parametrize("name", ["flask", "starlette"])
def test_site_works_at_localhost(name: str) -> None:
    """Forms and pages are redirected to 127.0.0.1, so the cookies reach the edge."""
    picture = f"/{quote(ALBUM)}/1%20dawn.svg"
    with (
        run_servers(framework=name) as servers,
        httpx.Client(trust_env=False, follow_redirects=True) as client,
    ):
        site = servers.site.replace("127.0.0.1", "LocalHost")
        assert "Files for Ada" in client.post(f"{site}/login", data={"user": "ada"}).text
        assert client.get(f"{site}/album?a=1").url == f"{servers.site}/album?a=1"
        assert client.get(f"{servers.edge}{picture}").status_code == 200
        assert client.get(f"{site}/folder{picture}").url == f"{servers.edge}{picture}"
        assert client.get(f"{site}//example.com/").url.host == "127.0.0.1"


@pytest.mark.parametrize("option", ["--port", "--edge-port"])
def test_taken_port_is_an_error(option: str, taken_port: int) -> None:
    ports = {"--port": "port", "--edge-port": "edge_port"}
    with pytest.raises(ConfigurationError, match=rf"port {taken_port} .*{option}"):
        demo.serve(**{ports[option]: taken_port})


def test_port_out_of_range_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="port 70000"), listen(70000, "--port"):
        raise AssertionError("it listens")


def test_both_servers_on_one_port_is_an_error() -> None:
    with listen(None, "--port") as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ConfigurationError, match="--edge-port"):
        demo.serve(port, port)


def test_command_reports_a_taken_port(taken_port: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--port", str(taken_port)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert captured.err.startswith(f"cfsign: port {taken_port} of 127.0.0.1 cannot be opened")


@pytest.mark.parametrize("option", ["--port", "--edge-port"])
def test_once_accepts_no_port(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It ends before a port could be used."""
    assert main(["demo", "--once", option, "8000"]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)
    assert f"{option} cannot be combined with --once" in captured.err


def test_servers_and_files_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with run_servers() as servers:
        (folder,) = tmp_path.iterdir()
        assert (folder / "Rated 4* and up.txt").is_file()
        assert httpx.get(servers.site, trust_env=False).status_code == 200
        assert httpx.get(servers.edge, trust_env=False).status_code == 403
    assert list(tmp_path.iterdir()) == []
    for url in (servers.site, servers.edge):
        with pytest.raises(httpx.ConnectError):
            httpx.get(url, trust_env=False)


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_missing_framework_is_an_error(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # With its submodules, which another test may have imported.
    for module in [name, *(each for each in sys.modules if each.startswith(f"{name}."))]:
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(sys.modules, f"cfsign.demo.sites.{name}_site", raising=False)
    assert main(["demo", "--once", "--framework", name]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        f"cfsign: the demo on {name} needs {name}; run: pip install 'cloudfront-cfsign[demo]'\n"
    )


def test_command_offers_every_framework(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (option,) = (option for option in command.params if option.name == "framework")
    assert isinstance(option.type, click.Choice)
    assert tuple(option.type.choices) == FRAMEWORKS
    assert main(["demo", "--once", "--framework", "bottle"]) == 2
    assert "'bottle'" in capsys.readouterr().err
    with pytest.raises(ConfigurationError, match="no demo for 'bottle'"):
        demo.run_once("bottle")


def test_second_django_site_is_an_error(tmp_path: Path) -> None:
    code = """
import sys
from django.conf import settings
from cfsign.cli import main
settings.configure()
sys.exit(main(["demo", "--once", "--framework", "django"]))
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, cwd=tmp_path
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "cfsign: Django's settings are configured already; run one Django site per process\n"
    )


@pytest.mark.parametrize(
    ("name", "number"),
    [("flask", signal.SIGINT), ("django", signal.SIGTERM), ("falcon", signal.SIGTERM)],
)
def test_signal_stops_serve(name: str, number: signal.Signals, tmp_path: Path) -> None:
    code = f"import sys; from cfsign.demo import serve; sys.exit(serve(framework={name!r}))"
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    ) as process:
        assert process.stdout is not None
        site, edge, stop = (process.stdout.readline() for _ in range(3))
        assert "Ctrl-C" in stop
        assert httpx.get(site.split()[-1], trust_env=False).status_code == 200
        assert httpx.get(edge.split()[-1], trust_env=False).status_code == 403
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
    refusal = "GET /: 403 MissingKey: no key pair id\n"
    assert (process.returncode, out, err) == (0, "\nStopped.\n", refusal)
    assert list(tmp_path.iterdir()) == []
