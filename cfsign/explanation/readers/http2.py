"""HTTP/2 header lines such as `:path`, and the header panels of browsers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cfsign.explanation.readers.exchange import Exchange, build_url, split_lines

# Chrome's panel is copied as a name and a value on two lines; older panels have "name: value".
_NAMES = (
    ":authority|:method|:path|:scheme|:status|cookie|host|date|server|via|x-cache|x-amz-cf-id|"
    "x-amz-cf-pop|request url|request method|status code"
)
_LINE = re.compile(rf"({_NAMES})(?::[ \t]*|[ \t]+|$)(.*)", re.IGNORECASE)
_IS_HTTP_2 = re.compile(r"^[ \t]*+(?::path|request url)\b", re.IGNORECASE | re.MULTILINE)
_STATUS = re.compile(r"[^0-9]{0,8}([0-9]{3})\b")


def read(text: str) -> list[Exchange] | None:
    """Return the requests in *text*; None if it has neither `:path` nor `Request URL`."""
    if not _IS_HTTP_2.search(text):
        return None
    requests: list[dict[str, str]] = []
    exchanges: list[Exchange] = []
    for name, value in _list_headers(split_lines(text)):
        starts = name in (":authority", ":method", ":path", ":scheme", "request url")
        if not exchanges or (starts and name in requests[-1]):
            requests.append({})
            exchanges.append(Exchange())
        _add(requests[-1], exchanges[-1], name, value)
    for request, exchange in zip(requests, exchanges, strict=True):
        host = request.get(":authority", request.get("host", ""))
        built = build_url(request.get(":scheme", "https"), host, request.get(":path", ""))
        exchange.url = request.get("request url", built)
    return exchanges


def _list_headers(lines: list[str]) -> Iterator[tuple[str, str]]:
    following = ""
    for line in lines:
        header = _LINE.fullmatch(line)
        if following:
            yield following, line
            following = ""
        elif header and header[2]:
            yield header[1].lower(), header[2]
        elif header:
            following = header[1].lower()


def _add(request: dict[str, str], exchange: Exchange, name: str, value: str) -> None:
    request.setdefault(name, value)
    if name == "cookie":
        exchange.cookie_headers.append(value)
    elif name in (":method", "request method"):
        exchange.method = value
    elif name in (":status", "status code"):
        status = _STATUS.match(value)
        exchange.status = int(status[1]) if status else 0
    else:
        exchange.add_response_header(name, value)
