"""HAR files, and single entries of one (HTTP Archive 1.2)."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any

from cfsign.errors import CfsignError
from cfsign.explanation.readers.exchange import Exchange
from cfsign.utils.strict_json import parse_integer

_MARKS = ('"entries"', '"request"')


def read(text: str) -> list[Exchange] | None:
    """
    Return the requests of a HAR file.

    Raises:
        CfsignError: It is not valid JSON.
    """
    if not text.lstrip().startswith("{") or not any(mark in text for mark in _MARKS):
        return None
    try:
        document = json.loads(text, parse_int=parse_integer)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
    except (ValueError, RecursionError):
        place = "a number that is too long, or brackets that are nested too deeply"
    else:
        entries = _get(document, "log", "entries") or [document]
        exchanges = [_read_entry(entry) for entry in entries if _get(entry, "request")]
        return exchanges or None
    raise CfsignError(f"the HAR file is not valid JSON: {place}", hint="copy the whole file")


def _read_entry(entry: Any) -> Exchange:
    exchange = Exchange(
        url=_get_text(entry, "request", "url"), method=_get_text(entry, "request", "method")
    )
    for header in _list(entry, "request", "headers"):
        if _get_text(header, "name").lower() == "cookie":
            exchange.cookie_headers.append(_get_text(header, "value"))
    cookies = _list(entry, "request", "cookies")
    if not exchange.cookie_headers and cookies:
        pairs = (f"{_get_text(one, 'name')}={_get_text(one, 'value')}" for one in cookies)
        exchange.cookie_headers.append("; ".join(pairs))
    # Chrome leaves the cookies out, unless "Export HAR (with sensitive data)" is chosen.
    exchange.omits_cookies = not exchange.cookie_headers
    status = _get(entry, "response", "status")
    exchange.status = status if type(status) is int and 0 <= status <= 999 else 0
    exchange.at = _parse_time(_get_text(entry, "startedDateTime"))
    for header in _list(entry, "response", "headers"):
        exchange.add_response_header(_get_text(header, "name"), _get_text(header, "value"))
    exchange.body = _read_body(entry)
    return exchange


def _read_body(entry: Any) -> str:
    text = _get_text(entry, "response", "content", "text")
    if _get(entry, "response", "content", "encoding") != "base64":
        return text
    try:
        return base64.b64decode(text).decode("utf-8", "replace")
    except ValueError:
        return ""


def _get(value: Any, *names: str) -> Any:
    """Return a member of nested objects, or None."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _get_text(value: Any, *names: str) -> str:
    text = _get(value, *names)
    return text if isinstance(text, str) else ""


def _list(value: Any, *names: str) -> list[Any]:
    items = _get(value, *names)
    return items if isinstance(items, list) else []


def _parse_time(text: str) -> float | None:
    try:
        time = datetime.fromisoformat(text)
        return None if time.utcoffset() is None else time.timestamp()
    except (ValueError, OverflowError):
        return None
