"""
Where an answer of the site sends its viewer, and with which cookies.

The answers of every framework's test client are read alike, by what they have in common.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from email.utils import mktime_tz, parsedate_tz
from http.cookies import Morsel, SimpleCookie
from typing import Any
from urllib.parse import SplitResult, urlsplit


def location_of(answer: Any) -> str:
    """
    Return the URL that *answer* sends the viewer to, or *answer* itself where it is a text.

    Args:
        answer: A URL, or an answer with `headers`: of Flask's, Django's or Falcon's test client,
            httpx or requests. It is a redirect, or holds JSON with a member `url`.

    Raises:
        AssertionError: It sends the viewer nowhere.
    """
    __tracebackhide__ = True
    if isinstance(answer, str):
        return answer
    headers = getattr(answer, "headers", None)
    if headers is None:
        raise TypeError("give a URL, or an answer that has headers")
    location = _header(headers, "location") or _url_of_json(answer)
    if location is None:
        raise AssertionError(_nowhere(answer))
    return location


def _nowhere(answer: Any) -> str:
    status = getattr(answer, "status_code", "unknown")
    if isinstance(status, int) and status >= 500:
        return f"the site failed with {status}, so there is no URL for the edge to judge"
    if isinstance(status, int) and status >= 400:
        return (
            f"the site refused with {status}: authorize said no, "
            "so there is no URL for the edge to judge"
        )
    return f"the site sends its viewer nowhere: its answer is {status}"


def cookies_of(answer: Any, url: str) -> dict[str, str]:
    """
    Return the cookies that *answer* sets and a browser would send to *url*, by their names.

    One without a domain goes to the host alone that has set it. Where the test client does not
    tell that, it counts as sent; and one without a path counts as of all paths.
    """
    if isinstance(answer, str):
        return {}
    setter = _host_of_site(answer)
    jar = SimpleCookie()
    for line in _set_cookie_lines(answer.headers):
        jar.load(line)
    cookies = {**_kept_apart(answer), **jar}
    return {
        name: str(getattr(cookie, "value", cookie))
        for name, cookie in cookies.items()
        if _reaches(cookie, urlsplit(url), setter) and not _is_cleared(cookie)
    }


def _host_of_site(answer: Any) -> str | None:
    """Return the host that has answered; None where it is not told, as by Falcon's client."""
    wsgi_or_asgi = getattr(answer, "wsgi_request", None) or getattr(answer, "asgi_request", None)
    if wsgi_or_asgi is not None:  # Django's client
        named = wsgi_or_asgi.META.get("HTTP_HOST") or wsgi_or_asgi.META.get("SERVER_NAME")
        return urlsplit(f"//{named}").hostname
    # Of httpx, whose `request` raises where there is none, of requests, and of Flask's client.
    try:
        asked = getattr(answer, "request", None)
    except RuntimeError:
        return None
    return urlsplit(str(getattr(asked, "url", None) or "")).hostname


def _kept_apart(answer: Any) -> dict[str, Any]:
    """Return what Django's and Falcon's clients keep beside headers that hold no cookie lines."""
    if hasattr(answer.headers, "multi_items"):
        return {}  # httpx's headers hold all, and its cookies are those that its client would take
    found = getattr(answer, "cookies", None)
    return dict(found.items()) if isinstance(found, Mapping) else {}


def _reaches(cookie: Any, url: SplitResult, setter: str | None) -> bool:
    """Tell whether a cookie's domain, path and scheme are *url*'s (RFC 6265, section 5.4)."""
    domain = _attribute(cookie, "domain").removeprefix(".").lower()
    folder = _attribute(cookie, "path").rstrip("/")
    host = (url.hostname or "").lower()
    is_safe = url.scheme == "https" or _attribute(cookie, "secure") in ("", "False")
    is_its_host = f".{host}".endswith(f".{domain}") if domain else setter in (None, host)
    return is_safe and is_its_host and (url.path == folder or url.path.startswith(f"{folder}/"))


def _is_cleared(cookie: Any) -> bool:
    """Tell whether a browser throws the cookie away at once: `Max-Age` counts before `Expires`."""
    age = _attribute(cookie, "max-age")
    if age.removeprefix("-").isdecimal():
        return int(age) <= 0
    expires = parsedate_tz(_attribute(cookie, "expires"))
    return expires is not None and mktime_tz(expires) <= time.time()


def _attribute(cookie: Any, name: str) -> str:
    if isinstance(cookie, Morsel):
        return str(cookie[name])
    found = getattr(cookie, name.replace("-", "_"), None)
    return "" if found is None else str(found)


def _header(headers: Any, wanted: str) -> str | None:
    found = (str(value) for name, value in headers.items() if name.lower() == wanted)
    return next(found, None)


def _set_cookie_lines(headers: Any) -> Iterator[str]:
    for name, value in _pairs(headers):
        if name.lower() == "set-cookie":
            yield value


def _pairs(headers: Any) -> Iterator[tuple[str, str]]:
    # httpx folds lines of one name into one, which cookies do not survive, but for this.
    items = getattr(headers, "multi_items", headers.items)
    yield from items()


def _url_of_json(answer: Any) -> str | None:
    content_type = _header(answer.headers, "content-type") or ""
    if content_type.partition(";")[0].strip() != "application/json":
        return None
    # A method of httpx, requests and Django; a property of Flask and Falcon.
    body = answer.json() if callable(answer.json) else answer.json
    url = body.get("url") if isinstance(body, Mapping) else None
    return url if isinstance(url, str) else None
