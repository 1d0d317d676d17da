"""Cache behaviors: which paths are open, and which keys may sign for the others."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias
from urllib.parse import unquote

from cfsign.checking.key_group import KeySource, TrustedKeyGroup
from cfsign.errors import ConfigurationError

TrustedKeys: TypeAlias = TrustedKeyGroup | Mapping[str, KeySource]

#: All HTTP methods that a distribution can allow. They are case-sensitive (RFC 9110, section 9.1).
METHODS = ("GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE")

#: The choices of AWS, "Cache behavior settings", "Allowed HTTP methods".
METHOD_SETS = (("GET", "HEAD"), ("GET", "HEAD", "OPTIONS"), METHODS)

# AWS, "Cache behavior settings", "Path pattern". The "&amp;" there is an XML escape of "&".
_PATTERN = re.compile(r"""[A-Za-z0-9_\-.*$/~"'@:+&?]{1,255}""")

# RFC 3986, section 2.3: characters that mean the same with and without percent-encoding.
_UNRESERVED_ESCAPE = re.compile("%(2[DE]|3[0-9]|4[1-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AE])", re.I)


@dataclass(frozen=True, slots=True)
class Behavior:
    """
    One cache behavior: the keys that may sign for the paths of a pattern.

    Attributes:
        pattern: A path pattern: `*` matches any text and `?` any one character. It is
            case-sensitive and may omit the leading "/" (AWS, "Cache behavior settings").
        trusted_keys: The keys that may sign for these paths; None makes the paths open.
        allowed_methods: The HTTP methods that these paths allow: GET and HEAD; these and
            OPTIONS; or all seven, which is the default.

    Raises:
        ConfigurationError: CloudFront does not accept the pattern or the methods.
    """

    pattern: str
    trusted_keys: TrustedKeyGroup | None
    allowed_methods: Collection[str] = METHODS

    def __post_init__(self) -> None:
        if _PATTERN.fullmatch(self.pattern) is None or "://" in self.pattern:
            raise ConfigurationError(
                f"{self.pattern!r} is not a path pattern",
                hint="use a path without host and query, such as /private/*: 1 to 255 of "
                "A-Z a-z 0-9 _ - . * $ / ~ \" ' @ : + & ?",
            )
        methods = next((each for each in METHOD_SETS if set(each) == set(self.allowed_methods)), ())
        if not methods:
            raise ConfigurationError(
                f"a behavior cannot allow the methods {', '.join(self.allowed_methods) or 'none'}",
                hint="use GET and HEAD; GET, HEAD and OPTIONS; or all seven",
            )
        object.__setattr__(self, "allowed_methods", methods)

    def matches(self, path: str) -> bool:
        """Return True if the normalized *path* matches the pattern."""
        pattern = _compile(self.pattern.removeprefix("/"))
        return pattern.fullmatch(path.removeprefix("/")) is not None


def find_behaviors(behaviors: Iterable[Behavior], path: str) -> tuple[Behavior, ...]:
    """
    Return the behaviors for *path*, one or two. All of them must allow the request.

    CloudFront chooses the behavior by the normalized path (RFC 3986) and sends the raw path to
    the origin (AWS, "Cache behavior settings"). An origin may also decode `%2F` and the other
    reserved characters. So both readings are checked. If they differ, the request needs a
    signature for each. AWS does not document this; it is this project's choice.

    Args:
        behaviors: The behaviors in order of precedence. The first match counts; one must match.
        path: The path as it was sent.
    """
    behaviors = tuple(behaviors)
    readings = (_normalize(path), _normalize(unquote(path)))
    found = (next(each for each in behaviors if each.matches(reading)) for reading in readings)
    return tuple(dict.fromkeys(found))


def to_key_group(trusted_keys: TrustedKeys) -> TrustedKeyGroup:
    """Return *trusted_keys* as a group; raises ConfigurationError if the mapping is empty."""
    if isinstance(trusted_keys, TrustedKeyGroup):
        return trusted_keys
    return TrustedKeyGroup(trusted_keys)


def _normalize(path: str) -> str:
    decoded = _UNRESERVED_ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), path)
    segments: list[str] = []
    *folders, name = decoded.split("/")
    for segment in folders:
        if segment == "..":
            del segments[-1:]
        elif segment not in ("", "."):
            segments.append(segment)
    if name == "..":
        del segments[-1:]
    return "/".join(("", *segments, "" if name in (".", "..") else name))


@cache
def _compile(pattern: str) -> re.Pattern[str]:
    """Compile a path pattern; matching takes at most the product of both lengths."""
    first, *others = (
        "".join("." if letter == "?" else re.escape(letter) for letter in piece)
        for piece in pattern.split("*")
    )
    if not others:
        return re.compile(first, re.DOTALL)
    # The leftmost match of a piece is always right, so atomic groups prevent backtracking.
    middle = "".join(f"(?>.*?{piece})" for piece in others[:-1])
    return re.compile(f"{first}{middle}.*{others[-1]}", re.DOTALL)
