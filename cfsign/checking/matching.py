"""The viewer's URL as it is on the wire, and the wildcards of a policy's Resource."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

# AWS, "Quotas": the length of a URL.
_MAX_URL_BYTES = 8_192

_DEFAULT_PORTS = {"http": ":80", "https": ":443"}

# RFC 3986, section 3.2.2, less escapes and sub-delimiters; no user-info, no empty port.
_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
# The visible ASCII that RFC 3986 lets stand in a path. No "#": a fragment stays in the browser.
_PATH_LETTER = r"[!$-;=@-\[\]_a-z~]"
_QUERY_LETTER = r"[!$-;=?-\[\]_a-z~]"
# Possessive: whether it fits is settled at the first letter that does not.
_URL = re.compile(rf"(https?+)://([^/?]++)((?:/{_PATH_LETTER}*+)?+)(?:\?({_QUERY_LETTER}*+))?+")

# AWS, "Create a signed URL using a custom policy"; "http*" is not on that page, but in wide use.
_ANY_PROTOCOL = ("*://", "http*://")

_ANY_TEXT, _ANY_LETTER, _DELIMITER = "*", "?", r"\?"
_TOKEN = re.compile(r"\*+|\\\?|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ViewerURL:
    """
    A URL as a viewer can send it, in its parts and not normalised.

    Attributes:
        scheme: "http" or "https".
        host: The host, with its port where one was given.
        path: The path with its leading "/", or "".
        query: The query without its "?"; None where there was no "?".
    """

    scheme: str
    host: str
    path: str
    query: str | None

    @classmethod
    def parse(cls, url: object) -> ViewerURL | None:
        """Return the parts of *url*, or None where no viewer can send it."""
        if not isinstance(url, str) or len(url) > _MAX_URL_BYTES:
            return None
        parts = _URL.fullmatch(url)
        return cls(*parts.groups()) if parts is not None and is_host(parts[2]) else None

    @property
    def canonical_host(self) -> str:
        """The host in lower case without a default port (RFC 3986, section 6.2)."""
        return self.host.lower().removesuffix(_DEFAULT_PORTS[self.scheme])

    def spellings(self) -> list[ViewerURL]:
        """
        Return this URL in each spelling that names the same: as it is, and canonical.

        An empty path and "/" are the same too (RFC 3986, section 6.2.3).
        What CloudFront compares is undocumented; this project's choice.
        """
        hosts = dict.fromkeys((self.host, self.canonical_host))
        paths = ("/", "") if self.path in ("", "/") else (self.path,)
        return [ViewerURL(self.scheme, host, path, self.query) for host in hosts for path in paths]

    def __str__(self) -> str:
        query = "" if self.query is None else f"?{self.query}"
        return f"{self.scheme}://{self.host}{self.path}{query}"


def is_host(text: str) -> bool:
    """Tell whether *text* can be the host of a URL, with or without a port."""
    return _HOST.fullmatch(text) is not None


def resource_matches(resource: str | None, url: str) -> bool:
    r"""
    Tell whether a policy for *resource* covers *url*.

    A `*` stands for any text and a `?` for any one letter, both within one section of the URL
    (protocol, domain, path, query); `\?` is the "?" before the query; a `*` at the end stands
    for all that follows (AWS, "Create a signed URL using a custom policy"). An unescaped `?` may
    be the "?" before the query too: undocumented, but it is what every AWS SDK signs.

    Args:
        resource: The Resource of the policy; None, like "*", covers every URL.
        url: The viewer's URL without the CloudFront parameters.

    Returns:
        False too where *url* cannot be on the wire.
    """
    viewed = ViewerURL.parse(url)
    if viewed is None:
        return False
    pattern = _without_protocol("*" if resource is None else resource, viewed.scheme)
    if pattern is None:
        return False
    pattern = _without_default_port(pattern, _DEFAULT_PORTS[viewed.scheme])
    automaton = _automaton(pattern, viewed.query is None)
    canonical = replace(viewed, host=viewed.canonical_host)
    return any(automaton.accepts(same) for same in canonical.spellings())


def first_difference(resource: str, url: str) -> tuple[int, int]:
    """
    Return where a Resource and a URL that it does not cover part, as positions in either.

    That is as far as the pattern can be followed along the URL; (0, 0) for another protocol.
    """
    viewed = ViewerURL.parse(url)
    pattern = None if viewed is None else _without_protocol(resource, viewed.scheme)
    if viewed is None or pattern is None:
        return 0, 0
    passed, tokens = _Automaton(_tokens(pattern)).follow(viewed)
    spans = [token.span() for token in _TOKEN.finditer(pattern)]
    at = spans[tokens][0] if tokens < len(spans) else len(pattern)
    return len(resource) - len(pattern) + at, len(f"{viewed.scheme}://") + passed


# To make one is work, and one pattern is compared with many URLs.
@lru_cache(maxsize=8)
def _automaton(pattern: str, is_without_query: bool) -> _Automaton:
    tokens = _tokens(pattern)
    return _Automaton(_without_optional_query(tokens) if is_without_query else tokens)


def _without_protocol(resource: str, scheme: str) -> str | None:
    """Return what follows the protocol, or None where it is not for *scheme*."""
    for protocol in (f"{scheme}://", *_ANY_PROTOCOL):
        if resource.startswith(protocol):
            return resource.removeprefix(protocol)
    # Where the domain starts with "*", the protocol may be left out.
    return resource if resource.startswith(_ANY_TEXT) else None


def _without_default_port(pattern: str, port: str) -> str:
    domain, _, path = pattern.partition("/")
    if "?" in domain or not domain.endswith(port):
        return pattern
    # The "/" is put back even where there was none: "*:443" is not "*", which covers all paths.
    return f"{domain.removesuffix(port)}/{path}"


def _tokens(pattern: str) -> list[str]:
    return [_ANY_TEXT if token[0] == _ANY_TEXT else token for token in _TOKEN.findall(pattern)]


def _without_optional_query(tokens: list[str]) -> list[str]:
    r"""Shorten the `X*\?*` of a path to the `X*` that it is the same as."""
    has_path = "/" in tokens
    is_optional = tokens[-3:] == [_ANY_TEXT, _DELIMITER, _ANY_TEXT]
    return tokens[:-2] if has_path and is_optional else tokens


class _Automaton:
    """
    All ways to match a pattern, followed at once: no backtracking, one step a letter of the URL.

    Bit i of a set of positions stands for "the first i tokens are matched"
    (Baeza-Yates and Gonnet, "A new approach to text searching", 1992).
    """

    def __init__(self, tokens: Sequence[str]) -> None:
        positions: dict[str, int] = {}
        for position, token in enumerate(tokens):
            positions[token] = positions.get(token, 0) | 1 << position
        self._end = 1 << len(tokens)
        self._stars = positions.get(_ANY_TEXT, 0)
        self._last_star = self._stars & (self._end >> 1)
        self._any_letter = positions.get(_ANY_LETTER, 0)
        self._delimiter = positions.get(_DELIMITER, 0) | self._any_letter
        self._slash = positions.get("/", 0)
        # A "*" or "?" in the URL finds the wildcard of that name, which it matches anyway.
        self._passing = {token: found | self._any_letter for token, found in positions.items()}

    def accepts(self, url: ViewerURL) -> bool:
        """Tell whether the pattern matches *url* from its canonical host on."""
        reached = self._past_stars(1)
        for passing, staying in self._steps(url):
            reached = self._past_stars((reached & passing) << 1 | reached & staying)
            if not reached:
                return False
        return bool(reached & self._end)

    def follow(self, url: ViewerURL) -> tuple[int, int]:
        """Return how many letters of *url* are matched, and how many tokens by them at most."""
        reached = self._past_stars(1)
        passed = 0
        for passing, staying in self._steps(url):
            following = self._past_stars((reached & passing) << 1 | reached & staying)
            if not following:
                break
            reached = following
            passed += 1
        return passed, reached.bit_length() - 1

    def _steps(self, url: ViewerURL) -> Iterator[tuple[int, int]]:
        """
        Yield, for each letter of the URL, the positions that it passes and those that it stays at.

        It stays at a `*`; the two letters that begin a section stay only at one at the very end.
        """
        passing, otherwise, stars = self._passing.get, self._any_letter, self._stars
        for letter in url.host:
            # The domain of a Resource may be in capitals, which a canonical host never is.
            yield passing(letter, otherwise) | passing(letter.upper(), otherwise), stars
        if url.path:
            yield self._slash, self._last_star
        for letter in url.path[1:]:
            yield passing(letter, otherwise), stars
        if url.query is None:
            return
        yield self._delimiter, self._last_star
        for letter in url.query:
            yield passing(letter, otherwise), stars

    def _past_stars(self, reached: int) -> int:
        # One step is enough, since no two stars stand side by side.
        return reached | (reached & self._stars) << 1
