"""
The renewal of a folder's cookies while a user visits the site, for the middleware of each adapter.

The site's own function decides for each response who may open which folder. The cookies of the
request decide only when a signature is due.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from cfsign.config.headers import make_private, may_be_shared
from cfsign.errors import ConfigurationError, DecisionError
from cfsign.limits import COOKIE_PREFIX
from cfsign.signing.policy import Conditions
from cfsign.utils.secret import hide, hide_arguments
from cfsign.views.decision import Allow
from cfsign.views.folder_cookies import FolderCookies
from cfsign.views.observation import describe_failure, describe_observer, is_async_observer
from cfsign.views.response import Headers

#: Takes the framework's request. Returns the folder that its user may open now, an `Allow` with the
#: folder, or None.
FolderFor: TypeAlias = Callable[[Any], object]

_logger = logging.getLogger("cfsign")


class FolderRenewal:
    """
    Decides for each response which cookies it sets or deletes.

    - `folder_for` names a folder: its cookies are set, unless the request has them with more than
      half of their duration left.
    - `folder_for` returns None: the signed cookies of the request are deleted.
    - `folder_for` raises, or nothing can be signed: the error is logged, and nothing is set.

    Three kinds of responses are left as they are: those that set or delete signed cookies
    themselves, those with `Clear-Site-Data`, and those that a shared cache may store.
    """

    __slots__ = ("_cookies", "_folder_for")

    @hide_arguments  # somebody may pass the settings
    def __init__(
        self, cookies: FolderCookies, folder_for: FolderFor, *, can_await: bool = False
    ) -> None:
        """
        Check the function and the cookies.

        Args:
            cookies: What builds the headers.
            folder_for: The site's function. It is called after the view, so that it sees a login or
                a logout of the same request.
            can_await: True if the adapter calls `build_headers_async`.

        Raises:
            TypeError: *folder_for* is async, and the adapter is not.
            ConfigurationError: One of the two is something else, or the key is asynchronous and
                the adapter is not.
        """
        _check_types(cookies, folder_for)
        if not can_await and is_async_observer(folder_for):
            raise TypeError(
                f"{describe_observer(folder_for)} is async, but the site is not; make it a plain "
                "function"
            )
        if not can_await and cookies.distribution.signer.is_async:
            raise ConfigurationError(
                "a sync site cannot await an asynchronous private key",
                hint="use a private key whose sign is a plain method",
            )
        self._cookies = cookies
        self._folder_for = folder_for
        if cookies.path is None:
            _logger.warning(
                "the cookies of each folder have its path, so the site's other pages do not see "
                "them: each response renews the cookies, and a logout does not delete them; set "
                'the path of the cookies to "/"'
            )

    def __repr__(self) -> str:
        if not hasattr(self, "_folder_for"):  # in the report of an error of __init__
            return "<FolderRenewal, not checked yet>"
        return f"<FolderRenewal {self._cookies.distribution.domain}>"

    def build_headers(
        self,
        request: Any,
        cookies: Mapping[str, str],
        response_headers: Iterable[tuple[str, str]],
    ) -> Headers:
        """
        Return the headers to add to a response; never raises for a mistake of the site.

        Args:
            request: The framework's request, for `folder_for`.
            cookies: The cookies of the request.
            response_headers: The headers of the response, each `Set-Cookie` included.

        Returns:
            Set-Cookie headers. If there are any, and the `Cache-Control` of the response has
            neither `private` nor `no-store`, also a `Cache-Control` that replaces it.
        """
        before = list(response_headers)
        if not _can_change(before):
            return ()
        try:
            opened = _read_result(self._folder_for(request))
            if opened is None:
                headers = self._cookies.clear_headers(cookies)
            else:
                headers = self._cookies.renew_headers(opened[0], cookies, **opened[1])
        except Exception as error:  # the site's `folder_for` or key may raise anything
            return self._log(error)
        return _make_private(headers, before)

    async def build_headers_async(
        self,
        request: Any,
        cookies: Mapping[str, str],
        response_headers: Iterable[tuple[str, str]],
    ) -> Headers:
        """Async version of `build_headers`; `folder_for` may be async or not."""
        before = list(response_headers)
        if not _can_change(before):
            return ()
        try:
            result = hide(self._folder_for(request))
            if inspect.isawaitable(result.reveal()):
                result = hide(await result.reveal())
            opened = _read_result(result.reveal())
            if opened is None:
                headers = self._cookies.clear_headers(cookies)
            else:
                headers = await self._cookies.renew_headers_async(opened[0], cookies, **opened[1])
        except Exception as error:  # the site's `folder_for` or key may raise anything
            return self._log(error)
        return _make_private(headers, before)

    def _log(self, error: Exception) -> Headers:
        name = describe_observer(self._folder_for)
        _logger.error("cookies not renewed: %s %s", name, describe_failure(error))
        return ()


def _check_types(cookies: object, folder_for: object) -> None:
    if not isinstance(cookies, FolderCookies):
        raise ConfigurationError(
            f"the renewal of cookies needs a FolderCookies, got {type(cookies).__name__}",
            hint='pass FolderCookies(distribution, domain=..., path="/")',
        )
    # A class would be instantiated for each request instead of being called with it.
    if not callable(folder_for) or isinstance(folder_for, type):
        raise ConfigurationError(
            f"folder_for must be a function, got {describe_observer(folder_for)}",
            hint="return the name of a folder or None from folder_for(request)",
        )


def _can_change(headers: Iterable[tuple[str, str]]) -> bool:
    """Return True if a response with *headers* may get signed cookies."""
    for name, value in headers:
        lowered = name.lower()
        if lowered == "set-cookie" and value.startswith(COOKIE_PREFIX):
            return False  # the site has just granted or revoked a folder
        if lowered == "clear-site-data":
            return False
        # Another user would get the cookies from the cache.
        if may_be_shared({name: value}):
            return False
    return True


def _make_private(headers: Headers, before: Iterable[tuple[str, str]]) -> Headers:
    # Without a Cache-Control, a shared cache may choose an age (RFC 9111, section 4.2.2), and it
    # stores Set-Cookie, too (section 7.3).
    return (*headers, *make_private(before)) if headers else ()


def _read_result(result: object) -> tuple[str, Conditions] | None:
    """
    Return the folder and the conditions that `folder_for` returned, or None.

    Raises:
        DecisionError: It returned something else.
    """
    if result is None:
        return None
    if isinstance(result, str):
        return result, {}
    if isinstance(result, Allow):
        if result.folder is None:
            raise DecisionError(
                "folder_for returned an Allow without a folder",
                hint='return Allow(folder="videos/42")',
            )
        return result.folder, {
            "expires_in": result.expires_in,
            "expires_at": result.expires_at,
            "starts_at": result.starts_at,
            "ip_address": result.ip_address,
        }
    if inspect.iscoroutine(result):
        result.close()  # otherwise Python warns that it was never awaited
    kind = type(result).__name__
    del result  # error reports print the variables of a frame that raises
    raise DecisionError(
        f"folder_for returned a {kind}",
        hint="return the name of a folder, an Allow with a folder, or None",
    )
