"""A CloudFront edge before a WSGI application."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from cfsign.checking.credential import strip_cookies, strip_query
from cfsign.edge.access_log import tell
from cfsign.edge.gate import Judgement
from cfsign.edge.middleware import Middleware
from cfsign.edge.request import ViewerRequest, joined_target, origin_form, viewer_url
from cfsign.edge.responses import refusal, with_cloudfront_headers

# Where servers keep the target as it is on the wire.
_TARGETS = ("REQUEST_URI", "RAW_URI")


class WSGIEdge(Middleware[WSGIApplication]):
    """
    A CloudFront edge before a WSGI application.

    The URL that was signed is the one on the wire, which WSGI itself hands over decoded: it is
    read from `REQUEST_URI` or `RAW_URI`, which Werkzeug, Waitress and Gunicorn give. Under a
    server with neither it is put together from `SCRIPT_NAME` and `PATH_INFO`, with letters,
    digits, `-._~` and `/` as they are and the rest percent-encoded.

    The arguments are `Middleware`'s.
    """

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        request = _viewer_request(environ)
        judgement = self._gate.judge(request)
        if judgement:
            origins = _in_origin_form(environ)
            if not judgement.is_open:
                origins = _stripped(origins)
            return self._app(origins, self._finishing(request, judgement, start_response))
        answer = refusal(judgement)
        tell(self._log, request, judgement, answer.code)
        start_response(answer.status, answer.headers)
        return [] if request.method == "HEAD" else [answer.body]

    def _finishing(
        self, request: ViewerRequest, judgement: Judgement, start_response: StartResponse
    ) -> StartResponse:
        """Return a `start_response` that gives CloudFront's headers to the origin's answer."""

        def start(
            status: str, headers: list[tuple[str, str]], /, *exc_info: Any
        ) -> Callable[[bytes], object]:
            code = int(status[:3])
            tell(self._log, request, judgement, code)
            finished = self._policy.apply(request, with_cloudfront_headers(code, headers))
            return start_response(status, finished, *exc_info)

        return start


def _viewer_request(environ: WSGIEnvironment) -> ViewerRequest:
    host = environ.get("HTTP_HOST")
    if host is None:
        host = f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    target = environ.get("REQUEST_URI") or environ.get("RAW_URI")
    if target is None:
        # PEP 3333: each letter stands for one byte.
        path = (environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")).encode("latin-1")
        target = joined_target(quote(path) or "/", environ.get("QUERY_STRING", ""))
    headers = (len(name) + len(text) for name, text in environ.items() if name[:5] == "HTTP_")
    method = environ["REQUEST_METHOD"]
    return ViewerRequest(
        method=method,
        url=viewer_url(environ["wsgi.url_scheme"], host, target),
        target=target,
        cookies=environ.get("HTTP_COOKIE", ""),
        address=environ.get("REMOTE_ADDR"),
        origin=environ.get("HTTP_ORIGIN"),
        is_preflight=method == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ,
        size=len(target) + sum(headers),
    )


def _in_origin_form(environ: WSGIEnvironment) -> WSGIEnvironment:
    """Copy the request without the host that its target may bring: the origin has its own."""
    targets = {name: environ[name] for name in _TARGETS if name in environ}
    return {**environ, **{name: origin_form(target) for name, target in targets.items()}}


def _stripped(environ: WSGIEnvironment) -> WSGIEnvironment:
    """Copy the request without its credential, wherever the server has put that."""
    stripped = dict(environ)
    for name in _TARGETS:
        if name in stripped:
            stripped[name] = _stripped_target(stripped[name])
    stripped["QUERY_STRING"] = strip_query(stripped.get("QUERY_STRING", "")) or ""
    cookies = strip_cookies(stripped.pop("HTTP_COOKIE", ""))
    return {**stripped, "HTTP_COOKIE": cookies} if cookies else stripped


def _stripped_target(target: str) -> str:
    path, mark, query = target.partition("?")
    own = strip_query(query) if mark else None
    return path if own is None else f"{path}?{own}"
