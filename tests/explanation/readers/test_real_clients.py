"""The request that is read is the request that the real client sends."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cfsign.explanation.readers import Exchange, find_candidates, read_text
from cfsign.explanation.readers.curl import _LONG_WITH_VALUE, _SHORT_WITH_VALUE
from tests.explanation.makers import NOW
from tests.explanation.readers import forms

BODY = forms.BODIES[403].encode()
TARGET = "/videos/a%20b.ts?size=large&name=it%27s&Expires=1&Signature=x~_-&Key-Pair-Id=K"
COOKIES = "theme=dark; CloudFront-Policy=e_~-; CloudFront-Key-Pair-Id=K"


class RecordingServer(ThreadingHTTPServer):
    """A server that refuses every request and records it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.received: list[Exchange] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """Records each request as an exchange."""

    protocol_version = "HTTP/1.1"
    server: RecordingServer

    def respond(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = f"http://{self.headers['Host']}{self.path}"
        cookies = self.headers.get_all("Cookie") or []
        self.server.received.append(Exchange(url, cookies, self.command))
        self.send_response_only(303 if self.path == "/login" else 403)
        self.send_header("Date", forms.DATE)
        self.send_header("Server", "CloudFront")
        self.send_header("Location", f"http://localhost:{self.server.server_port}{TARGET}")
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(BODY)

    do_GET = do_HEAD = do_POST = do_PUT = do_OPTIONS = respond  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[RecordingServer]:
    with RecordingServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def run(*command: str) -> str:
    """Run a program, and return all that it prints."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False
    )
    return done.stdout.decode()


def compare(server: RecordingServer, exchanges: list[Exchange]) -> None:
    """Check that *exchanges* are what the server has received, without what no client sends."""
    sent = [(one.url.partition("#")[0], one.cookies, one.method) for one in exchanges]
    assert sent == [(one.url, one.cookies, one.method) for one in server.received]


URL = "{server}" + TARGET


@pytest.mark.parametrize(
    "arguments",
    [
        f"'{URL}'",
        f'"{URL}"',
        f"{URL}".replace("?", "\\?").replace("&", "\\&"),
        f"{URL}",  # the shell cuts it at the first &
        f"'{URL}#t=1'",
        f"'{URL}' --url-query z=1",
        f"--url '{URL}' -b 'a=1; b=2'",
        f"-b a=1 '{URL}' -H 'Cookie: c=3'",
        f"-H 'Cookie: c=3' -H 'cookie: d=4' '{URL}'",
        f"'{URL}' -H'Host: media.example.com'",
        f"'{URL}' -H 'Origin: https://other.example' -e https://other.example/ -A curl",
        f"-I '{URL}'",
        f"-sXOPTIONS '{URL}'",
        f"--request OPTIONS --output /dev/null '{URL}'",
        f"'{URL}' -d a=1 --data-raw 'https://other.example/'",
        f"-G -d a=1 --data-urlencode q=a '{URL}'",
        f"--get --data-urlencode a --data-urlencode =c '{URL}'",
        f"'{URL}' -F a=1",
        "'{server}/a/./b/../c?d=/../e' '{server}/a/..' '{server}/../a//../b/.' '{server}/.'",
        "--path-as-is '{server}/a/./b/../c'",
        "'{server}/..a/b./.../%2e%2e/c'",
        f"'{URL}' --json '{{}}'",
        f"-sSo/dev/null '{URL}' -w '%{{http_code}}' -m 5 --max-time 5",
        f"'{URL}' --next -b a=1 '{{server}}/b'",
        f"'{URL}' '{{server}}/b' -b a=1",
        f"'{URL}' 2>&1",
        "'{server}/a\\[1\\]\\{2\\}'",
        "-g '{server}/a[1]{2}'",
        "$'{server}/a\\u0021b\\x21\\'c?d=\\\\e'",
        "'{server}'/a\"b\\$c\"\\'d",
    ],
)
def test_curl_command(server: RecordingServer, arguments: str) -> None:
    """bash and curl decide what is sent; the reader sees only the text."""
    server.received.clear()
    command = f"curl {arguments.replace('{server}', server.url)}"
    run("bash", "-c", f"{command.replace('curl', 'curl --silent', 1)}\nwait")
    compare(server, read_text(f"$ {command}").exchanges)


@pytest.mark.parametrize("name", ["chrome-curl-bash", "firefox-curl-bash"])
@pytest.mark.parametrize("target", [TARGET, "/a!b'c?d=[1]{2}", "/a'b\\?c=$HOME`x`"])
def test_copied_curl_command(server: RecordingServer, name: str, target: str) -> None:
    server.received.clear()
    (form,) = (form for form in forms.FORMS if form.name == name)
    command = form.write(server.url + target, f"{COOKIES}; a='!\\", "GET")
    run("bash", "-c", command)
    compare(server, read_text(command).exchanges)


@pytest.mark.parametrize("name", ["chrome-fetch-node", "firefox-fetch", "typed-fetch"])
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_fetch(server: RecordingServer, name: str, method: str) -> None:
    server.received.clear()
    (form,) = (form for form in forms.FORMS if form.name == name)
    call = form.write(server.url + TARGET, f"{COOKIES}; a='\\\"", method)
    run("node", "--input-type=module", "--eval", call)
    compare(server, read_text(call).exchanges)


@pytest.mark.parametrize(
    "command",
    [
        ("curl", "--silent", "--verbose", "--cookie", COOKIES),
        ("curl", "--silent", "--include", "--verbose", "--http1.0", "--cookie", COOKIES),
        ("wget", "--debug", "--output-document=-", f"--header=Cookie: {COOKIES}"),
    ],
    ids=["curl", "curl-http-1.0", "wget"],
)
def test_printed_request(server: RecordingServer, command: tuple[str, ...]) -> None:
    """The response in the output is read too."""
    server.received.clear()
    exchanges = read_text(run(*command, server.url + TARGET)).exchanges
    compare(server, exchanges)
    assert [(one.status, one.at, one.is_from_cloudfront) for one in exchanges] == [(403, NOW, True)]
    assert "<Code>AccessDenied</Code>" in exchanges[0].body


def test_httpie(server: RecordingServer) -> None:
    """httpie prints no scheme, so the URL is taken for https."""
    server.received.clear()
    output = run("http", "--ignore-stdin", "-v", server.url + TARGET, f"Cookie:{COOKIES}")
    (exchange,) = read_text(output).exchanges
    exchange.url = exchange.url.replace("https", "http", 1)
    compare(server, [exchange])
    assert (exchange.status, exchange.at) == (403, NOW)


def test_redirect_from_the_site(server: RecordingServer) -> None:
    """curl -L prints two requests. The one to CloudFront that was refused is explained."""
    server.received.clear()
    text = run("curl", "-sSLv", "--cookie", COOKIES, f"{server.url}/login")
    exchanges = read_text(text).exchanges
    compare(server, exchanges)
    assert [one.status for one in exchanges] == [303, 403]
    assert find_candidates(exchanges) == exchanges[1:]


def test_table_of_curls_options() -> None:
    """Each option that takes a value, by curl's own help, is known."""
    text = run("curl", "--help", "all")
    lines = [line for line in text.splitlines() if re.match(r"\s+(-., )?\s*--[\w.-]+ [<\[]", line)]
    names = {re.search(r"--([\w.-]+)", line)[1] for line in lines}  # type: ignore[index]
    letters = {match[1] for match in (re.match(r"\s+-(.), ", line) for line in lines) if match}
    assert len(names) > 100
    assert names <= _LONG_WITH_VALUE
    assert letters <= set(_SHORT_WITH_VALUE)


@pytest.mark.parametrize("har_mode", ["full", "minimal"])
def test_har_of_a_browser(
    server: RecordingServer, har_mode: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("Chromium is not installed")
    server.received.clear()
    path = tmp_path_factory.mktemp("har") / "a.har"
    pairs = [pair.partition("=") for pair in COOKIES.split("; ")]
    cookies = [{"name": name, "value": value, "url": server.url} for name, _, value in pairs]
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = browser.new_context(record_har_path=path, record_har_mode=har_mode)
        context.add_cookies(cookies)
        context.new_page().goto(server.url + TARGET)
        context.close()
        browser.close()
    exchanges = read_text(path.read_text("utf-8")).exchanges
    (exchange,) = find_candidates(exchanges)
    first = server.received[0]
    assert (exchange.url, exchange.cookies) == (first.url, first.cookies)
    assert (exchange.status, exchange.method) == (403, "GET")
