"""HTTP/1 request lines and headers, as curl -v, wget -d, httpie and browsers print them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from cfsign.explanation.readers.exchange import (
    HEADER,
    STATUS_LINE,
    Exchange,
    build_url,
    check_count,
    split_lines,
)

_REQUEST_LINE = re.compile(
    r"(?:> ?)?(GET|HEAD|OPTIONS|POST|PUT|PATCH|DELETE|CONNECT) (\S+)(?: HTTP/[0-9.]+)?"
)

_IS_HTTP = re.compile(
    r"^[ \t]*+(?:> ?)?(?:GET|HEAD|OPTIONS|POST|PUT|PATCH|DELETE|CONNECT) \S", re.MULTILINE
)

# curl marks its own notes with "*". Without such a note, the scheme is https.
_CONNECTING = re.compile(r"\*\s+Trying ")
_TLS = re.compile(r"\* .*(?:\bTLS\b|\bSSL\b|port 443\b|:443\.\.\.|\bhttps:)", re.IGNORECASE)
_CURL_NOTE = re.compile(r"(?:[*{}] |[*{}]$)")
_WGET_URL = re.compile(r"--[0-9: -]+--  (https?)://\S*")


def read(text: str) -> list[Exchange] | None:
    """Return the requests in *text*, each with the response that follows it."""
    if not _IS_HTTP.search(text):
        return None
    blocks: list[_Block] = []
    scheme = "https"
    for line in split_lines(text):
        if line.startswith(("*", "-")):
            scheme = _read_scheme(line) or scheme
        request = _REQUEST_LINE.fullmatch(line)
        if request:
            blocks.append(_Block(scheme, request[1], request[2]))
        elif blocks:
            blocks[-1].lines.append(line)
    # A CONNECT request asks a proxy for a connection.
    exchanges = [block.read() for block in blocks if block.method != "CONNECT"]
    check_count(exchanges)
    return exchanges or None


@dataclass(slots=True)
class _Block:
    """The lines of one request and its response."""

    scheme: str
    method: str
    target: str
    lines: list[str] = field(default_factory=list)

    def read(self) -> Exchange:
        exchange = Exchange(method=self.method)
        numbers = enumerate(self.lines)
        end = next((at for at, line in numbers if STATUS_LINE.fullmatch(line)), len(self.lines))
        host = ""
        for line in self.lines[:end]:
            header = HEADER.fullmatch(line)
            if header and header[1].lower() == "host":
                host = header[2]
            elif header and header[1].lower() == "cookie":
                exchange.cookie_headers.append(header[2])
            elif line in ("", ">"):
                break
        scheme = "http" if host.endswith(":80") else self.scheme
        exchange.url = build_url(scheme, host, self.target)
        exchange.add_response(line for line in self.lines[end:] if not _CURL_NOTE.match(line))
        return exchange


def _read_scheme(line: str) -> str:
    """Return the scheme that a note of curl or wget shows, or ""."""
    if _TLS.match(line):
        return "https"
    if _CONNECTING.match(line):
        return "http"  # until a line shows that this connection uses TLS
    note = _WGET_URL.match(line)
    return note[1] if note else ""
