"""A URL, a `Cookie` header or an error response alone; one can follow the other."""

from __future__ import annotations

import re

from cfsign.explanation.readers.exchange import (
    HEADER,
    STATUS_LINE,
    Exchange,
    split_lines,
    unwrap_url,
)

_URL_START = ("http://", "https://")
_ERROR = re.compile(r"<Error[\s>/]|<Code>|<!DOCTYPE html|<html", re.IGNORECASE)


def read_url(text: str) -> list[Exchange] | None:
    """Return one request for each URL that is a line of *text*. Other lines must be headers."""
    return [one for one in _read(text) if one.url] or None


def read_cookies(text: str) -> list[Exchange] | None:
    """Return the request of a `Cookie` header, without its URL. Other lines must be headers."""
    return [one for one in _read(text) if one.cookie_headers] or None


def read_response(text: str) -> list[Exchange] | None:
    """Return the error response in *text*, with an empty request; None without one."""
    lines = split_lines(text)
    if not _ERROR.search(text) and not any(map(STATUS_LINE.fullmatch, lines)):
        return None
    exchange = Exchange()
    exchange.add_response(lines)
    return [exchange]


def _read(text: str) -> list[Exchange]:
    lines = split_lines(text)
    numbers = enumerate(lines)
    end = next((at for at, line in numbers if _starts_response(line)), len(lines))
    is_response_first = not any(lines[:end])
    exchange = Exchange()
    urls = []
    for line in filter(None, lines if is_response_first else lines[:end]):
        url, header = unwrap_url(line), HEADER.fullmatch(line)
        if url.lower().startswith(_URL_START):
            urls.append(url)
        elif header is not None and header[1].lower() == "cookie":
            exchange.cookie_headers.append(header[2])
        elif header is None and not is_response_first:
            return []
    exchange.add_response(lines[end:])
    exchange.url = urls.pop(0) if urls else ""
    return [exchange, *(Exchange(url, exchange.cookie_headers) for url in urls)]


def _starts_response(line: str) -> bool:
    is_markup = line.startswith("<") and not unwrap_url(line).lower().startswith(_URL_START)
    return is_markup or STATUS_LINE.fullmatch(line) is not None
