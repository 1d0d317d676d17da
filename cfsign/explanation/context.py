"""One request to be explained: all that the finders look at, read once."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from ipaddress import IPv4Address
from itertools import islice
from typing import Any

from cfsign.checking.credential import Credential, parse_cookies, read_credential, strip_query
from cfsign.checking.key_group import TrustedKeyGroup, check_request
from cfsign.checking.matching import ViewerURL, is_host
from cfsign.checking.request import Request, build_request, to_epoch_seconds, to_ipv4
from cfsign.checking.statement import Statement, read_canned_policy, read_statement
from cfsign.checking.verdict import Reason, Verdict
from cfsign.errors import CfsignError, PolicyError
from cfsign.explanation.encodings import Decoding, decodings
from cfsign.explanation.response import ErrorResponse, read_response
from cfsign.keys import HashAlgorithm, PublicKey

_MAX_URL_LETTERS = 8_192
MAX_POLICY_BYTES = 8_192
_MAX_HOSTS = 8

# What no viewer sends as it is; the browsers encode it, as UTF-8.
_UNSENDABLE = re.compile(r"[^!$-;=?-\[\]_a-z~]")
_SCHEME = re.compile("https?://", re.IGNORECASE)


@dataclass(frozen=True)
class Case:
    """
    One request, read leniently; the verdict on it is that of the strict reading.

    Attributes:
        given: The URL as it was given; "" where that was no text.
        sent: What a viewer makes of it on the wire; None where nothing sensible.
        cookies: The request's cookies; None where they are none.
        request: The request as the edge reads it; None where it is none.
        at: When it was made, in epoch seconds.
        ip_address: The viewer's address as given.
        keys: The trusted public keys by their ids; empty where none were given.
        keys_error: Why the keys that were given cannot be used, or "".
        hosts: Other hosts that the same files have.
        response: What was answered to the request, where that was given.
        verdict: What the edge answers; None where only a public key could tell.
    """

    given: str
    sent: ViewerURL | None
    cookies: Sequence[tuple[str, str]] | None
    request: Request | None
    at: float | None
    ip_address: object
    keys: Mapping[str, PublicKey] = field(repr=False)
    keys_error: str
    hosts: Sequence[str]
    response: ErrorResponse | None
    verdict: Verdict | None

    @property
    def reason(self) -> Reason:
        """The rule that refuses the request; ALLOWED where none is known to."""
        return Reason.ALLOWED if self.verdict is None else self.verdict.reason

    @cached_property
    def url(self) -> ViewerURL | None:
        """The URL on the wire without the reserved parameters."""
        if self.request is not None:
            return self.request.url  # it was sent as it was given
        return None if self.sent is None else replace(self.sent, query=strip_query(self.sent.query))

    @cached_property
    def credential(self) -> Credential:
        """What was sent to show that the URL is signed."""
        if self.request is not None:
            return self.request.credential
        query = None if self.sent is None else self.sent.query
        return read_credential(query, self.cookies or ())

    @property
    def is_canned(self) -> bool:
        """Whether the policy is one that only its expiry is sent of."""
        return self.credential.policy is None and self.credential.expires is not None

    @property
    def address(self) -> IPv4Address | None:
        """The viewer's address, where it is IPv4."""
        return to_ipv4(self.ip_address)

    @cached_property
    def signatures(self) -> list[Decoding]:
        """The readings of the signature, the likeliest first."""
        return decodings(self.credential.signature or "")

    @cached_property
    def policies(self) -> list[Decoding]:
        """The readings of a custom policy's base64, the likeliest first."""
        return decodings(self.credential.policy or "")

    @cached_property
    def document(self) -> bytes:
        """The custom policy's bytes: the first reading that looks like JSON, or the first."""
        contents = [decoding.content for decoding in self.policies]
        return next((one for one in contents if one.lstrip()[:1] == b"{"), (contents or [b""])[0])

    @cached_property
    def policy(self) -> Any:
        """The custom policy's JSON, read leniently; None where it is none."""
        return _json(self.document)

    @cached_property
    def conditions(self) -> Mapping[str, Any]:
        """The conditions of the custom policy's first statement, as far as they can be read."""
        policy = self.policy if isinstance(self.policy, dict) else {}
        statement = policy.get("Statement")
        first = statement[0] if isinstance(statement, list) and statement else statement
        condition = first.get("Condition") if isinstance(first, dict) else None
        return condition if isinstance(condition, dict) else {}

    @cached_property
    def statement(self) -> Statement | None:
        """What the policy allows, if it is one that the edge can read, but for its base64."""
        try:
            if self.is_canned:
                return read_canned_policy(self.credential.expires or "", ()).statement
            return read_statement(self.document)
        except PolicyError:
            return None

    @property
    def hash_algorithm(self) -> HashAlgorithm:
        """The hash that the request says, or most nearly says, the signature is made with."""
        return "SHA256" if "256" in (self.credential.hash_algorithm or "") else "SHA1"


