"""The origin named on the command line: a folder, or the URL of a server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cfsign.edge.server.folder import create_folder_app
from cfsign.edge.server.proxy import Proxy
from cfsign.errors import ConfigurationError

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication


@contextmanager
def open_origin(origin: str, **options: Any) -> Iterator[WSGIApplication]:
    """
    Open an origin as a WSGI application; its connections are closed at the end.

    Args:
        origin: The path of a folder, or the URL of a server.
        options: Options of `create_folder_app`.

    Raises:
        ConfigurationError: There is no such folder, the URL is not valid, or there are options for
            a server.
    """
    if "://" not in origin:
        folder = Path(origin)
        if not folder.is_dir():
            raise ConfigurationError(
                f"there is no folder {origin!r}",
                hint="use a folder, or the URL of a server, such as http://127.0.0.1:9000",
            )
        yield create_folder_app(folder, **options)
        return
    if options:
        names = " and ".join(f"--{name.replace('_', '-')}" for name in options)
        raise ConfigurationError(
            f"{names} can only be set for a folder", hint=f"omit {names}: the server decides"
        )
    _check_url(origin)
    with closing(Proxy(origin)) as proxy:
        yield proxy


def _check_url(origin: str) -> None:
    # The errors do not show the URL, because it may contain a password.
    try:
        parts = urlsplit(origin)
        is_valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        is_valid = False
    if not is_valid or not origin.isascii() or not origin.isprintable() or " " in origin:
        raise ConfigurationError(
            "the URL of the origin is not valid", hint="use one such as http://127.0.0.1:9000"
        )
    if parts.username is not None or parts.query or parts.fragment:
        raise ConfigurationError(
            "the URL of the origin has a user, a query or a fragment",
            hint="use scheme, host, port and path only",
        )
