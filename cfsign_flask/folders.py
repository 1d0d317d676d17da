"""Cookies that open folders: the headers of Flask's responses, and the renewal after each view."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from flask import Flask, current_app, request
from werkzeug.wrappers import Response

from cfsign import Conditions, ConfigurationError
from cfsign.views import FolderCookies, FolderFor, FolderRenewal, Headers, make_private

RENEWAL = "cloudfront.renewal"


def check_response(response: object) -> None:
    """Raise ConfigurationError unless *response* has headers that can be changed."""
    if not isinstance(response, Response):
        raise ConfigurationError(
            f"response must be a response of Flask, got {type(response).__name__}",
            hint="use flask.make_response first",
        )


def build_grant_headers(
    app: Flask, cookies: FolderCookies, folder: str, conditions: Conditions
) -> Headers:
    """Return the headers that open a folder, also with an asynchronous private key."""
    if not cookies.distribution.signer.is_async:
        return cookies.grant_headers(folder, **conditions)
    grant: Callable[..., Headers] = app.ensure_sync(cookies.grant_headers_async)
    return grant(folder, **conditions)


def add_headers(response: Response, headers: Headers) -> None:
    """Add *headers*; a `Set-Cookie` never replaces another one. No shared cache may store it."""
    for name, value in headers:
        if name == "Set-Cookie":
            response.headers.add(name, value)
        else:
            response.headers[name] = value
    for name, value in make_private(response.headers.items()):
        response.headers[name] = value


def install_renewal(
    app: Flask,
    cookies: FolderCookies,
    folder_for: FolderFor,
    check_site: Callable[[str, str], None],
) -> None:
    """Check *folder_for* and the key; from now on, renew after each request."""
    is_async = inspect.iscoroutinefunction(folder_for) or cookies.distribution.signer.is_async
    renewal = FolderRenewal(cookies, folder_for, can_await=is_async)
    build: Any = renewal.build_headers
    if is_async:
        build = app.ensure_sync(renewal.build_headers_async)
    if RENEWAL not in app.extensions:
        app.after_request(_renew)
    app.extensions[RENEWAL] = build, check_site


def _renew(response: Response) -> Response:
    site_request = request._get_current_object()  # type: ignore[attr-defined]  # of the proxy
    build, check_site = current_app.extensions[RENEWAL]
    headers: Headers = build(site_request, site_request.cookies, response.headers.items())
    if headers:
        check_site(request.scheme, request.host)
        add_headers(response, headers)
    return response
