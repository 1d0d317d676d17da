"""A server that records the requests it gets, and URLs that are signed for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cfsign import TrustedKeyGroup


@dataclass(slots=True)
class Wire:
    """
    The requests that a server got.

    Attributes:
        origin: Scheme, host and port of the server.
        locations: The server redirects `/go/<number>` to these URLs.
        received: The other request targets it got, each with the verdict of `cfsign.checking`.
    """

    origin: str
    locations: list[str] = field(default_factory=list)
    received: list[tuple[str, bool]] = field(default_factory=list)


@pytest.fixture
def wire(trusted_keys: TrustedKeyGroup) -> Iterator[Wire]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            # Not `self.path`, in which http.server merges leading slashes.
            target = self.requestline.split(" ")[1]
            status, location = 200, ""
            if target.startswith("/go/"):
                status, location = 303, wire.locations[int(target.removeprefix("/go/"))]
            elif target not in ("/blank", "/favicon.ico"):
                verdict = trusted_keys.check(wire.origin + target)
                wire.received.append((target, verdict.allowed))
                status = 200 if verdict.allowed else 403
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.send_header("Cache-Control", "no-store")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        wire = Wire(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield wire
        server.shutdown()
        thread.join()
