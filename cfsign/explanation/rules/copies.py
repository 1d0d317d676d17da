"""URLs that were copied from a text which escapes & and =, such as HTML source."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cfsign.checking.verdict import Reason
from cfsign.explanation.cause import Cause, Mistake
from cfsign.explanation.context import Context
from cfsign.limits import PARAMETERS

_NAMES = "|".join(PARAMETERS)
# mistake: (what shows it, message, hint)
_COPIES = {
    Mistake.HTML_ESCAPED: (
        re.compile(f"amp;(?:{_NAMES})="),
        "The URL was copied from HTML source and contains &amp; instead of &",
        "copy the address of the link, or call html.unescape",
    ),
    Mistake.JSON_SOURCE: (
        re.compile(rf"\\u0026(?:{_NAMES})(?:=|\\u003d)", re.IGNORECASE),
        r"The URL was copied from JSON source and contains \u0026 instead of &",
        "parse the JSON, and use the text in it",
    ),
    Mistake.SHELL_ESCAPED: (
        re.compile(rf"\\[&?](?:{_NAMES})\\?="),
        "The URL contains the backslashes of a shell, such as \\& instead of &",
        "put the URL in quotes without backslashes",
    ),
    # RFC 2045, section 6.7. A signature may begin with 3D.
    Mistake.QUOTED_PRINTABLE: (
        re.compile("[?&](?:Expires=3D[0-9]|Policy=3Dey)"),
        "The URL was copied from the source of an e-mail and contains =3D instead of =",
        "copy the link from the e-mail as it is displayed",
    ),
    Mistake.QUERY_ENCODED: (
        re.compile(f"%26(?:{_NAMES})%3D", re.IGNORECASE),
        "The & and = of the query are percent-encoded, so CloudFront finds no parameters in it",
        "percent-encode names and values, not the query as a whole",
    ),
}


def check_copy(context: Context) -> Iterator[Cause]:
    """Yield a cause if the & or = before a CloudFront parameter is escaped."""
    if context.sent_url is None or context.reason is Reason.ALLOWED:
        return
    for mistake, (form, message, hint) in _COPIES.items():
        if form.search(context.given_url):
            yield Cause(mistake, context.reason, message, hint)
            return
