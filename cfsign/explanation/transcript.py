"""What a person has at hand of a refused request: a URL, a `curl -v`, a header, the XML."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from cfsign.checking.credential import parse_cookies
from cfsign.explanation.encodings import decodings

_MAX_LETTERS = 1_000_000

# curl marks what it sent with ">", what it received with "<" and what it tells with "*".
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
    One request and what came back.

    Attributes:
        url: The URL; "" where only other parts are known.
        cookies: The `Cookie` header's text; None where there was none.
        status: The status of the response; 0 where it is not known.
        at: When it was answered, in epoch seconds; None where nothing says so.
    """

    url: str = ""
    cookies: str | None = None
    status: int = 0
    at: float | None = None


def read_transcript(text: str) -> Exchange:
    """
    Return the request that *text* tells of: the last that was refused, of several.

    Args:
        text: A URL, the output of `curl -v`, a `Cookie` header, an error document, or several.
    """
    lines = text[:_MAX_LETTERS].splitlines()
    exchanges = _exchanges(lines)
    if exchanges:
        refused = [exchange for exchange in exchanges if exchange.status >= 400]
        return (refused or exchanges)[-1]
    cookies = next((found[1] for found in map(_COOKIE.match, lines) if found), None)
    return Exchange(_bare_url(lines) or _covered_url(cookies), cookies)


def _exchanges(lines: list[str]) -> list[Exchange]:
    found: list[Exchange] = []
    scheme, target, host = "http", "", ""
    for line in lines:
        if _CONNECTING.match(line):
            scheme = "http"  # until this connection is seen to be secured
        if _TLS.match(line):
            scheme = "https"
        request, response = _SENT.fullmatch(line), _RECEIVED.fullmatch(line)
        if request:
            target, host = request[2], ""
            found.append(Exchange())
        elif response and found:
            found[-1].status = int(response[1])
        elif found and (header := _HEADER.fullmatch(line)):
            name, value = header[1].lower(), header[2].strip()
            if line[0] == ">":
                host = value if name == "host" else host
                found[-1].url = f"{scheme}://{host}{target}" if host else found[-1].url
                _take_cookies(found[-1], name, value)
            elif name == "date":
                found[-1].at = _epoch_seconds(value)
    return [exchange for exchange in found if exchange.url]


def _take_cookies(exchange: Exchange, name: str, value: str) -> None:
    if name == "cookie":
        # RFC 9113, section 8.2.3: HTTP/2 may send its cookies in several headers.
        exchange.cookies = value if exchange.cookies is None else f"{exchange.cookies}; {value}"


def _epoch_seconds(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None


def unwrapped(text: str) -> str:
    """Return a pasted URL without the white space, the quotes or the <> that stand about it."""
    text = text.strip()
    is_wrapped = len(text) > 1 and f"{text[0]}{text[-1]}" in ("''", '""', "<>")
    return text[1:-1].strip() if is_wrapped and "://" in text[:10] else text


def _bare_url(lines: list[str]) -> str:
    filled = [unwrapped(line) for line in lines if line.strip()]
    if len(filled) == 1 and filled[0].lower().startswith(("http://", "https://")):
        return filled[0]  # all of it, white space too: that may be the mistake
    found = (_URL.search(line) for line in filled if not line.startswith("<"))
    return next((match[0] for match in found if match), "")


def _covered_url(cookies: str | None) -> str:
    """Return a URL that the policy in the cookies is for, where no other is known; else ""."""
    policy = dict(parse_cookies(cookies) or ()).get("CloudFront-Policy", "")
    for decoding in decodings(policy):
        try:
            statement = json.loads(decoding.content)["Statement"]
            resource = (statement[0] if isinstance(statement, list) else statement)["Resource"]
        except (ValueError, RecursionError, LookupError, TypeError):
            continue
        if isinstance(resource, str) and resource.startswith(("http://", "https://")):
            return resource.replace("*", "").replace("\\?", "?")
    return ""
