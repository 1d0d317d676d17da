"""Parse the requested URL, and match it with the wildcards of a policy's Resource."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from cfsign.limits import MAX_URL_BYTES

_DEFAULT_PORTS = {"http": ":80", "https": ":443"}

# RFC 3986, section 3.2.2, without escapes and sub-delimiters; no user-info, no empty port.
_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
# The visible ASCII that RFC 3986 allows in a path. No "#": browsers do not send a fragment.
_PATH = r"[!$-;=@-\[\]_a-z~]"
_QUERY = r"[!$-;=?-\[\]_a-z~]"
UNSENDABLE = re.compile(r"[^!$-;=?-\[\]_a-z~]")
"""A character that cannot be sent in a URL unencoded: the others of `_QUERY`."""

# Possessive: no backtracking, so it ends at the first character that does not match.
_URL = re.compile(rf"(https?+)://([^/?]++)((?:/{_PATH}*+)?+)(?:\?({_QUERY}*+))?+")

# AWS, "Create a signed URL using a custom policy". "http*" is not on that page, but widely used.
_ANY_PROTOCOL = ("*://", "http*://")

_ANY_TEXT, _ANY_CHARACTER, _DELIMITER = "*", "?", r"\?"
_TOKEN = re.compile(r"\*+|\\\?|.", re.DOTALL)
_QUESTION_MARK = re.compile(r"\\?\?")


@dataclass(frozen=True, slots=True)
class ViewerURL:
    """
    The parts of a URL that a client can send, not normalized.

    Attributes:
        scheme: "http" or "https".
        host: The host, with its port if it has one.
        path: The path with its leading "/", or "".
        query: The query without its "?"; None if there is no "?".
    """

    scheme: str
    host: str
    path: str = field(repr=False)
    query: str | None = field(repr=False)

    @classmethod
    def parse(cls, url: object) -> ViewerURL | None:
        """Return the parts of *url*, or None if no client can send it."""
        if not isinstance(url, str) or len(url) > MAX_URL_BYTES:
            return None
        parts = _URL.fullmatch(url)
        return cls(*parts.groups()) if parts is not None and is_host(parts[2]) else None

    @property
    def canonical_host(self) -> str:
        """The host in lower case without a default port (RFC 3986, section 6.2)."""
        return self.host.lower().removesuffix(_DEFAULT_PORTS[self.scheme])

    def spellings(self) -> list[ViewerURL]:
        """
        Return the equivalent spellings of this URL: unchanged, and with a canonical host.

        An empty path and "/" are equivalent too (RFC 3986, section 6.2.3).
        AWS does not document what CloudFront compares; this project's choice.
        """
        hosts = dict.fromkeys((self.host, self.canonical_host))
        paths = ("/", "") if self.path in ("", "/") else (self.path,)
        return [ViewerURL(self.scheme, host, path, self.query) for host in hosts for path in paths]

    def __str__(self) -> str:
        query = "" if self.query is None else f"?{self.query}"
        return f"{self.scheme}://{self.host}{self.path}{query}"


def is_host(text: str) -> bool:
    """Return True if *text* can be the host of a URL, with or without a port."""
    return _HOST.fullmatch(text) is not None


def resource_matches(resource: str | None, url: str) -> bool:
    r"""
    Return True if a policy for *resource* covers *url*.

    AWS, "Create a signed URL using a custom policy":
    - `*` matches any text and `?` any one character, within one section of the URL (protocol,
      domain, path, query);
    - a `*` at the end matches everything that follows;
    - the first `?` is the one before the query, never a wildcard. Since 2026 that page forbids a
      backslash before it, which it required before; this project accepts both.

    Args:
        resource: The Resource of the policy; None covers every URL, as "*" does.
        url: The requested URL without the CloudFront parameters. One that no client can send is
            never covered.
    """
    parsed = ViewerURL.parse(url)
    if parsed is None:
        return False
    pattern = _remove_protocol("*" if resource is None else resource, parsed.scheme)
    if pattern is None:
        return False
    pattern = _remove_default_port(pattern, _DEFAULT_PORTS[parsed.scheme])
    automaton = _build_automaton(pattern, parsed.query is None)
    canonical = replace(parsed, host=parsed.canonical_host)
    return any(automaton.accepts(same) for same in canonical.spellings())


def find_mismatch(resource: str, url: str) -> tuple[int, int]:
    """
    Return the positions in the Resource and in the URL where they stop matching.

    The result is (0, 0) if the protocols differ.
    """
    parsed = ViewerURL.parse(url)
    pattern = None if parsed is None else _remove_protocol(resource, parsed.scheme)
    if parsed is None or pattern is None:
        return 0, 0
    matched, tokens = _Automaton(_tokenize(pattern)).follow(parsed)
    spans = [token.span() for token in _TOKEN.finditer(pattern)]
    at = spans[tokens][0] if tokens < len(spans) else len(pattern)
    return len(resource) - len(pattern) + at, len(f"{parsed.scheme}://") + matched


# Cached because building one is slow, and one pattern is compared with many URLs.
@lru_cache(maxsize=8)
def _build_automaton(pattern: str, is_without_query: bool) -> _Automaton:
    tokens = _tokenize(pattern)
    return _Automaton(_remove_optional_query(tokens) if is_without_query else tokens)


def _remove_protocol(resource: str, scheme: str) -> str | None:
    """Return *resource* without its protocol, or None if it does not match *scheme*."""
    for protocol in (f"{scheme}://", *_ANY_PROTOCOL):
        if resource.startswith(protocol):
            return resource.removeprefix(protocol)
    # The protocol may be omitted if the domain starts with "*".
    return resource if resource.startswith(_ANY_TEXT) else None


def _remove_default_port(pattern: str, port: str) -> str:
    domain, _, path = pattern.partition("/")
    if "?" in domain or not domain.endswith(port):
        return pattern
    # The "/" is added even if there was none: "*:443" is not "*", which covers all paths.
    return f"{domain.removesuffix(port)}/{path}"


def _tokenize(pattern: str) -> list[str]:
    text = _QUESTION_MARK.sub(r"\\?", pattern, count=1)
    return [_ANY_TEXT if token[0] == _ANY_TEXT else token for token in _TOKEN.findall(text)]


def _remove_optional_query(tokens: list[str]) -> list[str]:
    r"""Shorten `X*\?*` in a path to the equivalent `X*`."""
    has_path = "/" in tokens
    is_optional = tokens[-3:] == [_ANY_TEXT, _DELIMITER, _ANY_TEXT]
    return tokens[:-2] if has_path and is_optional else tokens


class _Automaton:
    """
    Matches a pattern in time linear in the URL, by following all possible matches at once.

    A set of positions is an integer: bit i means "the first i tokens are matched"
    (Baeza-Yates and Gonnet, "A new approach to text searching", 1992).
    """

    def __init__(self, tokens: Sequence[str]) -> None:
        positions: dict[str, int] = {}
        for position, token in enumerate(tokens):
            positions[token] = positions.get(token, 0) | 1 << position
        self._end = 1 << len(tokens)
        self._stars = positions.get(_ANY_TEXT, 0)
        self._last_star = self._stars & (self._end >> 1)
        self._any_character = positions.get(_ANY_CHARACTER, 0)
        self._delimiter = positions.get(_DELIMITER, 0)
        self._slash = positions.get("/", 0)
        # A "*" or "?" in the URL also selects that wildcard, which matches it anyway.
        self._matching = {token: bits | self._any_character for token, bits in positions.items()}

    def accepts(self, url: ViewerURL) -> bool:
        """Return True if the pattern matches *url* from its canonical host on."""
        reached = self._skip_stars(1)
        for matching, repeating in self._steps(url):
            reached = self._skip_stars((reached & matching) << 1 | reached & repeating)
            if not reached:
                return False
        return bool(reached & self._end)

    def follow(self, url: ViewerURL) -> tuple[int, int]:
        """Return how many characters of *url*, and at most how many tokens, are matched."""
        reached = self._skip_stars(1)
        matched = 0
        for matching, repeating in self._steps(url):
            following = self._skip_stars((reached & matching) << 1 | reached & repeating)
            if not following:
                break
            reached = following
            matched += 1
        return matched, reached.bit_length() - 1

    def _steps(self, url: ViewerURL) -> Iterator[tuple[int, int]]:
        """
        Yield for each character of the URL the tokens that match it, and those that also repeat.

        A `*` repeats. For the "/" and "?" that begin a section, only a `*` at the very end does.
        """
        matching, otherwise, stars = self._matching.get, self._any_character, self._stars
        for character in url.host:
            # A Resource may have its domain in upper case; a canonical host is in lower case.
            yield matching(character, otherwise) | matching(character.upper(), otherwise), stars
        if url.path:
            yield self._slash, self._last_star
        for character in url.path[1:]:
            yield matching(character, otherwise), stars
        if url.query is None:
            return
        yield self._delimiter, self._last_star
        for character in url.query:
            yield matching(character, otherwise), stars

    def _skip_stars(self, reached: int) -> int:
        # One step is enough, since two stars never follow each other.
        return reached | (reached & self._stars) << 1
