"""
The grammar of URLs that may be signed, as regular expressions.

AWS, "Create a signed URL using a custom policy"; RFC 3986; WHATWG URL.
"""

from __future__ import annotations

import re

from cfsign.limits import PARAMETERS
from cfsign.signing.address import OCTET

# Checking takes linear time: runs of characters are possessive, and each round of a loop starts
# with a character that cannot precede it, so there is one way to match a URL. The loops themselves
# are not possessive: Python up to 3.11.4 may continue after a failed round (gh-106052), and would
# accept a URL that ends in `/..`.
_LABEL = r"(?!-)[a-z0-9_-]++(?<!-)"
# Browsers parse a host that ends in a number as an IPv4 address, and rewrite it (WHATWG URL).
_NUMBER = r"(?:\d+|0x[0-9a-f]*)(?=[:/?]|\Z)"
_NAME = rf"(?:{_LABEL}\.)*(?!{_NUMBER}){_LABEL}"
# Most hosts look like media.example.com. Trying this first saves 10 % of `Distribution.sign_path`.
_HOST = rf"(?:[a-z0-9_]++\.[a-z0-9_]++\.[a-z]++|{_NAME}|(?:{OCTET}\.){{3}}{OCTET})"
_PORT = r"(?:6553[0-5]|655[0-2]\d|65[0-4]\d\d|6[0-4]\d{3}|[1-5]\d{4}|[1-9]\d{0,3})"
#: The scheme, the host and the port of a URL.
ORIGIN = rf"http(?:(s)|)://{_HOST}(?::(?!(?(1)443|80)(?!\d)){_PORT}|)"
_ESCAPE = r"%[0-9A-Fa-f]{2}"
# The end of a URL, or of its line in a block of URLs.
_END = r"(?![^\n])"
#: A name `.` or `..` in a path, also percent-encoded.
DOTS = rf"(?<=/)(?:\.|%2[eE]){{1,2}}(?:(?=[/?])|{_END})"
_IN_PATH = r"[A-Za-z0-9\-_~!$&'()+,;=:@/\[\]]*+"  # no dot, which may start `.` or `..`
_FURTHER = rf"(?!{DOTS})(?:\.|{_ESCAPE}){_IN_PATH}"
# Most paths end in a file extension. Trying this first makes `SignedPolicy.urls` a quarter faster.
# The alternative excludes it, so there is still one way to match.
_EXTENSION = r"\.[A-Za-z0-9_-]++(?![^?\n])"
_PATH = rf"{_IN_PATH}(?:{_EXTENSION}|(?!{_EXTENSION})(?:{_FURTHER})*)"
# No `?`: in a policy's resource it is a wildcard, and there is no escape for it.
_IN_QUERY = r"[A-Za-z0-9\-._~!$()+,;=:@/\[\]]*+"


def _any_spelling(name: str) -> str:
    """Return an expression for *name* with any of its characters percent-encoded."""
    return "".join(f"(?:{letter}|%(?i:{ord(letter):02x}))" for letter in name)


_RESERVED = rf"(?:{'|'.join(map(_any_spelling, PARAMETERS))})(?:(?=[=&])|{_END})"
_PARAMETER = rf"(?!(?=[EHKPS%]){_RESERVED}){_IN_QUERY}(?:{_ESCAPE}{_IN_QUERY})*"
_QUERY = rf"(?=\?[^?\n]++{_END})(?:[?&]{_PARAMETER})+"

#: The rest of a URL after any `/` of its path, up to its end or the end of its line.
REST = rf"{_PATH}(?:{_END}|{_QUERY})"

#: Returns a match if a text is a URL that may be signed literally.
is_url = re.compile(f"{ORIGIN}/{REST}", re.ASCII).fullmatch

#: A character that no URL has.
UNSAFE = r"[^!-~]|[\"#<>\\^`{|}]"
