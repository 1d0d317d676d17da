"""The middleware that renews the cookies of a folder while a user visits the site."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from cfsign.views import FolderRenewal, Headers, check_ignored_attributes
from cfsign_django import conf
from cfsign_django.folders import set_headers


class RenewFolders:
    """
    After each view, renews the cookies of the folder that the user may open.

    Override `folder_for`, and add the class to the end of MIDDLEWARE. Set `cookie_path` to "/", so
    that the site's pages see the cookies. Works in sync and in async mode.
    """

    sync_capable = True
    async_capable = True

    #: The alias of the distribution.
    distribution: ClassVar[str] = "default"

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        """
        Check the class and the settings.

        Raises:
            NotImplementedError: `folder_for` is not overridden.
            TypeError: `folder_for` is async, and the site is not.
            ConfigurationError: A setting is wrong, or browsers would not send cookies with these
                settings to the distribution.
        """
        name = type(self).__name__
        if type(self).folder_for is RenewFolders.folder_for:
            raise NotImplementedError(
                f"{name} must override folder_for(self, request) and return a folder, an Allow "
                "with a folder, or None"
            )
        hint = "set it in CLOUDFRONT_CONFIG: the middleware uses the settings cookie_*"
        check_ignored_attributes(type(self), RenewFolders, hint)
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        folder_for: Callable[[HttpRequest], Any] = self.folder_for
        if self._is_async:
            markcoroutinefunction(self)
            folder_for = _run_in_thread(folder_for)
        self._renewal = FolderRenewal(
            conf.site_config().folder_cookies(self.distribution),
            folder_for,
            can_await=self._is_async,
        )

    def folder_for(self, request: HttpRequest) -> Any:
        """
        Decide which folder the user may open now. Called after the view; async or not.

        If it raises, the error is logged and nothing is renewed. In async mode, a plain method runs
        in a thread, so it may query the database.

        Returns:
            A plain path, such as "videos/42"; an `Allow` with a folder; or None, which deletes the
            cookies of the request.
        """
        raise NotImplementedError

    def __call__(self, request: HttpRequest) -> Any:
        """Return the response of the view, with other cookies if they are due."""
        if self._is_async:
            return self._call_async(request)
        response = self.get_response(request)
        headers = self._renewal.build_headers(request, request.COOKIES, _read_headers(response))
        return self._add(request, response, headers)

    async def _call_async(self, request: HttpRequest) -> HttpResponseBase:
        response = await self.get_response(request)
        headers = await self._renewal.build_headers_async(
            request, request.COOKIES, _read_headers(response)
        )
        return self._add(request, response, headers)

    def _add(
        self, request: HttpRequest, response: HttpResponseBase, headers: Headers
    ) -> HttpResponseBase:
        if headers:
            # A host that is not in ALLOWED_HOSTS is not the site's.
            with contextlib.suppress(DisallowedHost):
                conf.site_config().folder_cookies(
                    self.distribution, scheme=request.scheme or "", host=request.get_host()
                )
            set_headers(response, headers)
        return response


def _read_headers(response: HttpResponseBase) -> Iterator[tuple[str, str]]:
    yield from response.headers.items()
    for cookie in response.cookies.values():
        yield "Set-Cookie", cookie.OutputString()


def _run_in_thread(folder_for: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Return an async version of *folder_for*, which may query the database."""
    if iscoroutinefunction(folder_for):
        return folder_for

    @functools.wraps(folder_for)
    async def call(request: HttpRequest) -> Any:
        return await sync_to_async(folder_for)(request)

    return call
