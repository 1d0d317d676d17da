"""
Find the request in pasted text. One module reads each form, and `READERS` lists them all.

    exchange.py    a request and its response
    har.py         HAR files                      curl.py        curl commands
    http1.py       HTTP/1 requests                shells.py      the words of a command line
    http2.py       HTTP/2 headers                 fetch.py       fetch() in JavaScript
    powershell.py  Invoke-WebRequest              alone.py       a URL, a header, a response
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass

from cfsign.errors import CfsignError
from cfsign.explanation.readers import alone, curl, fetch, har, http1, http2, powershell
from cfsign.explanation.readers.exchange import Exchange as Exchange
from cfsign.explanation.readers.exchange import unwrap_url as unwrap_url

MAX_BYTES = 1_000_000
"""The largest text that is read."""

_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY|PuTTY-User-Key-File")
_SETTING = re.compile(r"(?:export )?[A-Za-z_][A-Za-z0-9_.]{0,80}[ \t]*=.*")
_URL = re.compile("https?://", re.IGNORECASE)
_COMMENT = re.compile(r"[#\[].*")


@dataclass(frozen=True, slots=True)
class Reader:
    """
    The reader of one form.

    Attributes:
        form: The name of the form, with its article.
        read: Returns the requests in a text, in their order; None if the text has another form.
            A `CfsignError` says that the text has this form, but cannot be read.
    """

    form: str
    read: Callable[[str], list[Exchange] | None]


URL_FORM = "a URL"

# In this order: the first form that fits is the form of the text.
READERS = (
    Reader("a HAR file", har.read),
    Reader("an HTTP/1 request (curl -v, wget -d, httpie, browsers)", http1.read),
    Reader("HTTP/2 headers (:authority and :path, or a browser's panel)", http2.read),
    Reader("an Invoke-WebRequest command (PowerShell)", powershell.read),
    Reader("a curl command (PowerShell)", curl.read_powershell),
    Reader("a curl command (Windows cmd)", curl.read_cmd),
    Reader("a curl command (bash)", curl.read_bash),
    Reader("a fetch call (JavaScript)", fetch.read),
    Reader(URL_FORM, alone.read_url),
    Reader("a Cookie header", alone.read_cookies),
    Reader("an error response (XML, HTML)", alone.read_response),
)


@dataclass(frozen=True, slots=True)
class Paste:
    """
    The requests in a pasted text.

    Attributes:
        form: The name of the form, as in `READERS`.
        exchanges: The requests in their order, at least one.
    """

    form: str
    exchanges: list[Exchange]


def decode_text(content: bytes) -> str:
    """
    Decode pasted text: UTF-8, or UTF-16 as Windows PowerShell writes it with `>`.

    Raises:
        CfsignError: The text is too large.
    """
    if len(content) > MAX_BYTES:
        raise _build_too_large()
    is_utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if is_utf_16 else "utf-8", "replace")


def read_text(text: str) -> Paste:
    """
    Return the requests in *text*.

    Raises:
        CfsignError: The text is too large, holds a secret, or has none of the forms. The error
            contains nothing of the text.
    """
    if len(text) > MAX_BYTES:
        raise _build_too_large()
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if _PRIVATE_KEY.search(text):
        raise CfsignError(
            "the input contains a private key",
            hint="replace the key if anybody else has seen it. Explaining a 403 needs only the "
            "request and the public key",
        )
    for reader in READERS:
        exchanges = reader.read(text)
        if exchanges:
            return Paste(reader.form, exchanges)
    if _is_settings(text):
        raise CfsignError(
            "the input is a list of settings, such as a .env file, not a request",
            hint="check settings with `cfsign doctor`",
        )
    if _is_broken_url(text):
        raise CfsignError(
            "the URL is broken into several lines", hint="join them to one line, without spaces"
        )
    forms = ", ".join(reader.form for reader in READERS)
    alone = "the URL alone, without other text, or " if _URL.search(text) else ""
    raise CfsignError(
        "the input has none of the known forms", hint=f"pass {alone}one of these: {forms}"
    )


def find_candidates(exchanges: list[Exchange]) -> list[Exchange]:
    """
    Return those of several requests that are to be explained, in their order.

    These are the requests to CloudFront: those with its parameters, its cookies or its response
    headers, and others to the same hosts. Of these, the requests refused with 403, else those with
    another error, else all. Of several equal requests, only the last one counts.
    """
    hosts = {_get_host(one) for one in exchanges if one.is_signed or one.is_from_cloudfront}
    chosen = [one for one in exchanges if _get_host(one) in hosts] or exchanges
    chosen = (
        [one for one in chosen if one.status == 403]
        or [one for one in chosen if one.status >= 400]
        or chosen
    )
    return list({(one.url, one.cookies): one for one in chosen}.values())


def _build_too_large() -> CfsignError:
    message = f"the input is larger than {MAX_BYTES} bytes"
    return CfsignError(message, hint="pass only the refused request")


def _get_host(exchange: Exchange) -> str:
    return exchange.url.partition("://")[2].partition("/")[0].lower()


def _is_broken_url(text: str) -> bool:
    """Return True if the lines of *text* are the pieces of one URL, as e-mail breaks it."""
    lines = [line.lstrip("> \t<").strip() for line in text.split("\n")]
    lines = [line for line in lines if line]
    starts = [_URL.match(line) is not None for line in lines]
    has_spaces = any(len(line.split()) > 1 for line in lines)
    return len(lines) > 1 and starts[0] and not any(starts[1:]) and not has_spaces


def _is_settings(text: str) -> bool:
    lines = [line.strip() for line in text.split("\n")]
    lines = [line for line in lines if line and not _COMMENT.fullmatch(line)]
    return sum(_SETTING.fullmatch(line) is not None for line in lines) * 2 > len(lines)
