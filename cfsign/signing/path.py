"""Plain names, as files are called, into the one spelling of a URL that no browser changes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, urlencode

from cfsign.errors import ResourceError

Query = str | Mapping[str, str] | Iterable[tuple[str, str]]

_URL = re.compile(r"https?://", re.IGNORECASE)
_NAME = r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*+"
# As most paths are, which so cost less: unreserved characters alone (RFC 3986, section 2.3), which
# encode to themselves, and no dot in front, with which `.` and `..` begin.
_is_plain = re.compile(rf"(?:{_NAME}/)*{_NAME}").fullmatch
_NAME_IT = "name the file itself"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def encode_path(path: str, *, pattern: bool = False) -> str:
    """
    Percent-encode a plain path, once, all but the unreserved characters of RFC 3986.

    Args:
        path: Names separated by `/`, as the files are called; one leading slash may be there.
        pattern: Leave `*` as a wildcard, instead of encoding it.

    Returns:
        The encoded path, beginning with `/`.

    Raises:
        ResourceError: A whole URL, an empty name, a `.` or `..`, a control character, or no
            Unicode text.
    """
    if type(path) is str and _is_plain(path):
        return f"/{path}"
    if not isinstance(path, str):
        raise ResourceError(f"a path is text (str), not {type(path).__name__}")
    if _URL.match(path):
        raise ResourceError(
            "the path is a whole URL; leave out the domain, or use Signer.sign_url or sign_cookies"
        )
    names = path.removeprefix("/").split("/")
    if "" in names[:-1] or names == [""]:
        raise ResourceError("the path has an empty name: it is empty, or has `//` in it")
    if names[-1] == "":
        mend = "to open a folder, end it in `/*`, as videos/42/* does" if pattern else _NAME_IT
        raise ResourceError(f"the path ends in `/`; {mend}")
    if "." in names or ".." in names:
        raise ResourceError(f"the path has a `.` or `..` in it; {_NAME_IT}")
    control = _CONTROL.search(path)
    if control is not None:
        raise ResourceError(
            f"the path has the control character U+{ord(control[0]):04X} in it; take it out",
            found=control[0],
            position=control.start(),
        )
    try:
        return "/" + quote("/".join(names), safe="/*" if pattern else "/")
    except UnicodeEncodeError:
        raise ResourceError("the path is not Unicode text; decode it from UTF-8 first") from None


def encode_query(query: Query | None) -> str:
    """
    Return *query* as it stands in a URL, without its `?`; "" for none.

    Args:
        query: Text that is percent-encoded already, or names and values that are not.

    Raises:
        ResourceError: A name or value is not text.
    """
    if query is None or isinstance(query, str):
        return query or ""
    try:
        pairs = [(name, value) for name, value in _pairs(query)]
    except (TypeError, ValueError):
        raise ResourceError("a query is text, or pairs of a name and a value") from None
    if not all(isinstance(part, str) for pair in pairs for part in pair):
        raise ResourceError("the names and values of a query are text (str)")
    try:
        return urlencode(pairs, quote_via=quote)
    except UnicodeEncodeError:
        raise ResourceError("the query is not Unicode text; decode it from UTF-8 first") from None


def _pairs(query: Mapping[str, str] | Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    return query.items() if isinstance(query, Mapping) else query
