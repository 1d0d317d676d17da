"""Servers on loopback: a port to listen on, and Waitress in a thread that can be stopped."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING

from waitress import wasyncore  # type: ignore[import-untyped]  # it has no types
from waitress.server import create_server  # type: ignore[import-untyped]  # nor here

from cfsign.errors import ConfigurationError

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

# Nothing of a demo is for the network.
HOST = "127.0.0.1"

_LAST_PORT = 65535

# A browser opens six connections to a host; a page of pictures then waits for nobody.
_THREADS = 8


@contextmanager
def listening(port: int | None, option: str) -> Iterator[socket.socket]:
    """
    Listen on *port*, or on a free one for None or 0, before there is anything to answer with.

    Args:
        port: The port.
        option: The name that the user knows it by, for the message.

    Raises:
        ConfigurationError: The port is taken, or may not be opened.
    """
    number = port or 0
    if not 0 <= number <= _LAST_PORT:
        raise ConfigurationError(f"there is no port {port}; {option} takes one up to {_LAST_PORT}")
    try:
        listener = socket.create_server((HOST, number))
    except OSError as error:
        raise ConfigurationError(
            f"port {port} of {HOST} cannot be opened ({error.strerror}); "
            f"give another with {option}, or leave {option} out for a free one"
        ) from None
    with listener:
        yield listener


def address(listener: socket.socket) -> str:
    """Return the URL of a listening socket, without a slash at its end."""
    return f"http://{HOST}:{listener.getsockname()[1]}"


@contextmanager
def serving(app: WSGIApplication, listener: socket.socket) -> Iterator[None]:
    """Answer what arrives at *listener* with *app*, from a thread of its own, until the end."""
    channels: dict[int, wasyncore.dispatcher] = {}
    server = create_server(app, map=channels, sockets=[listener], threads=_THREADS)
    thread = Thread(target=server.run, name=f"waitress {address(listener)}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.task_dispatcher.shutdown()
        # Sockets are closed by the thread that waits on them; closed under it, they are an error.
        close = partial(wasyncore.close_all, channels, ignore_all=True)
        server.trigger.pull_trigger(close)
        thread.join()
