"""
Mutate one byte of signed URLs and cookies, and check what is allowed with an independent rule.

The URLs and cookies are signed by hand, and the rule follows section 18 of the contract: neither
uses cfsign. A mutation removes a byte, doubles it, or replaces it with one of the 255 others.
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

MUTATIONS_PER_BYTE = 1 + 1 + 255
CLIENT = "192.0.2.7"

HOST = "d.test"
FOR_ALL = CANNED
FOR_ONE_NETWORK = CANNED.replace("}}}]}", '},"IpAddress":{"AWS:SourceIp":"192.0.2.0/24"}}}]}')
LETTERS = "ABYZabyz0189-_~!$&'()+,;=:@/"
RESERVED = ("Expires=", "Policy=", "Signature=", "Key-Pair-Id=", "Hash-Algorithm=")
COOKIES = tuple(f"CloudFront-{name[:-1]}" for name in RESERVED)

_BASE = re.compile("https://([^/?]*)(.*)", re.DOTALL)
_SENDABLE = re.compile("[!-~]*")


def mutate(text: str) -> Iterator[str]:
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
    A signed URL, or a URL with signed cookies.

    Attributes:
        url: The URL, with its signed parameters if it has any.
        header: The `Cookie` header, or None.
        pattern: The URLs that the signature covers, without the signed parameters.
    """

    url: str
    header: str | None
    pattern: re.Pattern[str]

    def covers_url(self, url: str) -> bool:
        """
        Return True if the signature covers *url*.

        The bytes must be the same, except for the letter case of the host, and `https://h` for
        `https://h/`. In a custom policy, `*` matches everything that a client can send, and so
        does each `?` after the first.
        """
        own, reserved = _split(url)
        signed = _split(self.url)[1]
        is_same = reserved in (signed, _drop_expires(signed, "Expires=", "Policy="))
        return is_same and _is_sendable(own) and bool(self.pattern.fullmatch(_normalize(own)))

    def covers_cookies(self, header: str) -> bool:
        """Return True if the CloudFront cookies in *header* are those that were signed."""
        signed = _find_cookies(self.header or "")
        return _find_cookies(header) in (signed, _drop_expires(signed, COOKIES[0], COOKIES[1]))


def _split(url: str) -> tuple[str, list[str]]:
    base, mark, query = url.partition("?")
    pieces = query.split("&") if mark else []
    own = [piece for piece in pieces if not piece.startswith(RESERVED)]
    return base + ("?" + "&".join(own) if own else ""), [
        piece for piece in pieces if piece.startswith(RESERVED)
    ]


def _drop_expires(signed: list[str], expires: str, policy: str) -> list[str]:
    """Return the signed values without an expiry that only repeats the policy's."""
    has_policy = any(value.startswith(policy) for value in signed)
    return [value for value in signed if not (has_policy and value.startswith(expires))]


def _normalize(url: str) -> str:
    parts = _BASE.fullmatch(url)
    if parts is None:
        return url
    slash = "" if parts[2].startswith("/") else "/"
    return f"https://{parts[1].lower()}{slash}{parts[2]}"


def _is_sendable(url: str) -> bool:
    return _SENDABLE.fullmatch(url) is not None and not set(url) & set('"#<>\\^`{|}')


def _find_cookies(header: str) -> list[str]:
    # Servers join several `Cookie` lines by commas, which no value of CloudFront has.
    pieces = re.split(r";|,(?=[ \t]*CloudFront-)", header)
    pairs = [piece.partition(",")[0].partition("=") for piece in pieces]
    named = [(name.strip(" \t"), value.strip(" \t")) for name, _, value in pairs]
    return [f"{name}={value}" for name, value in named if name in COOKIES]


def _compile_resource(resource: str) -> re.Pattern[str]:
    path, mark, query = resource.partition("?")
    # The only `*` is the last character. At the end of the path it matches the query too.
    letters = {"*": ".*", "?": "."}
    after = "".join(letters.get(letter) or re.escape(letter) for letter in query)
    return re.compile(re.escape(path).replace(r"\*", ".*") + re.escape(mark) + after)


def sign_url(world: World, number: int) -> SignedSet:
    """Sign a URL; *number* selects the kind and the URL."""
    kind = _KINDS[number % len(_KINDS)]
    url, resource = _build_url(kind, number)
    key = world.rsa if kind.is_rsa else world.ec
    if kind.policy:
        more = [f"Expires={EXPIRES}"] if kind.has_expires else []
        text = custom(url, kind.policy % (resource, EXPIRES), key, *more)
        return SignedSet(text, None, _compile_resource(resource))
    signature = key.sign((CANNED % (resource, EXPIRES)).encode(), kind.hash_name)
    marker = ["Hash-Algorithm=SHA256"] if kind.hash_name == "SHA256" else []
    return SignedSet(canned(url, signature, key, *marker), None, re.compile(re.escape(resource)))


def sign_cookies(world: World, number: int) -> SignedSet:
    """Sign cookies; *number* selects the kind and the URL. Some have a cookie of the site too."""
    kind = _KINDS[number % len(_KINDS)]
    url, resource = _build_url(kind, number)
    key = world.rsa if kind.is_rsa else world.ec
    policy = ((kind.policy or CANNED) % (resource, EXPIRES)).encode()
    values = {
        **({"Policy": to_cloudfront(policy)} if kind.policy else {"Expires": str(EXPIRES)}),
        **({"Expires": str(EXPIRES)} if kind.has_expires else {}),
        "Signature": to_cloudfront(key.sign(policy, kind.hash_name)),
        "Key-Pair-Id": key.key_pair_id,
        **({"Hash-Algorithm": "SHA256"} if kind.hash_name == "SHA256" else {}),
    }
    pairs = [f"CloudFront-{name}={value}" for name, value in values.items()]
    own = ["id=7"] if number % len(_KINDS) == 0 else []
    pattern = _compile_resource(resource) if kind.policy else re.compile(re.escape(resource))
    return SignedSet(url, "; ".join([*own, *pairs]), pattern)


