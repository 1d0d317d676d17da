"""
Match URLs against the pattern in a policy's resource, as CloudFront does.

The checking side has its own implementation, so that a mistake here cannot hide there.
AWS, "Create a signed URL using a custom policy", "Values that you specify in the custom policy".
"""

from __future__ import annotations

import functools
import re

from cfsign.signing.url import split_scheme


def is_match(pattern: str, url: str) -> bool:
    """
    Return True if *pattern* matches *url*; both were checked before.

    Without `*`, a pattern matches itself only. Otherwise its first `?` starts the query. `*`
    matches any characters and a further `?` any one, each within the domain, the path or the
    query. A `*` at the end of the domain or the path also matches everything after it.
    """
    return pattern == url or ("*" in pattern and _compile(pattern).fullmatch(url) is not None)


@functools.lru_cache(maxsize=256)
def _compile(pattern: str) -> re.Pattern[str]:
    if pattern == "*":
        return re.compile(".*")
    scheme, rest = split_scheme(pattern)
    location, mark, query = rest.partition("?")
    domain, slash, path = location.partition("/")
    tail = f"/{_section(path, '[^?]')}"
    if mark:
        tail += rf"\?{_section(query, '.')}"
    elif location.endswith("*"):
        tail = rf"{tail}(?:\?.*)?" if slash else "/.*"
    schemes = "https?" if scheme == "*" else scheme
    return re.compile(f"{schemes}://{_section(domain, '[^/?]')}{tail}")


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
