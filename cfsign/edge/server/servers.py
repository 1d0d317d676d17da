"""A port to listen on, and Waitress in a thread that can be stopped."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from waitress import wasyncore  # type: ignore[import-untyped]  # it has no types
from waitress.server import create_server  # type: ignore[import-untyped]  # nor here

from cfsign.errors import ConfigurationError

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

# Nothing of this is for the network, unless somebody says so.
HOST = "127.0.0.1"

_LAST_PORT = 65535

# Waitress gives this to `Via` where an answer has a `Server` of its own, as the edge's all have.
EDGE_IDENT = "1.1 local.cloudfront.net (CloudFront)"

# A browser opens six connections to a host; a page of pictures then waits for nobody.
_THREADS = 8


@contextmanager
def listening(port: int | None, option: str, host: str = HOST) -> Iterator[socket.socket]:
    """
    Listen on *port*, or on a free one for None or 0, before there is anything to answer with.

    Args:
        port: The port.
        option: The name that the user knows it by, for the message.
        host: The address to listen at.

    Raises:
        ConfigurationError: The port is taken, or may not be opened; or the host is none.
    """
    number = port or 0
    if not 0 <= number <= _LAST_PORT:
        raise ConfigurationError(f"there is no port {port}; {option} takes one up to {_LAST_PORT}")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, number), family=family)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "there is no such address"
        raise ConfigurationError(
            f"port {number} of {host} cannot be opened ({why}); "
            f"give another with {option}, or leave {option} out for a free one"
        ) from None
    with listener:
        yield listener


def address(listener: socket.socket) -> str:
    """Return the URL of a listening socket, without a slash at its end."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextmanager
def serving(app: WSGIApplication, listener: socket.socket, **options: Any) -> Iterator[None]:
    """
    Answer what arrives at *listener* with *app*, from a thread of its own, until the end.

    Args:
        app: The application.
        listener: The socket.
        options: Waitress's own, such as `url_scheme` and `trusted_proxy`.
    """
    channels: dict[int, wasyncore.dispatcher] = {}
    server = create_server(app, map=channels, sockets=[listener], threads=_THREADS, **options)
    thread = threading.Thread(target=server.run, name=f"waitress {address(listener)}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.task_dispatcher.shutdown()
        # The thread leaves when it has no channel any more; only then can they be closed, since to
        # close one that it waits on, or its trigger while that is pulled, is an error.
        left: dict[int, wasyncore.dispatcher] = {}

        def leave() -> None:
            left.update(channels)
            channels.clear()

        server.trigger.pull_trigger(leave)
        thread.join()
        wasyncore.close_all(left, ignore_all=True)


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Let SIGTERM end the work as Ctrl-C does, and Ctrl-C where a shell has it ignored."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's alone
        return
    signals = (signal.SIGINT, signal.SIGTERM)
    handlers = [signal.signal(number, signal.default_int_handler) for number in signals]
    try:
        yield
    finally:
        for number, handler in zip(signals, handlers, strict=True):
            signal.signal(number, handler)


def until_stopped() -> None:
    """Wait until Ctrl-C, which raises KeyboardInterrupt."""
    while True:
        time.sleep(3600)
