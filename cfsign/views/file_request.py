"""A validated request for a file: the decision on it, and the response with the signature."""

from __future__ import annotations

import logging
from time import perf_counter
from typing import TYPE_CHECKING

from cfsign.config.headers import build_private_headers
from cfsign.errors import IPv6Error, KeyUnavailableError, ResourceError
from cfsign.signing.policy import Conditions
from cfsign.signing.signed_policy import SignedPolicy
from cfsign.utils.secret import hide, hide_arguments
from cfsign.views.decision import PLAIN_ALLOW, Allow, Deny, decide
from cfsign.views.events import Outcome
from cfsign.views.options import ViewOptions
from cfsign.views.response import ViewResponse, build_json, build_redirect
from cfsign.views.target import choose_target

if TYPE_CHECKING:
    from cfsign.views.handler import ViewHandler

_logger = logging.getLogger("cfsign")


class FileRequest:
    """
    A validated request for a file. Nothing is authorized or signed before `respond`.

    Attributes:
        outcome: How the request ended; "error" until `respond` returns.
        signed_policy: What was signed for the response. None if nothing was, or if the handler has
            no observers and signs the URL alone, which is faster.
        duration: How long signing took, in seconds; 0.0 if it did not begin.
        is_cached: True if the signature was made earlier.
    """

    __slots__ = ("_folder", "_handler", "_url", "duration", "is_cached", "outcome", "signed_policy")

    def __init__(self, handler: ViewHandler, url: str, folder: str | None = None) -> None:
        self._handler = handler
        self._url = url
        self._folder = folder  # the pattern of the option's folder
        self.outcome: Outcome = "error"
        self.signed_policy: SignedPolicy | None = None
        self.duration = 0.0
        self.is_cached = False

    def __repr__(self) -> str:
        return f"<FileRequest {self._url}>"

    @hide_arguments
    def respond(self, result: object) -> ViewResponse | Deny:
        """
        Decide on *result* and, if it allows the request, sign.

        Args:
            result: The return value of `authorize`.

        Returns:
            The response; or a `Deny`: that of `authorize`, 404 if the URL is too long to sign, 403
            if an `Allow` is for a client on IPv6, or 503 if the private key is unavailable.

        Raises:
            DecisionError: The result is not understood, or its folder cannot be used. Nothing is
                signed.
            PolicyError: An `Allow` holds a time or an address that CloudFront does not accept.
            SigningKeyError: The key cannot sign.
        """
        prepared = self._prepare(result)
        if isinstance(prepared, Deny):
            return prepared
        allow, url, resource, conditions = prepared
        distribution = self._handler.distribution
        try:
            if resource == url and self._handler.needs_url_only:
                # Not sign_url: the URL is the distribution's own, and `respond` hides arguments.
                return self._redirect(distribution._sign_url(url, None, conditions))
            begin = perf_counter()
            try:
                signed_policy = distribution.sign_resource(resource, **conditions)
            finally:
                self.duration = perf_counter() - begin
            return self._build_response(allow, url, signed_policy, begin)
        except (ResourceError, KeyUnavailableError, IPv6Error) as error:
            return self._refuse(error)

    @hide_arguments
    async def respond_async(self, result: object) -> ViewResponse | Deny:
        """Async version of `respond`."""
        prepared = self._prepare(result)
        if isinstance(prepared, Deny):
            return prepared
        allow, url, resource, conditions = prepared
        distribution = self._handler.distribution
        try:
            if resource == url and self._handler.needs_url_only:
                return self._redirect(await distribution._sign_url_async(url, None, conditions))
            begin = perf_counter()
            try:
                signed_policy = await distribution.sign_resource_async(resource, **conditions)
            finally:
                self.duration = perf_counter() - begin
            return self._build_response(allow, url, signed_policy, begin)
        except (ResourceError, KeyUnavailableError, IPv6Error) as error:
            return self._refuse(error)

    def _prepare(self, result: object) -> tuple[Allow, str, str, Conditions] | Deny:
        """
        Decide on *result*.

        Returns:
            The refusal; or the decision, the URL of the file, the resource to sign for it, and the
            conditions of the signature.
        """
        handler = self._handler
        options = handler.options
        decision = decide(hide(result).reveal(), options.allowed_statuses, handler.framework.source)
        if isinstance(decision, Deny):
            self.outcome = "refused"
            return decision
        needs_folder = options.delivery == "cookies"
        try:
            url, resource = choose_target(
                handler.distribution, self._url, self._folder, decision, needs_folder
            )
        except ResourceError as error:
            return self._refuse(error)
        return decision, url, resource, _get_conditions(decision, options)

    def _redirect(self, signed_url: str) -> ViewResponse:
        self.outcome = "allowed"
        return build_redirect(signed_url, self._handler.options.code, self._handler.headers)

    def _build_response(
        self, allow: Allow, url: str, signed_policy: SignedPolicy, begin: float
    ) -> ViewResponse:
        handler, options = self._handler, self._handler.options
        headers = handler.headers
        if handler.cookies is not None:
            headers = (*handler.cookies.build_headers(signed_policy), *headers)
        else:
            # An Allow with conditions is for this request only.
            if options.cache_redirect and allow == PLAIN_ALLOW:
                seconds = handler.distribution.redirect_max_age(signed_policy)
                headers = build_private_headers(seconds, options.headers) if seconds else headers
            url = signed_policy.url(url)
        self.outcome = "allowed"
        self.signed_policy = signed_policy
        self.is_cached = signed_policy.signed_at < begin
        if options.delivery == "json":
            return build_json(url, signed_policy.policy.expires_at, headers)
        if options.code == 204:
            return ViewResponse(204, headers)
        return build_redirect(url, options.code, headers)

    def _refuse(self, error: ResourceError | KeyUnavailableError | IPv6Error) -> Deny:
        if isinstance(error, ResourceError):
            self.outcome = "invalid"
            return Deny(404)
        if isinstance(error, IPv6Error):
            _logger.warning("answered with 403, nothing signed: %s", error)
            self.outcome = "refused"
            return Deny(403)
        _logger.error("answered with 503, nothing signed: %s", error)
        self.outcome = "key_unavailable"
        return Deny(503)


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
