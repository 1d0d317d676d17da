"""
Match URLs against the pattern in a policy's resource, as CloudFront does.

The checking side has its own implementation, so that a mistake here cannot hide there.
AWS, "Create a signed URL using a custom policy", "Values that you specify in the custom policy".
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from cfsign.errors import ResourceError
from cfsign.signing.url import split_scheme

#: Each `?` of a pattern is a wildcard or the start of the query, and each of them must be tried.
MAX_QUESTION_MARKS = 16


def is_match(pattern: str, url: str) -> bool:
    """
    Return True if *pattern* matches *url*; both were checked before.

    Without `*`, a pattern matches itself only. Otherwise `*` matches any characters and `?` any
    one, each within the domain, the path or the query. A `*` at the end of the domain or the path
    also matches everything after it.
    """
    return pattern == url or ("*" in pattern and _compile(pattern).fullmatch(url) is not None)


@functools.lru_cache(maxsize=256)
def _compile(pattern: str) -> re.Pattern[str]:
    if pattern == "*":
        return re.compile(".*")
    scheme, rest = split_scheme(pattern)
    domain, slash, path = rest.partition("/")
    if not slash:
        tail = "/.*" if domain.endswith("*") else "/"
    else:
        tail = "/(?:" + "|".join(_path_expressions(path)) + ")"
    schemes = "https?" if scheme == "*" else scheme
    return re.compile(f"{schemes}://{_section(domain, '[^/?]')}{tail}")


def _path_expressions(path: str) -> Iterator[str]:
    """Yield an expression for each meaning of *path*: no query, or one that starts at any `?`."""
    if path.count("?") > MAX_QUESTION_MARKS:
        raise ResourceError(
            f"a pattern may have at most {MAX_QUESTION_MARKS} `?`",
            hint="write %3F for some of them",
        )
    yield _section(path, "[^?]") + (r"(?:\?.*)?" if path.endswith("*") else "")
    for index, character in enumerate(path):
        if character == "?":
            yield _section(path[:index], "[^?]") + r"\?" + _section(path[index + 1 :], ".")


def _section(text: str, any_character: str) -> str:
    """Translate a domain, path or query. Atomic groups keep the matching time linear."""
    first, *middle = (
        "".join(any_character if c == "?" else re.escape(c) for c in part)
        for part in text.split("*")
    )
    if not middle:
        return first
    last = middle.pop()
    parts = "".join(f"(?>{any_character}*?{part})" for part in middle if part)
    return f"{first}{parts}{any_character}*{last}"
