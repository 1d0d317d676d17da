"""Find the request in pasted text: a URL, `curl -v` output, a header or an error document."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

from cfsign.checking.credential import parse_cookies
from cfsign.explanation.base64_variants import decode_variants

_MAX_CHARACTERS = 1_000_000

# curl marks what it sent with ">", what it received with "<", and its own notes with "*".
_SENT = re.compile(r"> ?(GET|HEAD|OPTIONS|POST|PUT|PATCH|DELETE) (\S+) HTTP/[0-9.]+\s*")
_RECEIVED = re.compile(r"< ?HTTP/[0-9.]+ ([0-9]{3})\b.*")
_HEADER = re.compile(r"[<>] ?([A-Za-z0-9-]+):\s*(.*)")
_TLS = re.compile(r"\* .*(?:\bTLS\b|\bSSL\b|port 443\b|\bhttps://)", re.IGNORECASE)
_CONNECTING = re.compile(r"\*\s+Trying ")
_COOKIE = re.compile(r"\s*(?:[<>] ?)?Cookie:\s*(.+)", re.IGNORECASE)
_URL = re.compile(r"https?://[^\s'\"<>]+", re.IGNORECASE)


@dataclass(slots=True)
class Exchange:
    """
    One request and its response.

    Attributes:
        url: The URL; "" if it is not known.
        cookies: The text of the `Cookie` header; None if there was none.
        status: The HTTP status of the response; 0 if it is not known.
        at: The time of the response in epoch seconds; None if it is not known.
    """

    url: str = field(default="", repr=False)
    cookies: str | None = field(default=None, repr=False)
    status: int = 0
    at: float | None = None


def read_transcript(text: str) -> Exchange:
    """
    Return the request in *text*; of several requests, the last one that was refused.

    Args:
        text: A URL, the output of `curl -v`, a `Cookie` header, an error document, or several.
    """
    lines = text[:_MAX_CHARACTERS].splitlines()
    exchanges = _read_curl(lines)
    if exchanges:
        refused = [exchange for exchange in exchanges if exchange.status >= 400]
        return (refused or exchanges)[-1]
    cookies = next((header[1] for header in map(_COOKIE.match, lines) if header), None)
    return Exchange(_find_url(lines) or _guess_url(cookies), cookies)


def strip_quotes(text: str) -> str:
    """Return a pasted URL without the white space, quotes or <> around it."""
    text = text.strip()
    is_quoted = len(text) > 1 and f"{text[0]}{text[-1]}" in ("''", '""', "<>")
    return text[1:-1].strip() if is_quoted and "://" in text[:10] else text


def _read_curl(lines: list[str]) -> list[Exchange]:
    exchanges: list[Exchange] = []
    scheme, target, host = "http", "", ""
    for line in lines:
        if _CONNECTING.match(line):
            scheme = "http"  # until a line shows that this connection uses TLS
        if _TLS.match(line):
            scheme = "https"
        request, response = _SENT.fullmatch(line), _RECEIVED.fullmatch(line)
        if request:
            target, host = request[2], ""
            exchanges.append(Exchange())
        elif response and exchanges:
            exchanges[-1].status = int(response[1])
        elif exchanges and (header := _HEADER.fullmatch(line)):
            exchange, name, value = exchanges[-1], header[1].lower(), header[2].strip()
            if line[0] == "<":
                if name == "date":
                    exchange.at = _parse_date(value)
                continue
            if name == "host":
                host = value
            if name == "cookie":
                # RFC 9113, section 8.2.3: HTTP/2 may send its cookies in several headers.
                is_first = exchange.cookies is None
                exchange.cookies = value if is_first else f"{exchange.cookies}; {value}"
            exchange.url = f"{scheme}://{host}{target}" if host else exchange.url
    return [exchange for exchange in exchanges if exchange.url]


def _parse_date(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None


def _find_url(lines: list[str]) -> str:
    lines = [strip_quotes(line) for line in lines if line.strip()]
    if len(lines) == 1 and lines[0].lower().startswith(("http://", "https://")):
        return lines[0]  # with its white space, which may be the mistake
    urls = (_URL.search(line) for line in lines if not line.startswith("<"))
    return next((url[0] for url in urls if url), "")


def _guess_url(cookies: str | None) -> str:
    """Return a URL that the policy in the cookies covers, or ""."""
    policy = dict(parse_cookies(cookies) or ()).get("CloudFront-Policy", "")
    for decoding in decode_variants(policy):
        try:
            statement = json.loads(decoding.content)["Statement"]
            resource = (statement[0] if isinstance(statement, list) else statement)["Resource"]
        except (ValueError, RecursionError, LookupError, TypeError):
            continue
        if isinstance(resource, str) and resource.startswith(("http://", "https://")):
            return resource.replace("*", "").replace("\\?", "?")
    return ""
