"""Uvicorn in a thread that can be stopped."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cfsign.errors import ConfigurationError


@contextmanager
def serving_asgi(app: Any, listener: socket.socket) -> Iterator[None]:
    """
    Answer what arrives at *listener* with *app*, from a thread of its own, until the end.

    Raises:
        ConfigurationError: Uvicorn is not installed.
    """
    try:
        import uvicorn
    except ModuleNotFoundError:
        raise ConfigurationError(
            "an ASGI application on a port needs uvicorn: pip install uvicorn"
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
