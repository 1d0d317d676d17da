"""The default root object, and index files of folders."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from cfsign.edge.request import TARGET_VARIABLES, remove_target_host
from cfsign.errors import ConfigurationError

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# AWS, "Specify a default root object", without the characters that URLs must encode.
_NAME = re.compile(r"[A-Za-z0-9_\-.*$~'&]+(?:/[A-Za-z0-9_\-.*$~'&]+)*")
_MAX_LENGTH = 255


def add_index(
    app: WSGIApplication, *, default_root_object: str | None = None, index: str | None = None
) -> WSGIApplication:
    """
    Return *app* behind a rewrite of paths that end in `/`.

    Only what the origin sees is rewritten: the signature is checked for the URL as requested.

    Args:
        app: The origin.
        default_root_object: The object for the path `/`, such as "index.html", as in the settings
            of a distribution.
        index: The file for each path that ends in `/`, as a CloudFront function adds it:
            `/docs/` becomes `/docs/index.html`.

    Raises:
        ConfigurationError: A name is not the name of a file.
    """
    _check_name("default root object", default_root_object)
    _check_name("index", index)

    def respond(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = _get_raw_path(environ)
        # A viewer-request function runs first; it leaves no `/` for the default root object.
        name = index or (default_root_object if path == "/" else None)
        if name and path.endswith("/"):
            environ = _append_name(environ, name)
        return app(environ, start_response)

    return respond


def _check_name(option: str, name: str | None) -> None:
    if name is None or (_NAME.fullmatch(name) and len(name) <= _MAX_LENGTH):
        return
    raise ConfigurationError(
        f"{name!r} cannot be the {option}",
        hint="use the name of a file without a leading slash, such as index.html",
    )


def _get_raw_path(environ: WSGIEnvironment) -> str:
    # In the decoded PATH_INFO, `/docs%2F` would end in a slash.
    for variable in TARGET_VARIABLES:
        if environ.get(variable):
            return remove_target_host(environ[variable]).partition("?")[0]
    return environ.get("PATH_INFO") or "/"


def _append_name(environ: WSGIEnvironment, name: str) -> WSGIEnvironment:
    rewritten = {**environ, "PATH_INFO": f"{environ.get('PATH_INFO') or '/'}{name}"}
    for variable in TARGET_VARIABLES:
        if rewritten.get(variable):
            path, mark, query = rewritten[variable].partition("?")
            rewritten[variable] = f"{path}{name}{mark}{query}"
    return rewritten