class _AnyKey:
    """Stands for a key that is not known: what it cannot tell counts in the request's favour."""

    algorithm = "unknown"

    def verify(self, message: bytes, signature: bytes, hash_algorithm: HashAlgorithm) -> bool:
        return True

    def find_other_scheme(self, message: bytes, signature: bytes) -> str | None:
        return None


def read_case(
    url: object,
    trusted_keys: object,
    cookies: object,
    at: object,
    ip_address: object,
    hosts: object,
    response: object,
) -> Case:
    """Read all arguments of `explain`, whatever they are; never raises."""
    pairs = parse_cookies(cookies)
    now = to_epoch_seconds(at)
    # The same reading as check's, of the same moment.
    request = build_request(url, pairs, now, ip_address)
    keys, keys_error = _public_keys(trusted_keys)
    return Case(
        given=url if isinstance(url, str) else "",
        sent=_sent(url),
        cookies=pairs,
        request=request,
        at=now,
        ip_address=ip_address,
        keys=keys,
        keys_error=keys_error,
        hosts=_hosts(hosts),
        response=read_response(response),
        verdict=_verdict(request, keys),
    )


def _verdict(request: Request | None, keys: Mapping[str, PublicKey]) -> Verdict | None:
    if keys or request is None:
        return check_request(request, keys)
    verdict = check_request(request, {request.credential.key_pair_id or "": _AnyKey()})
    return None if verdict.allowed else verdict


def _public_keys(trusted_keys: object) -> tuple[Mapping[str, PublicKey], str]:
    if trusted_keys is None:
        return {}, ""
    if isinstance(trusted_keys, TrustedKeyGroup):
        return trusted_keys.public_keys, ""
    try:
        return TrustedKeyGroup(trusted_keys).public_keys, ""  # type: ignore[arg-type]  # refused inside
    except CfsignError as error:
        return {}, str(error)
    except Exception as error:  # The mapping is the caller's own object, and may raise anything.
        return {}, f"they cannot be read ({type(error).__name__})"


def _sent(url: object) -> ViewerURL | None:
    """Return what a viewer puts on the wire for *url*: encoded, without a fragment."""
    if not isinstance(url, str) or len(url) > _MAX_URL_LETTERS:
        return None
    text = url.strip().partition("#")[0]
    scheme = _SCHEME.match(text)
    if scheme is not None:
        text = scheme[0].lower() + text[scheme.end() :]
    elif ":" not in text.partition("/")[0]:
        text = f"https://{text.removeprefix('//')}"
    return ViewerURL.parse(_UNSENDABLE.sub(_percent_encoded, text))


def _percent_encoded(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "surrogatepass"))


def _hosts(hosts: object) -> Sequence[str]:
    try:
        listed: Any = [hosts] if isinstance(hosts, str) else hosts
        return [one for one in islice(listed, _MAX_HOSTS) if isinstance(one, str) and is_host(one)]
    except Exception:  # The caller's own object iterates here, and may raise anything.
        return []


def _json(document: bytes) -> Any:
    if len(document) > MAX_POLICY_BYTES:
        return None
    try:
        return json.loads(document)
    except (ValueError, RecursionError):
        return None
