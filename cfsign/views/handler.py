"""
The handler of a view: from the requested path and the result of `authorize` to the response.

An adapter calls `ViewHandler.file_request` before `authorize`, and `respond` on its result
afterwards. So nothing is authorized that cannot be signed, and nothing is signed before `authorize`
has allowed it.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeAlias, overload
from urllib.parse import parse_qsl, unquote, urlsplit

from cfsign.config.fields import check_observers
from cfsign.config.headers import add_no_store, build_private_headers
from cfsign.errors import (
    ConfigurationError,
    IPv6Error,
    KeyUnavailableError,
    Problem,
    ResourceError,
)
from cfsign.limits import MAX_URL_BYTES
from cfsign.signing.cookie_rules import find_cookie_problems
from cfsign.signing.distribution import Distribution
from cfsign.signing.encoding import encode_parameters
from cfsign.signing.policy import Conditions
from cfsign.signing.signed_policy import SignedPolicy
from cfsign.signing.url import check_url
from cfsign.utils.secret import hide, hide_arguments
from cfsign.views.construction import check_distribution
from cfsign.views.decision import PLAIN_ALLOW, Allow, Deny, decide
from cfsign.views.events import Observer, Outcome
from cfsign.views.folder_cookies import FolderCookies, warn_of_missing_domain
from cfsign.views.options import ViewOptions
from cfsign.views.recorder import (
    NO_FRAMEWORK,
    Framework,
    Recorder,
    describe_observer,
    is_async_observer,
    order_observers,
)
from cfsign.views.resource import Refusal
from cfsign.views.response import Headers, ViewResponse, build_json, build_redirect
from cfsign.views.site_check import CheckedSites, check_site
from cfsign.views.target import choose_target, find_folder

#: Returns a plain function for a coroutine function, such as Flask's `app.ensure_sync`.
RunAsync: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]

_logger = logging.getLogger("cfsign")


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
        sends_url_only: True if a response needs nothing of the signature but the URL, and no
            policy is cached. A URL is signed faster than a policy.

    Raises:
        ConfigurationError: The options cannot work with the distribution. Lists all problems.
        ResourceError: The location is not a URL of the distribution, or must not be signed.
    """

    __slots__ = (
        "_checked_sites",
        "cookies",
        "distribution",
        "framework",
        "headers",
        "location",
        "observers",
        "options",
        "sends_url_only",
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
        self.sends_url_only = options.delivery == "redirect" and distribution.expiry_step is None
        # Each client chooses the Host header, so the number of hosts is limited.
        self._checked_sites: CheckedSites = {}
        _check_compatibility(distribution, options, can_await, framework)
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

    @overload
    def file_request(self, resource: str, query_string: str | bytes = "") -> FileRequest | Deny: ...

    @overload
    def file_request(
        self, resource: str | Refusal, query_string: str | bytes = ""
    ) -> FileRequest | Refusal: ...

    def file_request(
        self, resource: str | Refusal, query_string: str | bytes = ""
    ) -> FileRequest | Refusal:
        """
        Validate the requested path before `authorize` is called.

        Args:
            resource: The plain path, as the framework's router or `find_resource` gives it. What
                is not a path is returned.
            query_string: The request's raw query: bytes from ASGI, or text from WSGI in which each
                character stands for one byte (PEP 3333).

        Returns:
            The validated request, or `Deny(404)` if the path is not a valid file name. `authorize`
            therefore never sees `../`, NUL, an empty name or a leading slash, which could bypass a
            prefix check. Also `Deny(404)` if the file is outside the folder of the options, or if
            the query is too long or has a forwarded name twice.
        """
        if not isinstance(resource, str):
            return resource
        if self.location:
            return self._build_request(self.location, _get_path(self.location))
        if resource.startswith("/") or not (resource or self.options.allow_root):
            return Deny(404)
        names = self.options.forward_query
        try:
            query = _select_parameters(query_string, names) if names else None
            return self._build_request(self.distribution.unsigned_url(resource, query), resource)
        except ResourceError:
            return Deny(404)

    def path_request(self, path: str, built_path: str | None = None) -> FileRequest | Deny:
        """
        Validate the path of the site's own request, for a view that signs it unchanged.

        Args:
            path: The request's path, decoded, with its leading `/`. It may end in `/`.
            built_path: The path that the route builds from its variables, encoded, or None. If it
                is another one, the variables do not tell which file is signed: `/books/007` and
                `/books/7` have the same number.

        Returns:
            The validated request, or `Deny(404)`.
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

    def _build_request(self, url: str, resource: str) -> FileRequest:
        folder = find_folder(self.distribution, self.options.folder, resource)
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
            file_request: The result of `file_request` or `path_request`.
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
        is_observed = self.observers or self.framework.signal
        recorder = Recorder(self, request, resource) if is_observed else None
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
                    if recorder is not None:
                        recorder.outcome = "refused"
                elif run_async is not None and self.has_async_key:
                    response = run_async(file_request.respond_async)(result, recorder)
                else:
                    response = file_request.respond(result, recorder)
        except Exception as error:
            if recorder is None:
                raise
            status = recorder.get_error_status(error, error is not file_request)
            deny = recorder.report(status)
            if deny is None or recorder.outcome == "error":
                raise
            return deny
        if recorder is None:
            return response
        return recorder.report(_get_status(response)) or response

    async def handle_async(
        self,
        request: Any,
        resource: str | Refusal,
        file_request: FileRequest | Refusal,
        authorize: Callable[[], Awaitable[object]],
    ) -> Any:
        """Async version of `handle`."""
        is_observed = self.observers or self.framework.signal
        recorder = Recorder(self, request, resource) if is_observed else None
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
                    if recorder is not None:
                        recorder.outcome = "refused"
                else:
                    response = await file_request.respond_async(result, recorder)
        except Exception as error:
            if recorder is None:
                raise
            status = recorder.get_error_status(error, error is not file_request)
            deny = await recorder.report_async(status)
            if deny is None or recorder.outcome == "error":
                raise
            return deny
        if recorder is None:
            return response
        return await recorder.report_async(_get_status(response)) or response


class FileRequest:
    """A validated request for a file. Nothing is authorized or signed yet."""

    __slots__ = ("_folder", "_handler", "_url")

    def __init__(self, handler: ViewHandler, url: str, folder: str | None = None) -> None:
        self._handler = handler
        self._url = url
        self._folder = folder  # the pattern of the option's folder

    def __repr__(self) -> str:
        return f"<FileRequest {self._url}>"

    def respond(self, result: object, recorder: Recorder | None = None) -> ViewResponse | Deny:
        """
        Decide on *result* and, if it allows the request, sign.

        Args:
            result: The return value of `authorize`.
            recorder: What reports the decision to observers.

        Returns:
            The response; or a `Deny`: that of `authorize`, 404 if the URL is too long to sign, 403
            if an `Allow` is for a client on IPv6, or 503 if the private key is unavailable.

        Raises:
            DecisionError: The result is not understood, or its folder cannot be used. Nothing is
                signed.
            PolicyError: An `Allow` holds a time or an address that CloudFront does not accept.
            SigningKeyError: The key cannot sign.
        """
        handler, hidden = self._handler, hide(result)
        del result  # if it is not a decision, it may be anything
        decision = decide(hidden.reveal(), handler.options.allowed_statuses)
        if isinstance(decision, Deny):
            if recorder is not None:
                recorder.outcome = "refused"
            return decision
        distribution = handler.distribution
        conditions = _get_conditions(decision, handler.options)
        try:
            url, resource = self._choose_target(decision)
            if recorder is not None:
                recorder.begin_signing()
            if handler.sends_url_only and resource == url and recorder is None:
                signed = distribution.sign_url(url, **conditions)
                return build_redirect(signed, handler.options.code, handler.headers)
            signed_policy = distribution.sign_resource(resource, **conditions)
            if recorder is not None:
                recorder.end_signing(signed_policy)
            response = self._build_response(decision, url, signed_policy)
        except (ResourceError, KeyUnavailableError, IPv6Error) as error:
            return _convert_to_deny(error, recorder)
        if recorder is not None:
            recorder.outcome = "allowed"
        return response

    async def respond_async(
        self, result: object, recorder: Recorder | None = None
    ) -> ViewResponse | Deny:
        """Async version of `respond`."""
        handler, hidden = self._handler, hide(result)
        del result  # if it is not a decision, it may be anything
        decision = decide(hidden.reveal(), handler.options.allowed_statuses)
        if isinstance(decision, Deny):
            if recorder is not None:
                recorder.outcome = "refused"
            return decision
        distribution = handler.distribution
        conditions = _get_conditions(decision, handler.options)
        try:
            url, resource = self._choose_target(decision)
            if recorder is not None:
                recorder.begin_signing()
            if handler.sends_url_only and resource == url and recorder is None:
                signed = await distribution.sign_url_async(url, **conditions)
                return build_redirect(signed, handler.options.code, handler.headers)
            signed_policy = await distribution.sign_resource_async(resource, **conditions)
            if recorder is not None:
                recorder.end_signing(signed_policy)
            response = self._build_response(decision, url, signed_policy)
        except (ResourceError, KeyUnavailableError, IPv6Error) as error:
            return _convert_to_deny(error, recorder)
        if recorder is not None:
            recorder.outcome = "allowed"
        return response

    def _choose_target(self, allow: Allow) -> tuple[str, str]:
        """Return the URL of the file, and the resource to sign for it."""
        handler = self._handler
        needs_folder = handler.options.delivery == "cookies"
        return choose_target(handler.distribution, self._url, self._folder, allow, needs_folder)

    def _build_response(self, allow: Allow, url: str, signed_policy: SignedPolicy) -> ViewResponse:
        handler, options = self._handler, self._handler.options
        headers = handler.headers
        if handler.cookies is not None:
            headers = (*handler.cookies.build_headers(signed_policy), *headers)
            if options.code == 204:
                return ViewResponse(204, headers)
            return build_redirect(url, options.code, headers)
        # An Allow with conditions is for this request only.
        if options.cache_redirect and allow == PLAIN_ALLOW:
            seconds = handler.distribution.redirect_max_age(signed_policy)
            headers = build_private_headers(seconds, options.headers) if seconds else headers
        signed = signed_policy.url(url)
        if options.delivery == "json":
            return build_json(signed, signed_policy.policy.expires_at, headers)
        return build_redirect(signed, options.code, headers)


def _get_status(response: Any) -> int:
    """Return the status of our response, or of the framework's own."""
    is_ours = isinstance(response, ViewResponse | Deny)
    return int(response.status if is_ours else response.status_code)


def _check_compatibility(
    distribution: Distribution, options: ViewOptions, can_await: bool, framework: Framework
) -> None:
    problems: list[Problem] = []
    if options.delivery == "cookies":
        problems += find_cookie_problems(
            distribution.domain,
            options.cookie_domain,
            options.cookie_samesite,
            options.cookie_partitioned,
        )
    if options.cache_redirect and distribution.expiry_step is None:
        problems.append(
            Problem(
                "",
                "cache_redirect needs an expiry_step: without one every redirect has another URL",
                "set expiry_step, such as 300 seconds, or remove cache_redirect",
            )
        )
    if distribution.signer.is_async and not can_await:
        problems.append(
            Problem(
                "",
                "this view cannot await an asynchronous private key",
                "use the async view, or a private key whose sign is a plain method",
            )
        )
    if not can_await or not framework.can_await_observers:
        problems += (
            Problem(
                "observers",
                f"this view cannot await the async observer {describe_observer(observer)}",
                "use the async view, or a plain function",
            )
            for observer in options.observers
            if is_async_observer(observer)
        )
    if problems:
        raise ConfigurationError(problems)
    if options.delivery == "cookies" and options.cookie_domain is None:
        warn_of_missing_domain(distribution.domain)


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


def _select_parameters(query_string: str | bytes, names: Iterable[str]) -> str:
    """
    Return the parameters of *query_string* with these *names*, percent-encoded.

    Raises:
        ResourceError: The query is longer than a URL may be, has characters that are not bytes, or
            has one of *names* twice: `authorize` may have looked at the other value.
    """
    if len(query_string) > MAX_URL_BYTES:  # parsing takes long
        raise ResourceError(
            f"the query string is {len(query_string)} bytes long, more than {MAX_URL_BYTES}"
        )
    # Latin-1 maps each byte to one character, so values that are not UTF-8 are kept.
    text = query_string if isinstance(query_string, str) else query_string.decode("latin-1")
    wanted = {name.encode() for name in names}
    try:
        pairs = [
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in parse_qsl(text, keep_blank_values=True, encoding="latin-1")
        ]
    except UnicodeEncodeError:
        raise ResourceError("the query string has characters that are not bytes") from None
    selected = [pair for pair in pairs if pair[0] in wanted]
    if len(dict(selected)) < len(selected):
        raise ResourceError("a forwarded parameter is given twice")
    return encode_parameters(selected)


def _get_conditions(allow: Allow, options: ViewOptions) -> Conditions:
    expires_in = allow.expires_in
    if options.delivery == "cookies" and expires_in is None and allow.expires_at is None:
        expires_in = options.cookie_expires_in
    elif allow is PLAIN_ALLOW:
        return {}  # an empty mapping is checked faster than four None
    return {
        "expires_in": expires_in,
        "expires_at": allow.expires_at,
        "starts_at": allow.starts_at,
        "ip_address": allow.ip_address,
    }


def _convert_to_deny(
    error: ResourceError | KeyUnavailableError | IPv6Error, recorder: Recorder | None
) -> Deny:
    outcome: Outcome
    if isinstance(error, ResourceError):
        outcome, deny = "invalid", Deny(404)
    elif isinstance(error, IPv6Error):
        _logger.warning("answered with 403, nothing signed: %s", error)
        outcome, deny = "refused", Deny(403)
    else:
        _logger.error("answered with 503, nothing signed: %s", error)
        outcome, deny = "key_unavailable", Deny(503)
    if recorder is not None:
        recorder.outcome = outcome
    return deny
