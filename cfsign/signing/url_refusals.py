"""The reasons why a URL must not be signed, each with the spelling that works."""

from __future__ import annotations

import re
from typing import cast

from cfsign.errors import ResourceError
from cfsign.limits import PARAMETERS
from cfsign.signing.url_grammar import DOTS, ORIGIN, UNSAFE

_UP_TO_THE_HOST = r"(?:[^/?]*://|\*)[^/?]*|"

# Not a `://` in a query.
_AT_HOST = r"(?:(?<=\Ahttp)|(?<=\Ahttps))://"

# (expression, message, hint) for each reason to refuse a URL, in the order in which a person would
# notice them. If none matches, a parameter is reserved. They are compiled only when a URL is
# refused: compiling all of them at import would take milliseconds.
_REFUSALS = (
    (r"\A\Z", "the URL is empty", "start it with https:// and a domain"),
    (r"\A//", "the URL has no scheme", "start it with https:"),
    (r"\A(?!.*://)", "the URL is relative", "start it with https:// and a domain"),
    (
        r"\A(?!https?://)[^:]*",
        "the URL's scheme must be http or https",
        "start it with https://, in lower case",
    ),
    (rf"{_AT_HOST}(?=[/?]|\Z)", "the URL has no host", "insert the distribution's domain"),
    (rf"{_AT_HOST}[^/?]*@", "the URL has user-info before an `@`", "remove it"),
    (rf"{_AT_HOST}[^/?]*[A-Z]", "browsers send the host in lower case", "write it in lower case"),
    (
        r"\Ahttp://[^/?]*:80(?=[/?]|\Z)|\Ahttps://[^/?]*:443(?=[/?]|\Z)",
        "browsers do not send the default port of the scheme",
        "remove it",
    ),
    (rf"{_AT_HOST}[^/?]*(?:\?|\Z)", "the URL has no path", "add at least `/` after the host"),
    (
        rf"\A[^?]*{DOTS}",
        "browsers resolve `.` and `..` in a path before they send it",
        "write the resolved path",
    ),
    (r"%(?![0-9A-Fa-f]{2})", "a `%` has no two hexadecimal digits after it", "write %25 for a `%`"),
    (r"\?[^?']*'", "browsers send a ' in the query as %27", "write %27"),
    (r"\A[^?]*\?\Z", "the query is empty", "remove the `?`"),
    (r"(?<=\?)[^?]*\?", "a `?` inside the query would be a wildcard", "write %3F for it"),
    (
        r"\*",
        "a literal `*` would be a wildcard",
        "write %2A for the character, or use a wildcard in pattern= or in a Policy",
    ),
    (
        rf"\A(?!{ORIGIN}/)",
        "the host or port is not valid",
        "write the distribution's domain (xn-- for other scripts)",
    ),
)


def build_refusal(url: str) -> ResourceError:
    """Build the error for *url*, which `is_url` does not match: the first reason, and the fix."""
    unsafe = re.search(UNSAFE, url)
    if unsafe is not None:
        host = cast(re.Match[str], re.match(_UP_TO_THE_HOST, url))
        return ResourceError(
            f"a URL cannot contain {_describe(unsafe[0])}",
            hint=_hint(unsafe[0], in_host=unsafe.start() < host.end()),
            found=unsafe[0],
            position=unsafe.start(),
        )
    for pattern, message, hint in _REFUSALS:
        if match := re.search(pattern, url):
            return ResourceError(message, hint=hint, position=match.start())
    from urllib.parse import unquote  # imported only for the error: it takes milliseconds

    names = (parameter.partition("=")[0] for parameter in url.partition("?")[2].split("&"))
    name = next(name for name in names if unquote(name) in PARAMETERS)
    return ResourceError(
        f"the query has the parameter {name!r}, which CloudFront reads itself",
        hint="rename it (or is this URL already signed?)",
        found=name,
    )


def _describe(character: str) -> str:
    names = {" ": "a space", '"': "a double quote", "\\": "a backslash", "#": "a fragment (`#`)"}
    printable = "!" <= character <= "~"
    default = f"the character {character}" if printable else f"U+{ord(character):04X}"
    return names.get(character, default)


def _hint(character: str, in_host: bool) -> str:
    if character == "#":
        return "remove the fragment, or write %23 for the character"
    if character < " " or character == "\x7f" or "\ud800" <= character <= "\udfff":
        return "remove it"
    if in_host and character > "~":
        # A host is not percent-encoded (RFC 5891).
        return "write the host in ASCII: xn--mnchen-3ya for münchen"
    if in_host:
        return "write the distribution's domain"
    from urllib.parse import quote  # as above

    return f"write {quote(character)} for it (Distribution.unsigned_url encodes a plain path)"
