"""
Every one-byte mutation of signed URLs and cookie sets, and the rule that judges what is let in.

The sets are signed by hand, and the rule is written from the contract's section 18: nothing of
cfsign makes or judges them. A mutation leaves a byte out, doubles it, or puts each of the other
255 values in its place.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from cfsign import Verdict, explain
from tests.explanation.makers import (
    CANNED,
    EXPIRES,
    NOW,
    Key,
    World,
    canned,
    custom,
    to_cloudfront,
)

MUTATIONS_A_BYTE = 1 + 1 + 255
VIEWER = "192.0.2.7"

HOST = "d.test"
FOR_ALL = CANNED
FOR_ONE_NETWORK = CANNED.replace("}}}]}", '},"IpAddress":{"AWS:SourceIp":"192.0.2.0/24"}}}]}')
LETTERS = "ABYZabyz0189-_~!$&'()+,;=:@/"
RESERVED = ("Expires=", "Policy=", "Signature=", "Key-Pair-Id=", "Hash-Algorithm=")
COOKIES = tuple(f"CloudFront-{name[:-1]}" for name in RESERVED)

_BASE = re.compile("https://([^/?]*)(.*)", re.DOTALL)
_ON_THE_WIRE = re.compile("[!-~]*")


def one_byte_away(text: str) -> Iterator[str]:
    for at, letter in enumerate(text):
        before, after = text[:at], text[at + 1 :]
        yield before + after
        yield before + letter + letter + after
        for value in range(256):
            if value != ord(letter):
                yield before + chr(value) + after


@dataclass(frozen=True)
class SignedSet:
    """
    One signed URL, or a URL and the signed cookies for it.

    Attributes:
        url: The URL; of a signed one, with its parameters.
        header: The `Cookie` header, or None.
        pattern: What the signature is for, without the parameters.
    """

    url: str
    header: str | None
    pattern: re.Pattern[str]

    def covers_url(self, url: str) -> bool:
        """
        Tell whether the signature is for *url*.

        The same bytes but for the case of the host, and `https://h` for `https://h/`; of a custom
        policy, any that a viewer can send in the place of a `*` or a `?`.
        """
        own, reserved = _taken_apart(url)
        is_same = reserved == _taken_apart(self.url)[1]
        return is_same and _is_on_the_wire(own) and bool(self.pattern.fullmatch(_plain(own)))

    def covers_cookies(self, header: str) -> bool:
        """Tell whether the CloudFront cookies in *header* are those that were signed."""
        return _signed_cookies(header) == _signed_cookies(self.header or "")


def _taken_apart(url: str) -> tuple[str, list[str]]:
    base, mark, query = url.partition("?")
    pieces = query.split("&") if mark else []
    own = [piece for piece in pieces if not piece.startswith(RESERVED)]
    return base + ("?" + "&".join(own) if own else ""), [
        piece for piece in pieces if piece.startswith(RESERVED)
    ]


def _plain(url: str) -> str:
    parts = _BASE.fullmatch(url)
    if parts is None:
        return url
    slash = "" if parts[2].startswith("/") else "/"
    return f"https://{parts[1].lower()}{slash}{parts[2]}"


def _is_on_the_wire(url: str) -> bool:
    return _ON_THE_WIRE.fullmatch(url) is not None and not set(url) & set('"#<>\\^`{|}')


def _signed_cookies(header: str) -> list[tuple[str, str]]:
    pairs = [piece.partition("=") for piece in header.split(";")]
    named = [(name.strip(" \t"), value.strip(" \t")) for name, _, value in pairs]
    return [pair for pair in named if pair[0] in COOKIES]


def _pattern_of_custom(resource: str) -> re.Pattern[str]:
    letters = {"*": ".*", "?": "."}  # the only `*` is a last one, which is for the query too
    return re.compile("".join(letters.get(letter) or re.escape(letter) for letter in resource))


def signed_url(world: World, number: int) -> SignedSet:
    """Sign a URL, in the way that its number says."""
    kind = _KINDS[number % len(_KINDS)]
    url, resource = _asked_for(kind, number)
    key = world.rsa if kind.is_rsa else world.ec
    if kind.policy:
        text = custom(url, kind.policy % (resource, EXPIRES), key)
        return SignedSet(text, None, _pattern_of_custom(resource))
    signature = key.sign((CANNED % (resource, EXPIRES)).encode(), kind.hash_name)
    marker = ["Hash-Algorithm=SHA256"] if kind.hash_name == "SHA256" else []
    return SignedSet(canned(url, signature, key, *marker), None, re.compile(re.escape(resource)))


def signed_cookies(world: World, number: int) -> SignedSet:
    """Sign cookies for a URL, in the way that its number says; some beside one of the site's."""
    kind = _KINDS[number % len(_KINDS)]
    url, resource = _asked_for(kind, number)
    key = world.rsa if kind.is_rsa else world.ec
    policy = ((kind.policy or CANNED) % (resource, EXPIRES)).encode()
    values = {
        **({"Policy": to_cloudfront(policy)} if kind.policy else {"Expires": str(EXPIRES)}),
        "Signature": to_cloudfront(key.sign(policy, kind.hash_name)),
        "Key-Pair-Id": key.key_pair_id,
        **({"Hash-Algorithm": "SHA256"} if kind.hash_name == "SHA256" else {}),
    }
    pairs = [f"CloudFront-{name}={value}" for name, value in values.items()]
    own = ["id=7"] if number % len(_KINDS) == 0 else []
    pattern = _pattern_of_custom(resource) if kind.policy else re.compile(re.escape(resource))
    return SignedSet(url, "; ".join([*own, *pairs]), pattern)


