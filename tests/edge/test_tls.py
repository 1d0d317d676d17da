"""`cfsign edge --tls`: https with a self-signed certificate, or with one from files."""

from __future__ import annotations

import gc
import re
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

httpx = pytest.importorskip("httpx")
for _package in ("click", "cryptography", "waitress", "whitenoise"):
    pytest.importorskip(_package)

from cfsign.cli import main  # noqa: E402
from cfsign.edge.server import get_url, listen, serve  # noqa: E402
from cfsign.edge.server.tls import make_context  # noqa: E402
from cfsign.errors import ConfigurationError  # noqa: E402

KEY = "K2JCJMDEHXQW5F=public.pem"
# Larger than the buffers of sockets, of TLS and of Waitress.
LARGE = bytes(range(256)) * 20_000


@pytest.fixture
def certificate(tmp_path: Path, openssl: Any) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1, made by OpenSSL, and its key."""
    paths = tmp_path / "cert.pem", tmp_path / "key.pem"
    key = openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    paths[1].write_bytes(key)
    name = ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"]
    paths[0].write_bytes(openssl("req", "-x509", "-key", str(paths[1]), *name))
    return paths


def connect(url: str, certificate: str | None = None) -> Any:
    """Return a client that trusts only *certificate*, or the one of the server."""
    port = int(url.rpartition(":")[2])
    trusted = certificate or ssl.get_server_certificate(("127.0.0.1", port))
    context = ssl.create_default_context(cadata=trusted)
    return httpx.Client(verify=context, trust_env=False)


def test_self_signed(run_edge: Callable[..., Any], bucket: Path, sign: Callable[..., str]) -> None:
    """Signed https URLs are served, for every name of this machine and the client's address."""
    (bucket / "large").write_bytes(LARGE)
    edge = run_edge(bucket, "--public-key", KEY, "--tls", "--explain")
    assert edge.url.startswith("https://127.0.0.1:")
    with connect(edge.url) as client:
        for host in ("127.0.0.1", "localhost"):
            url = edge.url.replace("127.0.0.1", host)
            assert client.get(sign(f"{url}/large")).content == LARGE
        url = f"{edge.url}/a%20b.txt"
        assert client.get(sign(url, ip_address="127.0.0.1")).text == "0123456789"
        assert client.get(sign(url, ip_address="127.0.0.2")).status_code == 403
        assert client.get(sign(url), headers={"Range": "bytes=2-4"}).text == "234"
        refused = client.get(sign(url.replace("https", "http")).replace("http:", "https:"))
        assert refused.status_code == 403
        assert "http://" in refused.headers["x-edge-explain"]
    log = edge.stop()
    found = re.search(r"its SHA-256 fingerprint is ([0-9A-F]{2}(:[0-9A-F]{2}){31})\n", log)
    assert found, log
    assert "127.0.0.1 GET /a%20b.txt 206 allowed\n" in log
    assert "Traceback" not in log