@dataclass(frozen=True)
class _Kind:
    """A way to sign; canned if there is no policy."""

    policy: str = ""
    hash_name: str = "SHA1"
    is_rsa: bool = False
    is_for_folder: bool = False
    is_for_any_license: bool = False
    has_expires: bool = False  # next to the policy, with the same time
    path: str | None = None  # None: random letters


# P-256 and canned policies are more frequent, because they are shorter.
_KINDS = (
    _Kind(),
    _Kind(FOR_ALL, is_for_folder=True),
    _Kind(hash_name="SHA256"),
    _Kind(is_rsa=True),
    _Kind(path=""),
    _Kind(FOR_ONE_NETWORK),
    _Kind(),
    _Kind(),
    _Kind(FOR_ALL, is_for_any_license=True),
    _Kind(FOR_ONE_NETWORK, has_expires=True),
)


def _build_url(kind: _Kind, number: int) -> tuple[str, str]:
    """Return a URL, and the resource that is signed for it."""
    random_source = random.Random(number)
    name = "".join(random_source.choices(LETTERS, k=random_source.randint(1, 8)))
    query = random_source.choice(["", "", "?size=l", "?a=1&b=%20", "?k"])
    url = f"https://{HOST}/{f'x{name}' if kind.path is None else kind.path}"
    if kind.is_for_any_license:
        return f"{url}?license=paid?", f"{url}?license=*"
    url += query
    return url, f"https://{HOST}/x*" if kind.is_for_folder else url


@dataclass
class Tally:
    """The number of mutations, expected and tried, and of the results."""

    tried: int = 0
    expected: int = 0
    allowed: int = 0
    explained: int = 0

    def add(self, other: Tally) -> None:
        self.tried += other.tried
        self.expected += other.expected
        self.allowed += other.allowed
        self.explained += other.explained


@dataclass
class Search:
    """
    Tries every mutation of a signed set, and fails at the first wrong verdict.

    Every allowed mutation must be covered by the signature, and `explain` must agree. Of the
    refused mutations, a sample is checked in the same way.

    Args:
        world: The keys.
        judged: One of so many refused mutations must not be covered.
        explained: One of so many refused mutations is explained.
    """

    world: World
    judged: int
    explained: int
    _refused: int = field(default=0, init=False)

    def mutate_url(self, number: int) -> Tally:
        one = sign_url(self.world, number)
        return self._try(one.url, one.covers_url, lambda url: {"url": url})

    def mutate_cookies(self, number: int) -> Tally:
        """Mutate the cookies, then the URL that they are for."""
        one = sign_cookies(self.world, number)
        tally = self._try(
            one.header or "", one.covers_cookies, lambda text: {"url": one.url, "cookies": text}
        )
        urls = self._try(one.url, one.covers_url, lambda text: {"url": text, "cookies": one.header})
        tally.add(urls)
        return tally

    def _try(
        self,
        text: str,
        covers: Callable[[str], bool],
        request: Callable[[str], dict[str, Any]],
    ) -> Tally:
        tally = Tally(expected=len(text) * MUTATIONS_PER_BYTE)
        check = self.world.trusted.check
        assert covers(text)
        assert check(**request(text), at=NOW, ip_address=CLIENT), text
        for changed in mutate(text):
            arguments = request(changed)
            verdict = check(**arguments, at=NOW, ip_address=CLIENT)
            tally.tried += 1
            if verdict.allowed:
                tally.allowed += 1
            else:
                self._refused += 1
            if verdict.allowed or self._refused % self.judged == 0:
                is_right = verdict.allowed is covers(changed)
                assert is_right, f"{verdict} for {changed!r}, a mutation of {text!r}"
            if verdict.allowed or self._refused % self.explained == 0:
                self._explain(arguments, verdict)
                tally.explained += 1
        return tally

    def _explain(self, arguments: dict[str, Any], verdict: Verdict) -> None:
        """Check that `explain` agrees with `check`, and allows nothing without keys."""
        more = {"at": NOW, "ip_address": CLIENT}
        explanation = explain(**arguments, trusted_keys=self.world.trusted, **more)
        assert explanation.verdict == verdict, arguments
        assert explanation.allowed is verdict.allowed, arguments
        if not explanation.allowed:
            assert explanation.causes, arguments
            assert not explain(**arguments, **more), arguments


def shorten_ids(world: World) -> World:
    """Copy the keys with short ids, so that there are fewer mutations and they can be pickled."""
    keys = (world.rsa, world.other, world.ec, world.untrusted)
    return World(*(Key(f"K{number}", key.pem) for number, key in enumerate(keys)))


_search: Search


def start_process(search: Search) -> None:
    """Initialize a worker process."""
    global _search
    _search = search


def mutate_one(kind: str, number: int) -> Tally:
    """Mutate one set in a worker process."""
    return _search.mutate_url(number) if kind == "urls" else _search.mutate_cookies(number)