@dataclass(frozen=True)
class _Kind:
    """A way to sign; without a policy it is canned."""

    policy: str = ""
    hash_name: str = "SHA1"
    is_rsa: bool = False
    is_for_folder: bool = False
    path: str | None = None  # None is one of some letters


# P-256 more often than RSA, and canned than custom: they are the shorter.
_KINDS = (
    _Kind(),
    _Kind(FOR_ALL, is_for_folder=True),
    _Kind(hash_name="SHA256"),
    _Kind(is_rsa=True),
    _Kind(path=""),
    _Kind(FOR_ONE_NETWORK),
    _Kind(),
    _Kind(),
)


def _asked_for(kind: _Kind, number: int) -> tuple[str, str]:
    """Return a URL, and what is signed for it."""
    chance = random.Random(number)
    name = "".join(chance.choices(LETTERS, k=chance.randint(1, 8)))
    query = chance.choice(["", "", "?size=l", "?a=1&b=%20", "?k"])
    url = f"https://{HOST}/{f'x{name}' if kind.path is None else kind.path}{query}"
    return url, f"https://{HOST}/x*" if kind.is_for_folder else url


@dataclass
class Tally:
    """What was tried, and what came of it."""

    tried: int = 0
    meant: int = 0
    allowed: int = 0
    explained: int = 0

    def add(self, other: Tally) -> None:
        self.tried += other.tried
        self.meant += other.meant
        self.allowed += other.allowed
        self.explained += other.explained


@dataclass
class Search:
    """
    Tries every mutation of a set, and fails at the first that is judged wrongly.

    Each that is let through has to be covered, and `explain` has to agree. So it is, the other way
    about, with a part of the refused.

    Args:
        world: The keys.
        judged: Each that many-th of the refused is one that the signature must not cover.
        explained: Each that many-th of the refused is explained.
    """

    world: World
    judged: int
    explained: int
    _denied: int = field(default=0, init=False)

    def in_urls(self, number: int) -> Tally:
        one = signed_url(self.world, number)
        return self._tried(one.url, one.covers_url, lambda url: {"url": url})

    def in_cookies(self, number: int) -> Tally:
        """Change the cookies, and then the URL that they are for."""
        one = signed_cookies(self.world, number)
        tally = self._tried(
            one.header or "", one.covers_cookies, lambda text: {"url": one.url, "cookies": text}
        )
        urls = self._tried(
            one.url, one.covers_url, lambda text: {"url": text, "cookies": one.header}
        )
        tally.add(urls)
        return tally

    def _tried(
        self,
        text: str,
        covers: Callable[[str], bool],
        request: Callable[[str], dict[str, Any]],
    ) -> Tally:
        tally = Tally(meant=len(text) * MUTATIONS_A_BYTE)
        check = self.world.trusted.check
        assert covers(text)
        assert check(**request(text), at=NOW, ip_address=VIEWER), text
        for changed in one_byte_away(text):
            asked = request(changed)
            verdict = check(**asked, at=NOW, ip_address=VIEWER)
            tally.tried += 1
            if verdict.allowed:
                tally.allowed += 1
            else:
                self._denied += 1
            if verdict.allowed or self._denied % self.judged == 0:
                is_right = verdict.allowed is covers(changed)
                assert is_right, f"{verdict}, for {changed!r}, which was made of {text!r}"
            if verdict.allowed or self._denied % self.explained == 0:
                self._explain(asked, verdict)
                tally.explained += 1
        return tally

    def _explain(self, asked: dict[str, Any], verdict: Verdict) -> None:
        """See that `explain` says what `check` says, and without keys at least no more."""
        told = explain(**asked, trusted_keys=self.world.trusted, at=NOW, ip_address=VIEWER)
        assert told.verdict == verdict, asked
        assert told.allowed is verdict.allowed, asked
        if not told.allowed:
            assert told.causes, asked
            assert not explain(**asked, at=NOW, ip_address=VIEWER), asked


def with_short_ids(world: World) -> World:
    """Copy the keys, so that less is to be tried, and as another process can get them."""
    keys = (world.rsa, world.other, world.ec, world.stranger)
    return World(*(Key(f"K{number}", key.pem) for number, key in enumerate(keys)))


_search: Search


def begin(search: Search) -> None:
    """Begin a process of its own."""
    global _search
    _search = search


def try_one(kind: str, number: int) -> Tally:
    """Try one set in that process."""
    return _search.in_urls(number) if kind == "urls" else _search.in_cookies(number)
