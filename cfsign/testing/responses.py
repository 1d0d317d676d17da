"""
Reads the URL and the cookies from a site's response.

It supports the responses of the test clients of Flask, Django, Falcon and Starlette, of httpx and
requests.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from email.utils import mktime_tz, parsedate_tz
from http.cookies import Morsel, SimpleCookie
from typing import Any
from urllib.parse import SplitResult, urlsplit


def find_url(response: Any) -> str:
    """
    Return the URL that the client is sent to, or *response* itself if it is a string.

    Args:
        response: A URL, or a response: a redirect, or JSON with a member `url`.

    Raises:
        AssertionError: The response has no URL.
        TypeError: The argument is not a response.
    """
    __tracebackhide__ = True
    if isinstance(response, str):
        return response
    headers = getattr(response, "headers", None)
    if headers is None:
        raise TypeError(f"expected a URL or a response with headers, got {type(response).__name__}")
    url = _find_header(headers, "location") or _find_json_url(response)
    if url is None:
        raise AssertionError(_explain_missing_url(response))
    return url


def _explain_missing_url(response: Any) -> str:
    status = getattr(response, "status_code", "unknown")
    if isinstance(status, int) and status >= 500:
        return f"the site failed with {status}, so there is no URL to check"
    if isinstance(status, int) and status >= 400:
        return f"the site refused with {status}: authorize denied it, so there is no URL to check"
    return f"the response (status {status}) is not a redirect and has no JSON member `url`"


def find_cookies(response: Any, url: str) -> dict[str, str]:
    """
    Return the cookies that *response* sets and a browser would send to *url*, by name.

    A cookie without a domain is sent only to the host that set it. If the test client does not
    know the host, the cookie counts as sent. A cookie without a path is sent to all paths.
    """
    if isinstance(response, str):
        return {}
    host = _find_site_host(response)
    jar = SimpleCookie()
    for line in _read_set_cookie_lines(response.headers):
        jar.load(line)
    cookies = {**_read_client_cookies(response), **jar}
    return {
        name: str(getattr(cookie, "value", cookie))
        for name, cookie in cookies.items()
        if _is_sent_to(cookie, urlsplit(url), host) and not _is_expired(cookie)
    }


def _find_site_host(response: Any) -> str | None:
    """Return the host of the site; None if the client does not know it, such as Falcon's."""
    wsgi_or_asgi = getattr(response, "wsgi_request", None) or getattr(
        response, "asgi_request", None
    )
    if wsgi_or_asgi is not None:  # Django
        host = wsgi_or_asgi.META.get("HTTP_HOST") or wsgi_or_asgi.META.get("SERVER_NAME")
        return urlsplit(f"//{host}").hostname
    # httpx, requests and Flask. Without a request, httpx raises RuntimeError.
    try:
        request = getattr(response, "request", None)
    except RuntimeError:
        return None
    return urlsplit(str(getattr(request, "url", None) or "")).hostname


def _read_client_cookies(response: Any) -> dict[str, Any]:
    """Return the cookies that Django's and Falcon's clients keep outside of the headers."""
    if hasattr(response.headers, "multi_items"):
        return {}  # httpx: the headers are complete, and `cookies` lacks what its client rejects
    cookies = getattr(response, "cookies", None)
    return dict(cookies.items()) if isinstance(cookies, Mapping) else {}


def _is_sent_to(cookie: Any, url: SplitResult, site_host: str | None) -> bool:
    """Return True if a cookie's domain, path and scheme match *url* (RFC 6265, section 5.4)."""
    domain = _get_attribute(cookie, "domain").removeprefix(".").lower()
    path = _get_attribute(cookie, "path").rstrip("/")
    host = (url.hostname or "").lower()
    scheme_matches = url.scheme == "https" or _get_attribute(cookie, "secure") in ("", "False")
    host_matches = f".{host}".endswith(f".{domain}") if domain else site_host in (None, host)
    path_matches = url.path == path or url.path.startswith(f"{path}/")
    return scheme_matches and host_matches and path_matches


def _is_expired(cookie: Any) -> bool:
    # RFC 6265, section 5.3: `Max-Age` has precedence over `Expires`.
    age = _get_attribute(cookie, "max-age")
    if age.removeprefix("-").isdecimal():
        return int(age) <= 0
    expires = parsedate_tz(_get_attribute(cookie, "expires"))
    return expires is not None and mktime_tz(expires) <= time.time()


def _get_attribute(cookie: Any, name: str) -> str:
    if isinstance(cookie, Morsel):
        return str(cookie[name])
    value = getattr(cookie, name.replace("-", "_"), None)
    return "" if value is None else str(value)


def _find_header(headers: Any, wanted: str) -> str | None:
    return next((str(value) for name, value in headers.items() if name.lower() == wanted), None)


def _read_set_cookie_lines(headers: Any) -> Iterator[str]:
    # httpx's `items` joins headers of one name with a comma, which breaks cookies.
    items = getattr(headers, "multi_items", headers.items)
    for name, value in items():
        if name.lower() == "set-cookie":
            yield value


def _find_json_url(response: Any) -> str | None:
    content_type = _find_header(response.headers, "content-type") or ""
    if content_type.partition(";")[0].strip() != "application/json":
        return None
    # `json` is a method in httpx, requests and Django, and a property in Flask and Falcon.
    body = response.json() if callable(response.json) else response.json
    url = body.get("url") if isinstance(body, Mapping) else None
    return url if isinstance(url, str) else None
