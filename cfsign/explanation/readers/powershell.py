"""Invoke-WebRequest of PowerShell, as Chrome and Firefox copy it."""

from __future__ import annotations

import re

from cfsign.errors import CfsignError
from cfsign.explanation.readers.exchange import Exchange, check_count, split_lines
from cfsign.explanation.readers.shells import unquote_powershell

_STRING = r"""("(?:[^"`]|`.|"")*+"|'(?:[^']|'')*+')"""
_COMMAND = re.compile(
    r"^[^\n\"']{0,80}?\b(?:Invoke-WebRequest|Invoke-RestMethod|iwr|irm)[ ]",
    re.IGNORECASE | re.MULTILINE,
)
_PART = re.compile(
    rf"(?P<uri>-Uri\s++|\b(?:Invoke-WebRequest|Invoke-RestMethod|iwr|irm)\s++(?=[\"'])){_STRING}"
    rf"|-Method\s++(?P<method>[A-Za-z]+|{_STRING})"
    rf"|[\"']cookie[\"']\s*+=\s*+(?P<header>{_STRING})"
    rf"|Net\.Cookie\(\s*+(?P<name>{_STRING})\s*+,\s*+(?P<value>{_STRING})",
    re.IGNORECASE | re.DOTALL,
)


def read(text: str) -> list[Exchange] | None:
    """
    Return the requests of the Invoke-WebRequest commands in *text*.

    Raises:
        CfsignError: No URL is in quotes, or a value uses a variable.
    """
    if not _COMMAND.search(text):
        return None
    exchanges: list[Exchange] = []
    session: list[str] = []
    end = 0
    for part in _PART.finditer(text):
        if part["name"]:
            pair = (unquote_powershell(part["name"]), unquote_powershell(part["value"]))
            session.append("=".join(pair))
        elif part["uri"]:
            exchanges.append(Exchange(unquote_powershell(part[2])))
            if session:
                exchanges[-1].cookie_headers.append("; ".join(session))
            session = []
        elif exchanges and part["header"]:
            exchanges[-1].cookie_headers.append(unquote_powershell(part["header"]))
        elif exchanges and part["method"]:
            exchanges[-1].method = part["method"].strip("\"'").upper()
        end = part.end()
    if not exchanges:
        raise CfsignError(
            "the Invoke-WebRequest command has no URL in quotes", hint="put the URL in quotes"
        )
    check_count(exchanges)
    exchanges[-1].add_response(split_lines(text[end:]))
    return exchanges
