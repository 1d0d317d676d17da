"""The parts that the WSGI middleware and the ASGI middleware share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cfsign.config import hide_arguments
from cfsign.views import FolderCookies, FolderFor, FolderRenewal, Headers


class Renewal:
    """The base of the WSGI middleware and the ASGI middleware."""

    #: True if the middleware awaits `folder_for`.
    _is_async: bool

    @hide_arguments  # somebody may pass the settings
    def __init__(self, cookies: FolderCookies, folder_for: FolderFor) -> None:
        """
        Check the cookies and the function.

        Args:
            cookies: The cookies to renew. Set their `path` to "/", so that the site's pages see
                them, and their `expires_in`.
            folder_for: Takes Falcon's request. Returns a folder, an `Allow` with a folder, or None,
                which deletes the cookies. It is called after the responder. If it raises, the error
                is logged and nothing is renewed. May be async under ASGI only.

        Raises:
            TypeError: *folder_for* is async under WSGI.
            ConfigurationError: An argument is something else.
        """
        self._cookies = cookies
        self._renewal = FolderRenewal(cookies, folder_for, can_await=self._is_async)

    def _add(self, req: Any, resp: Any, headers: Headers) -> None:
        if headers:
            self._cookies.check_site(req.forwarded_scheme, req.forwarded_host)
        for name, value in headers:
            if name == "Set-Cookie":  # set_header refuses it
                resp.append_header(name, value)
            else:
                resp.set_header(name, value)


def read_headers(resp: Any) -> Iterator[tuple[str, str]]:
    """Yield the headers of a response, each `Set-Cookie` included."""
    yield from resp.headers.items()
    # Falcon has no public method that returns them.
    yield from resp._extra_headers or ()
    for name in resp._cookies or ():
        yield "Set-Cookie", f"{name}="