def test_curl_accepts_the_certificate(
    run_edge: Callable[..., Any], bucket: Path, tmp_path: Path
) -> None:
    """With the certificate as the only trusted one, and the name localhost."""
    edge = run_edge(bucket, "--public-key", KEY, "--open", "/open/*", "--tls")
    port = edge.url.rpartition(":")[2]
    trusted = tmp_path / "trusted.pem"
    trusted.write_text(ssl.get_server_certificate(("127.0.0.1", int(port))))
    url = f"https://localhost:{port}/open/b.txt"
    try:
        done = subprocess.run(
            ["curl", "-sS", "--noproxy", "*", "--cacert", str(trusted), url, url],
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        pytest.skip("curl is not installed")
    assert (done.stdout, done.stderr) == ("publicpublic", "")


def test_certificate_from_files(
    run_edge: Callable[..., Any], bucket: Path, certificate: tuple[Path, Path]
) -> None:
    """In two files, or both in one; --tls is not needed."""
    trusted, key = certificate
    both = trusted.with_name("both.pem")
    both.write_bytes(trusted.read_bytes() + key.read_bytes())
    for options in (("--tls-cert", trusted, "--tls-key", key), ("--tls", "--tls-cert", both)):
        edge = run_edge(bucket, "--public-key", KEY, "--open", "/open/*", *options)
        with connect(edge.url, trusted.read_text()) as client:
            assert client.get(f"{edge.url}/open/b.txt").text == "public"
        assert "self-signed" not in edge.stop()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tls-key", "key.pem"], "--tls-key needs --tls-cert"),
        (["--tls", "--scheme", "http"], "--scheme http cannot be combined with --tls"),
        (["--tls-cert", "none.pem"], "none.pem cannot be read: No such file"),
        (["--tls-cert", "cert.pem"], "cert.pem cannot be used for TLS"),
        (["--tls-cert", "cert.pem", "--tls-key", "public.pem"], "cannot be used for TLS"),
        (["--tls-cert", "cert.pem", "--tls-key", "other.pem"], "cannot be used for TLS"),
        (["--tls-cert", "cert.pem", "--tls-key", "encrypted.pem"], "is encrypted; decrypt it"),
    ],
)
def test_wrong_files_are_reported_in_one_line(
    keys: Path,
    certificate: tuple[Path, Path],
    encrypted_pem: str,
    pem: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    (keys / "encrypted.pem").write_text(encrypted_pem)
    (keys / "other.pem").write_text(pem)
    monkeypatch.chdir(keys)
    assert main(["edge", ".", "--public-key", KEY, *arguments]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert re.search(message, error), error


def test_pasted_key_is_not_shown(
    keys: Path, pem: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also if it is too long for a path, or has slashes."""
    monkeypatch.chdir(keys)
    for text in (pem, pem.replace("\n", "\\n")):
        options = ["--tls-cert", "public.pem", "--tls-key", text]
        assert main(["edge", ".", "--public-key", KEY, *options]) == 2
        error = capsys.readouterr().err
        assert "use the path of a file" in error
        assert pem.split("\n")[1][:20] not in error


def test_self_signed_certificate_needs_cryptography(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cfsign.edge.server.certificate", None)
    with pytest.raises(ConfigurationError, match="needs cryptography") as caught:
        make_context("localhost")
    assert "--tls-cert" in caught.value.hint


def test_clients_that_fail_do_not_disturb_others(
    run_edge: Callable[..., Any], bucket: Path
) -> None:
    """Plain http, a handshake that is not finished, a certificate that is not trusted."""
    edge = run_edge(bucket, "--public-key", KEY, "--open", "/open/*", "--tls")
    address = ("127.0.0.1", int(edge.url.rpartition(":")[2]))
    with ExitStack() as stack:
        for sent in (b"GET /open/b.txt HTTP/1.1\r\nHost: h\r\n\r\n", b"\x16\x03\x01", b""):
            connection = stack.enter_context(socket.create_connection(address, 30))
            connection.sendall(sent)
        with pytest.raises(httpx.ConnectError), httpx.Client(trust_env=False) as stranger:
            stranger.get(f"{edge.url}/open/b.txt")
        with connect(edge.url) as client:
            assert client.get(f"{edge.url}/open/b.txt").text == "public"
    assert "Traceback" not in edge.stop()


def test_connections_stay_open_until_the_end() -> None:
    """Also if Python collects garbage. A client that waits sees the end; no thread is left."""

    def respond(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Length", "2")])
        return [environ["wsgi.url_scheme"][-2:].encode()]

    before = threading.active_count()
    context, _ = make_context("localhost")
    with listen(None, "--port") as listener:
        with serve(respond, listener, tls=context):
            url = get_url(listener, "https")
            with connect(url) as client:
                first, second = [(client.get(url), gc.collect())[0] for _ in range(2)]
                streams = [each.extensions["network_stream"] for each in (first, second)]
                assert [first.text, second.text] == ["ps", "ps"]
                ports = [stream.get_extra_info("client_addr")[1] for stream in streams]
                assert ports[0] == ports[1]
            trusted = ssl.create_default_context()
            trusted.check_hostname, trusted.verify_mode = False, ssl.CERT_NONE
            waiting = trusted.wrap_socket(socket.create_connection(listener.getsockname(), 30))
        with waiting:
            assert waiting.recv(1) == b""
    assert threading.active_count() == before
