"""HTTP servers that run in a thread and can be stopped: Waitress, and Uvicorn for ASGI."""

from __future__ import annotations

import logging
import re
import signal
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from waitress import wasyncore  # type: ignore[import-untyped]  # it has no types
from waitress.channel import HTTPChannel  # type: ignore[import-untyped]  # has no types
from waitress.parser import HTTPRequestParser, ParsingError  # type: ignore[import-untyped]  # has no types
from waitress.server import create_server  # type: ignore[import-untyped]  # it has no types

from cfsign.edge.access_log import make_printable
from cfsign.edge.server.tls import Decryption
from cfsign.errors import ConfigurationError

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

LOOPBACK = "127.0.0.1"

_LAST_PORT = 65535

# The edge's entry in `Via`. Waitress adds its `ident` there, because each response of the edge has
# a `Server` header already.
VIA = "1.1 local.cloudfront.net (CloudFront)"

# Browsers open up to six connections per host.
_THREADS = 8

# Half-sent requests need no thread, so a thousand of them do no harm (Waitress: 100). They are
# closed after this many seconds (Waitress: 120 without any data).
_CONNECTIONS = 1_000
_REQUEST_TIMEOUT = 20.0

_COOKIE_LINE = re.compile(rb"^Cookie:(.*)$", re.IGNORECASE | re.MULTILINE)


def _redact_record(record: logging.LogRecord) -> bool:
    record.msg, record.args = make_printable(record.getMessage()), None
    return True


# Waitress logs the path of a request that fails, and a client can put a signature into a path.
_logger = logging.getLogger("waitress.cfsign")
_logger.addFilter(_redact_record)


class _RequestParser(HTTPRequestParser):  # type: ignore[misc]  # it has no types
    """A parser that joins several `Cookie` lines by "; " (RFC 9113, section 8.2.3), not by ","."""

    path = ""  # Waitress logs it for a request that it could not parse

    def parse_header(self, header_plus: bytes) -> None:
        try:
            super().parse_header(header_plus)
        except ValueError:
            # Waitress would close the connection without a response.
            raise ParsingError("Target is not valid") from None
        cookies = _COOKIE_LINE.findall(header_plus)
        if len(cookies) > 1:
            texts = (cookie.strip(b" \t\r") for cookie in cookies)
            self.headers["COOKIE"] = b"; ".join(texts).decode("latin-1")


class _Channel(HTTPChannel):  # type: ignore[misc]  # it has no types
    """A connection that is closed if its client is too slow with a request."""

    logger = _logger
    parser_class = _RequestParser
    _began = 0.0

    def received(self, data: bytes) -> bool:
        if self.request is None:
            self._began = time.time()
        is_read: bool = super().received(data)
        return is_read

    def writable(self) -> bool:
        # Waitress calls this about once a second.
        if self.request is not None and not self.requests:
            # All headers must arrive within this time; of a body, each part must.
            since = self.last_activity if self.request.headers_finished else self._began
            if time.time() - since > _REQUEST_TIMEOUT:
                self.will_close = True
        is_writable: bool = super().writable()
        return is_writable


@contextmanager
def listen(port: int | None, option: str, host: str = LOOPBACK) -> Iterator[socket.socket]:
    """
    Open a listening socket, to be passed to `serve`.

    Args:
        port: The port; None or 0 uses a free one.
        option: The name of the port's option, for the error message.
        host: The address to listen on.

    Raises:
        ConfigurationError: The port is taken or not permitted, or the host is not valid.
    """
    number = port or 0
    if not 0 <= number <= _LAST_PORT:
        raise ConfigurationError(
            f"port {port} is out of range", hint=f"use a {option} from 0 to {_LAST_PORT}"
        )
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, number), family=family)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "the address is not valid"
        raise ConfigurationError(
            f"port {number} of {host} cannot be opened ({reason})",
            hint=f"use another {option}, or omit {option} for a free port",
        ) from None
    with listener:
        yield listener


def get_url(listener: socket.socket, scheme: str = "http") -> str:
    """Return the URL of a listening socket, without a slash at the end."""
    host, port = listener.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


@contextmanager
def serve(
    app: WSGIApplication,
    listener: socket.socket,
    *,
    tls: ssl.SSLContext | None = None,
    **options: Any,
) -> Iterator[None]:
    """
    Serve a WSGI application with Waitress, in a thread, until the end of the `with` block.

    Args:
        app: The application.
        listener: The listening socket.
        tls: The certificate, if clients connect by TLS; `url_scheme` is then "https".
        options: Options of Waitress, such as `url_scheme` and `trusted_proxy`.
    """
    if tls is not None:
        options = {"url_scheme": "https", **options}
    channels: dict[int, wasyncore.dispatcher] = {}
    server = create_server(
        app,
        map=channels,
        sockets=[listener],
        threads=_THREADS,
        connection_limit=_CONNECTIONS,
        asyncore_use_poll=True,  # `select` cannot watch that many connections
        **options,
    )
    server.channel_class = _Channel
    decryption = None if tls is None else Decryption(tls)
    if decryption is not None:

        def accept(server: Any, connection: socket.socket, *args: Any, **kwargs: Any) -> _Channel:
            return _Channel(server, decryption.decrypt(connection), *args, **kwargs)

        server.channel_class = accept
    thread = threading.Thread(target=server.run, name=f"waitress {get_url(listener)}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.task_dispatcher.shutdown()
        # The thread ends when its map of channels is empty. The channels are closed after that,
        # because waiting on a closed channel, or pulling a closed trigger, raises an error.
        open_channels: dict[int, wasyncore.dispatcher] = {}

        def remove_channels() -> None:
            open_channels.update(channels)
            channels.clear()

        server.trigger.pull_trigger(remove_channels)
        thread.join()
        wasyncore.close_all(open_channels, ignore_all=True)
        if decryption is not None:
            decryption.close()


@contextmanager
def serve_asgi(app: Any, listener: socket.socket) -> Iterator[None]:
    """
    Serve an ASGI application with Uvicorn, in a thread, until the end of the `with` block.

    Raises:
        ConfigurationError: Uvicorn is not installed.
    """
    try:
        import uvicorn
    except ModuleNotFoundError:
        raise ConfigurationError(
            "an ASGI application on a port needs uvicorn", hint="run: pip install uvicorn"
        ) from None
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    arguments = {"sockets": [listener]}
    thread = threading.Thread(target=server.run, kwargs=arguments, name="uvicorn", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def interrupt_on_signals() -> Iterator[None]:
    """Raise KeyboardInterrupt on SIGINT, even if a shell set it to be ignored, and on SIGTERM."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread can set signal handlers
        return
    signals = (signal.SIGINT, signal.SIGTERM)
    handlers = [signal.signal(number, signal.default_int_handler) for number in signals]
    try:
        yield
    finally:
        for number, handler in zip(signals, handlers, strict=True):
            signal.signal(number, handler)


def wait_for_interrupt() -> None:
    """Wait until KeyboardInterrupt is raised."""
    while True:
        time.sleep(3600)
