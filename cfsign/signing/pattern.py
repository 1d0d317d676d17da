"""
Which URLs a policy's resource covers, as the signer reads it.

The edge has a reader of its own, in `matching`, so that a mistake here cannot hide there.
AWS, "Create a signed URL using a custom policy", "Values that you specify in the custom policy".
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from cfsign.errors import ResourceError
from cfsign.signing.url import split_scheme

#: Each `?` of a pattern may be the query's, so each doubles the readings that must be tried.
MAX_QUESTION_MARKS = 16


def covers(resource: str, url: str) -> bool:
    """
    Tell whether *resource* covers *url*, both checked before.

    A resource without `*` covers itself alone. In one with `*`, `*` stands for any characters and
    `?` for one, each within the domain, the path or the query; a `*` at the end of the path or the
    domain covers all that follows.
    """
    return resource == url or ("*" in resource and _pattern(resource).fullmatch(url) is not None)


@functools.lru_cache(maxsize=256)
def _pattern(resource: str) -> re.Pattern[str]:
    if resource == "*":
        return re.compile(".*")
    scheme, rest = split_scheme(resource)
    domain, slash, file = rest.partition("/")
    if not slash:
        tail = "/.*" if domain.endswith("*") else "/"
    else:
        tail = "/(?:" + "|".join(_file_patterns(file)) + ")"
    schemes = "https?" if scheme == "*" else scheme
    return re.compile(f"{schemes}://{_section(domain, '[^/?]')}{tail}")


def _file_patterns(file: str) -> Iterator[str]:
    """Give a pattern for each way to read *file*: with no query, or any of its `?` the query's."""
    if file.count("?") > MAX_QUESTION_MARKS:
        raise ResourceError(
            f"a resource with a wildcard holds at most {MAX_QUESTION_MARKS} `?`; write %3F for some"
        )
    yield _section(file, "[^?]") + (r"(?:\?.*)?" if file.endswith("*") else "")
    for index, character in enumerate(file):
        if character == "?":
            yield _section(file[:index], "[^?]") + r"\?" + _section(file[index + 1 :], ".")


def _section(text: str, anything: str) -> str:
    """Translate one section; each middle part is found once and never given up: linear."""
    first, *middle = ("".join(_characters(part, anything)) for part in text.split("*"))
    if not middle:
        return first
    last = middle.pop()
    found = "".join(f"(?>{anything}*?{part})" for part in middle if part)
    return f"{first}{found}{anything}*{last}"


def _characters(part: str, anything: str) -> Iterator[str]:
    return (anything if character == "?" else re.escape(character) for character in part)
