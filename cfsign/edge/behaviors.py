"""Cache behaviours: which paths are open, and which keys may sign for the others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias
from urllib.parse import unquote

from cfsign.checking.key_group import KeySource, TrustedKeyGroup
from cfsign.errors import ConfigurationError

TrustedKeys: TypeAlias = TrustedKeyGroup | Mapping[str, KeySource]

# AWS, "Cache behavior settings", "Path pattern". "&amp;" there is how its XML writes "&".
_PATTERN = re.compile(r"""[A-Za-z0-9_\-.*$/~"'@:+&?]{1,255}""")

# RFC 3986, section 2.3: the letters that mean the same percent-encoded and not.
_UNRESERVED_ESCAPE = re.compile("%(2[DE]|3[0-9]|4[1-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AE])", re.I)


@dataclass(frozen=True, slots=True)
class Behavior:
    """
    One cache behaviour: what is asked of the requests whose path a pattern matches.

    Attributes:
        pattern: A path pattern: `*` is any text and `?` one letter, capitals count, and a "/" at
            the start may be left out (AWS, "Cache behavior settings").
        trusted_keys: Who may sign for these paths; None opens them to everybody.

    Raises:
        ConfigurationError: CloudFront would not take the pattern.
    """

    pattern: str
    trusted_keys: TrustedKeyGroup | None

    def __post_init__(self) -> None:
        if _PATTERN.fullmatch(self.pattern) is None or "://" in self.pattern:
            raise ConfigurationError(
                "a path pattern is 1 to 255 of A-Z a-z 0-9 _ - . * $ / ~ \" ' @ : + & ?, "
                "such as /private/*: a path alone, without a host or a query"
            )

    def matches(self, path: str) -> bool:
        """Tell whether *path*, normalised, is one of this behaviour's."""
        pattern = _compiled(self.pattern.removeprefix("/"))
        return pattern.fullmatch(path.removeprefix("/")) is not None


class Behaviors:
    """
    The cache behaviours of a distribution, in their order; the first that matches counts.

    Args:
        behaviors: Those with a path pattern.
        default: Who may sign for all other paths; None opens these to everybody.
    """

    def __init__(self, behaviors: Iterable[Behavior], default: TrustedKeyGroup | None) -> None:
        self._behaviors = (*behaviors, Behavior("*", default))

    def groups(self, path: str) -> tuple[TrustedKeyGroup, ...]:
        """
        Return the groups of which each has to have signed for *path*; none where it is open.

        CloudFront normalises the path (RFC 3986) to choose a behaviour, and sends the origin the
        raw one (AWS, "Cache behavior settings"). An origin may decode more of it, `%2F` first of
        all; where that reading needs keys, so does the request, and where they differ it needs
        those of both readings: this project's choice.
        """
        readings = (_normalised(path), _normalised(unquote(path)))
        found = dict.fromkeys(self._first(reading).trusted_keys for reading in readings)
        return tuple(group for group in found if group is not None)

    def _first(self, path: str) -> Behavior:
        return next(behavior for behavior in self._behaviors if behavior.matches(path))


def trusted_key_group(trusted_keys: TrustedKeys) -> TrustedKeyGroup:
    """Return *trusted_keys* as a group; raises ConfigurationError where there is no key in it."""
    if isinstance(trusted_keys, TrustedKeyGroup):
        return trusted_keys
    return TrustedKeyGroup(trusted_keys)


def _normalised(path: str) -> str:
    decoded = _UNRESERVED_ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), path)
    kept: list[str] = []
    *folders, name = decoded.split("/")
    for segment in folders:
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    if name == "..":
        del kept[-1:]
    return "/".join(("", *kept, "" if name in (".", "..") else name))


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern so that the time to match is at most the product of both lengths."""
    first, *others = ("".join(map(_letter, piece)) for piece in pattern.split("*"))
    if not others:
        return re.compile(first, re.DOTALL)
    # The leftmost place of a piece is as good as any, so none of them is ever tried again.
    middle = "".join(f"(?>.*?{piece})" for piece in others[:-1])
    return re.compile(f"{first}{middle}.*{others[-1]}", re.DOTALL)


def _letter(letter: str) -> str:
    return "." if letter == "?" else re.escape(letter)
