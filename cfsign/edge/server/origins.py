"""Which origin a word on the command line means: a folder, or a server by its URL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cfsign.edge.server.folder import file_server
from cfsign.edge.server.proxy import Proxy
from cfsign.errors import ConfigurationError

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication


@contextmanager
def opened_origin(origin: str) -> Iterator[WSGIApplication]:
    """
    Open the origin, and close it at the end.

    Args:
        origin: A folder's path, or the URL of a server.

    Raises:
        ConfigurationError: It is neither.
    """
    if "://" not in origin:
        yield _folder(Path(origin))
        return
    _check_url(origin)
    with closing(Proxy(origin)) as proxy:
        yield proxy


def _folder(path: Path) -> WSGIApplication:
    if not path.is_dir():
        raise ConfigurationError(
            f"there is no folder {str(path)!r}; an origin is a folder, "
            "or a server by its URL, such as http://127.0.0.1:9000"
        )
    return file_server(path)


def _check_url(origin: str) -> None:
    try:
        parts = urlsplit(origin)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not origin.isascii() or not origin.isprintable() or " " in origin:
        raise ConfigurationError("an origin's URL is such as http://127.0.0.1:9000")
    # What is refused is not shown: there may be a password in it.
    if parts.username is not None or parts.query or parts.fragment:
        raise ConfigurationError("an origin's URL has no user, query or fragment")
