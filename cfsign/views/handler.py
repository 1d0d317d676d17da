"""
The handler of a view: from the requested path and the result of `authorize` to the response.

An adapter calls `ViewHandler.file_request` before `authorize`, and `respond` on its result
afterwards. So nothing is authorized that cannot be signed, and nothing is signed before `authorize`
has allowed it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit

from cfsign.config.fields import check_observers
from cfsign.config.headers import add_no_store
from cfsign.errors import ConfigurationError, ResourceError
from cfsign.signing.distribution import Distribution
from cfsign.signing.resources import build_url
from cfsign.signing.url import check_url
from cfsign.utils.secret import hide, hide_arguments
from cfsign.views.compatibility import check_compatibility
from cfsign.views.construction import check_distribution
from cfsign.views.decision import Deny
from cfsign.views.events import Observer
from cfsign.views.file_request import FileRequest
from cfsign.views.folder_cookies import FolderCookies
from cfsign.views.forwarded_query import select_parameters
from cfsign.views.framework import NO_FRAMEWORK, Framework
from cfsign.views.observation import (
    build_error_event,
    build_event,
    order_observers,
    report,
    report_async,
)
from cfsign.views.options import ViewOptions
from cfsign.views.resource import Refusal
from cfsign.views.response import Headers
from cfsign.views.site_check import CheckedSites, check_site
from cfsign.views.target import find_folder

#: Returns a plain function for a coroutine function, such as Flask's `app.ensure_sync`.
RunAsync: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]


class ViewHandler:
    """
    Answers requests for a distribution's files with the options of one view.

    Attributes:
        distribution: The distribution that serves the files.
        options: The view's options.
        location: A URL of the distribution that is signed for every request, or "" to sign the
            requested file.
        headers: The headers of a response that must not be cached.
        observers: What is called with the event of each request, in this order.
        framework: What the handler needs to know of the framework.
        cookies: What builds the headers of cookies, or None for another delivery.

    Raises:
        ConfigurationError: The options cannot work with the distribution. Lists all problems.
        ResourceError: The location is not a URL of the distribution, or must not be signed.
    """

    __slots__ = (
        "_checked_sites",
        "_sends_url_only",
        "cookies",
        "distribution",
        "framework",
        "headers",
        "location",
        "observers",
        "options",
    )

    @hide_arguments
    def __init__(
        self,
        distribution: Distribution,
        options: ViewOptions,
        *,
        location: str = "",
        can_await: bool = True,
        observers: Iterable[Observer] = (),
        framework: Framework = NO_FRAMEWORK,
    ) -> None:
        """
        Check that *options* work with *distribution*.

        Args:
            distribution: The distribution that serves the files.
            options: The view's options.
            location: A URL of the distribution to sign for every request.
            can_await: False if the view cannot call `handle_async`.
            observers: Called with the event of each request, in addition to `options.observers`.
            framework: What the handler needs to know of the framework.
        """
        distribution = check_distribution("a view", distribution)
        if not isinstance(options, ViewOptions):
            raise ConfigurationError(
                f"the options of a view must be ViewOptions, got {type(options).__name__}",
                hint="use ViewOptions(delivery=..., ...)",
            )
        if observers:
            options = options.replace(observers=(*options.observers, *check_observers(observers)))
        self.distribution = distribution
        self.options = options
        self.framework = framework
        self.observers = order_observers(options.observers)
        self.location = location
        self.headers: Headers = tuple(add_no_store(options.headers).items())
        self._sends_url_only = options.delivery == "redirect" and distribution.expiry_step is None
        # Each client chooses the Host header, so the number of hosts is limited.
        self._checked_sites: CheckedSites = {}
        check_compatibility(distribution, options, can_await, framework)
        self.cookies = _build_folder_cookies(distribution, options)
        if location and not check_url(location).startswith(f"{distribution.domain}/"):
            raise ResourceError(
                f"the location is not a URL of {distribution.domain}",
                hint="use the domain of the location for the distribution",
            )

    def __repr__(self) -> str:
        if not hasattr(self, "cookies"):  # in the report of an error of __init__
            return "<ViewHandler, not checked yet>"
        return f"<ViewHandler {self.distribution.domain} {self.options.delivery}>"

    @property
    def domain(self) -> str | None:
        """The domain of the distribution; None if the request has no distribution."""
        return self.distribution.domain

    @property
    def has_async_key(self) -> bool:
        """True if the private key is asynchronous, so only `respond_async` can sign."""
        return self.distribution.signer.is_async

    @property
    def is_observed(self) -> bool:
        """True if each request makes an event."""
        return bool(self.observers or self.framework.signal)

    @property
    def needs_url_only(self) -> bool:
        """
        True if a response and its event need nothing of the signature but the URL.

        A URL is signed faster than a policy.
        """
        return self._sends_url_only and not (self.observers or self.framework.signal)

    @property
    def sets_cookies(self) -> bool:
        """True if the view sets cookies, so that `check_site` has something to check."""
        return self.options.delivery == "cookies"

    def replace(self, *, can_await: bool = True, **options: Any) -> ViewHandler:
        """Return a copy with other values for *options*; raises as the constructor does."""
        handler = ViewHandler(
            self.distribution,
            self.options.replace(**options),
            location=self.location,
            can_await=can_await,
            framework=self.framework,
        )
        handler._checked_sites = self._checked_sites
        return handler

    def check_site(self, scheme: str, host: str) -> None:
        """
        Log a warning if browsers do not send this site's cookies to the distribution.

        Each host is checked once, up to `MAX_CHECKED_SITES` hosts.

        Args:
            scheme: The scheme of the request, "http" or "https".
            host: The host of the request, with or without a port.
        """
        cookie_domain = self.options.cookie_domain
        check_site(self.distribution.domain, cookie_domain, scheme, host, self._checked_sites)

    def validate(
        self, resource: str | Refusal, query_string: str | bytes = ""
    ) -> FileRequest | Refusal:
        """
        Validate the result of `find_resource` for `handle`.

        Args:
            resource: The plain path of the file; or why there is no path.
            query_string: As for `file_request`.

        Returns:
            The result of `file_request`; or the error that it raised, such as that of the option's
            function `folder`; or *resource* if it is not a path. `handle` raises an error again
            and reports it.
        """
        if not isinstance(resource, str):
            return resource
        try:
            return self.file_request(resource, query_string)
        except Exception as error:  # the site's function `folder` may raise anything
            return error

    def file_request(self, resource: str, query_string: str | bytes = "") -> FileRequest | Deny:
        """
        Validate the requested path before `authorize` is called.

        Args:
            resource: The plain path, as the framework's router or `find_resource` gives it.
            query_string: The request's raw query: bytes from ASGI, or text from WSGI in which each
                character stands for one byte (PEP 3333).

        Returns:
            The validated request, or `Deny(404)` if the path is not a valid file name. `authorize`
            therefore never sees `../`, NUL, an empty name or a leading slash, which could bypass a
            prefix check. Also `Deny(404)` if the file is outside the folder of the options, or if
            the query is too long or has a forwarded name twice.

        Raises:
            Exception: What the option's function `folder` raises; `ConfigurationError` if it
                returned something else than a folder.
        """
        if self.location:
            return self._build_request(self.location, _get_path(self.location))
        if resource.startswith("/") or not (resource or self.options.allow_root):
            return Deny(404)
        names = self.options.forward_query
        try:
            query = select_parameters(query_string, names) if names else None
            # Not unsigned_url, which hides its arguments from errors: this error is dropped.
            url = build_url(self.distribution.domain, resource, query)
            return self._build_request(url, resource)
        except ResourceError:
            return Deny(404)

    def path_request(self, path: str, built_path: str | None = None) -> FileRequest | Refusal:
        """
        Validate the path of the site's own request, for a view that signs it unchanged.

        Args:
            path: The request's path, decoded, with its leading `/`. It may end in `/`.
            built_path: The path that the route builds from its variables, encoded, or None. If it
                is another one, the variables do not tell which file is signed: `/books/007` and
                `/books/7` have the same number.

        Returns:
            The validated request, or `Deny(404)`, or the error of the option's function `folder`.
        """
        if self.location:
            return self._build_request(self.location, _get_path(self.location))
        if built_path is not None and unquote(built_path) != path:
            return Deny(404)
        resource = path.removeprefix("/")
        try:
            return self._build_request(self.distribution.unsigned_url(resource), resource)
        except ResourceError:
            return Deny(404)
        except Exception as error:  # of the site's function `folder`
            return error

    def _build_request(self, url: str, resource: str) -> FileRequest:
        option = self.options.folder
        folder = None if option is None else find_folder(self.distribution, option, resource)
        if folder is not None and self.cookies is not None:
            # A client chose the path, so a long one is not a mistake of the site.
            self.cookies.check_length(folder)
        return FileRequest(self, url, folder)

    def handle(
        self,
        request: Any,
        resource: str | Refusal,
        file_request: FileRequest | Refusal,
        authorize: Callable[[], object],
        *,
        run_async: RunAsync | None = None,
    ) -> Any:
        """
        Call `authorize`, sign if it allows the request, and report the decision to the observers.

        Args:
            request: The framework's request, for the observers.
            resource: The plain path of the file, for the event; or the result of `find_resource`.
            file_request: The result of `validate`, `file_request` or `path_request`.
            authorize: Returns what the site's `authorize` returned. It is not called for a `Deny`
                or an exception, which is raised again.
            run_async: Returns a plain function for a coroutine function. An asynchronous private
                key needs it.

        Returns:
            What `FileRequest.respond` returns; or the framework's own response, if `authorize`
            returned one; or `Deny(503)` if an observer failed whose `fail_closed` is true.

        Raises:
            Exception: What `resource_for`, `authorize` and `FileRequest.respond` raise.
        """
        is_observed = self.is_observed
        try:
            if isinstance(file_request, Deny):
                response: Any = file_request
            elif isinstance(file_request, Exception):
                raise file_request
            else:
                result = hide(authorize())
                own_type = self.framework.response_type
                if own_type is not None and isinstance(result.reveal(), own_type):
                    response = result.reveal()
                elif run_async is not None and self.has_async_key:
                    response = run_async(file_request.respond_async)(result)
                else:
                    response = file_request.respond(result)
        except Exception as error:  # the site's `authorize` or key may raise anything
            if not is_observed:
                raise
            event = build_error_event(self, resource, file_request, error)
            if report(self, event, request) is None or event.outcome == "error":
                raise
            return Deny(503)
        if not is_observed:
            return response
        event = build_event(self, resource, file_request, response)
        return report(self, event, request) or response

    async def handle_async(
        self,
        request: Any,
        resource: str | Refusal,
        file_request: FileRequest | Refusal,
        authorize: Callable[[], Awaitable[object]],
    ) -> Any:
        """Async version of `handle`."""
        is_observed = self.is_observed
        try:
            if isinstance(file_request, Deny):
                response: Any = file_request
            elif isinstance(file_request, Exception):
                raise file_request
            else:
                result = hide(await authorize())
                own_type = self.framework.response_type
                if own_type is not None and isinstance(result.reveal(), own_type):
                    response = result.reveal()
                else:
                    response = await file_request.respond_async(result)
        except Exception as error:  # the site's `authorize` or key may raise anything
            if not is_observed:
                raise
            event = build_error_event(self, resource, file_request, error)
            if await report_async(self, event, request) is None or event.outcome == "error":
                raise
            return Deny(503)
        if not is_observed:
            return response
        event = build_event(self, resource, file_request, response)
        return await report_async(self, event, request) or response


def _build_folder_cookies(distribution: Distribution, options: ViewOptions) -> FolderCookies | None:
    if options.delivery != "cookies":
        return None
    return FolderCookies(
        distribution,
        domain=options.cookie_domain or "",  # what is missing is logged once, with its name
        path=options.cookie_path,
        samesite=options.cookie_samesite,
        partitioned=options.cookie_partitioned,
        persistent=options.cookie_persistent,
        expires_in=options.cookie_expires_in,
    )


def _get_path(url: str) -> str:
    return unquote(urlsplit(url).path.removeprefix("/"))
