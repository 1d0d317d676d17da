"""The edge as WSGI middleware."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from cfsign.checking.credential import strip_cookies, strip_query
from cfsign.edge.access import AccessDecision
from cfsign.edge.access_log import log_request
from cfsign.edge.middleware import Middleware
from cfsign.edge.request import (
    IS_OPEN_VARIABLE,
    TARGET_VARIABLES,
    ViewerRequest,
    build_viewer_url,
    join_target,
    remove_target_host,
)
from cfsign.edge.responses import add_cloudfront_headers, build_refusal


class WSGIEdge(Middleware[WSGIApplication]):
    """
    A local CloudFront edge around a WSGI application.

    The signature is checked against the URL exactly as it was sent. WSGI itself provides only a
    decoded path, so the URL is read from `REQUEST_URI` or `RAW_URI`, which Werkzeug, Waitress and
    Gunicorn set. Under other servers it is rebuilt from `SCRIPT_NAME` and `PATH_INFO`: letters,
    digits, `-._~` and `/` stay, everything else is percent-encoded.

    `Middleware` documents the arguments.
    """

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request (PEP 3333)."""
        request = _read_request(environ)
        decision = self._access.decide(request)
        if decision:
            origin_environ = _remove_target_host(environ)
            origin_environ[IS_OPEN_VARIABLE] = decision.is_open
            if not decision.is_open:
                origin_environ = _remove_credential(origin_environ)
            return self._app(
                origin_environ, self._wrap_start_response(request, decision, start_response)
            )
        response = build_refusal(decision)
        log_request(self._log, request, decision, response.code)
        start_response(response.status, response.headers)
        return [] if request.method == "HEAD" else [response.body]

    def _wrap_start_response(
        self, request: ViewerRequest, decision: AccessDecision, start_response: StartResponse
    ) -> StartResponse:
        """Return a `start_response` that adds CloudFront's headers to the origin's response."""

        def start_with_headers(
            status: str, headers: list[tuple[str, str]], /, *exc_info: Any
        ) -> Callable[[bytes], object]:
            code = int(status[:3])
            log_request(self._log, request, decision, code)
            headers = self._response_headers.apply(request, add_cloudfront_headers(code, headers))
            return start_response(status, headers, *exc_info)

        return start_with_headers


def _read_request(environ: WSGIEnvironment) -> ViewerRequest:
    host = environ.get("HTTP_HOST")
    if host is None:
        host = f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    target = environ.get("REQUEST_URI") or environ.get("RAW_URI")
    if target is None:
        # PEP 3333: each character stands for one byte.
        path = (environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")).encode("latin-1")
        target = join_target(quote(path) or "/", environ.get("QUERY_STRING", ""))
    header_sizes = (len(name) + len(text) for name, text in environ.items() if name[:5] == "HTTP_")
    method = environ["REQUEST_METHOD"]
    return ViewerRequest(
        method=method,
        url=build_viewer_url(environ["wsgi.url_scheme"], host, target),
        target=target,
        cookies=environ.get("HTTP_COOKIE", ""),
        address=environ.get("REMOTE_ADDR"),
        origin=environ.get("HTTP_ORIGIN"),
        is_preflight=method == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ,
        requested_headers=environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS", ""),
        size=len(target) + sum(header_sizes),
    )


def _remove_target_host(environ: WSGIEnvironment) -> WSGIEnvironment:
    targets = {name: environ[name] for name in TARGET_VARIABLES if name in environ}
    return {**environ, **{name: remove_target_host(target) for name, target in targets.items()}}


def _remove_credential(environ: WSGIEnvironment) -> WSGIEnvironment:
    stripped = dict(environ)
    for name in TARGET_VARIABLES:
        if name in stripped:
            path, mark, query = stripped[name].partition("?")
            own = strip_query(query) if mark else None
            stripped[name] = path if own is None else f"{path}?{own}"
    stripped["QUERY_STRING"] = strip_query(stripped.get("QUERY_STRING", "")) or ""
    cookies = strip_cookies(stripped.pop("HTTP_COOKIE", ""))
    return {**stripped, "HTTP_COOKIE": cookies} if cookies else stripped
