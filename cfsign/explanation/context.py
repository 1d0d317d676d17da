"""Everything that the rules need to know about one request, parsed once."""

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
from cfsign.checking.matching import UNSENDABLE, ViewerURL, is_host
from cfsign.checking.request import Request, build_request, to_epoch_seconds, to_ipv4
from cfsign.checking.statement import Statement, read_canned_policy, read_statement
from cfsign.checking.verdict import Reason, Verdict
from cfsign.errors import CfsignError, PolicyError
from cfsign.explanation.base64_variants import Decoding, decode_variants
from cfsign.explanation.error_response import ErrorResponse, read_response
from cfsign.keys import HashAlgorithm, PublicKey
from cfsign.limits import COOKIES, MAX_POLICY_BYTES, MAX_URL_BYTES, PARAMETERS
from cfsign.utils.strict_json import parse_integer

_MAX_HOSTS = 8
_REMOVED = re.compile("[\t\r\n]")
_SCHEME = re.compile("https?://", re.IGNORECASE)


@dataclass(frozen=True)
class Context:
    """
    One request and what is known about it. Parsed leniently, except for the verdict.

    Attributes:
        given_url: The URL as it was given, without a fragment; "" if it was not a string.
        fragment: The fragment of the given URL, which was ignored; None if there was none.
        sent_url: The URL that a client sends for it; None if it cannot send one.
        cookies: The request's cookies; None if they are not valid.
        request: The request as the edge reads it; None if it is not valid.
        at: The time of the request, in epoch seconds; None if it is not valid.
        ip_address: The client's address as it was given.
        keys: The trusted public keys by their ids; empty if none were given.
        keys_error: Why the given keys cannot be used, or "".
        hosts: Other hosts that serve the same files.
        response: The error response to the request, if it was given.
        verdict: The edge's verdict; None if it depends on a public key that was not given.
    """

    given_url: str = field(repr=False)
    fragment: str | None = field(repr=False)
    sent_url: ViewerURL | None
    cookies: Sequence[tuple[str, str]] | None = field(repr=False)
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
        """The edge's reason for the refusal; ALLOWED if no refusal is certain."""
        return Reason.ALLOWED if self.verdict is None else self.verdict.reason

    @cached_property
    def url(self) -> ViewerURL | None:
        """The sent URL without the reserved parameters."""
        if self.request is not None:
            return self.request.url
        if self.sent_url is None:
            return None
        return replace(self.sent_url, query=strip_query(self.sent_url.query))

    @property
    def query(self) -> str:
        """The query of the sent URL with all its parameters, or ""."""
        return "" if self.sent_url is None else self.sent_url.query or ""

    @cached_property
    def credential(self) -> Credential:
        """CloudFront's parameters or cookies in the request."""
        if self.request is not None:
            return self.request.credential
        query = None if self.sent_url is None else self.sent_url.query
        return read_credential(query, self.cookies or ())

    @property
    def has_cookies(self) -> bool:
        """True if the request is judged by its cookies: its URL has no reserved parameter."""
        names = {name for name, _ in self.cookies or ()}
        is_plain = self.sent_url is None or self.url == self.sent_url
        return is_plain and not names.isdisjoint(COOKIES)

    @property
    def key(self) -> PublicKey | None:
        """The trusted key that the request names."""
        return self.keys.get(self.credential.key_pair_id or "")

    @property
    def is_canned(self) -> bool:
        """True if only the expiry of the policy was sent."""
        return self.credential.policy is None and self.credential.expires is not None

    @property
    def address(self) -> IPv4Address | None:
        """The client's address, if it is IPv4."""
        return to_ipv4(self.ip_address)

    @cached_property
    def signatures(self) -> list[Decoding]:
        """The possible decodings of the signature, most likely first."""
        return decode_variants(self.credential.signature or "")

    @cached_property
    def policies(self) -> list[Decoding]:
        """The possible decodings of a custom policy's base64, most likely first."""
        return decode_variants(self.credential.policy or "")

    @cached_property
    def document(self) -> bytes:
        """The custom policy's bytes: the first decoding that looks like JSON, or the first."""
        contents = [decoding.content for decoding in self.policies]
        return next((one for one in contents if one.lstrip()[:1] == b"{"), (contents or [b""])[0])

    @cached_property
    def policy(self) -> Any:
        """The custom policy's JSON; None if it is not JSON."""
        if len(self.document) > MAX_POLICY_BYTES:
            return None
        try:
            return json.loads(self.document, parse_int=parse_integer)
        except (ValueError, RecursionError):
            return None

    @cached_property
    def conditions(self) -> Mapping[str, Any]:
        """The conditions of the custom policy's first statement; empty if they cannot be read."""
        policy = self.policy if isinstance(self.policy, dict) else {}
        statement = policy.get("Statement")
        first = statement[0] if isinstance(statement, list) and statement else statement
        condition = first.get("Condition") if isinstance(first, dict) else None
        return condition if isinstance(condition, dict) else {}

    @cached_property
    def statement(self) -> Statement | None:
        """The policy's conditions, if the edge can read them once the base64 is right."""
        try:
            if self.is_canned:
                return read_canned_policy(self.credential.expires or "", ()).statement
            return read_statement(self.document)
        except PolicyError:
            return None

    @property
    def hash_algorithm(self) -> HashAlgorithm:
        """The hash algorithm that the request names, or probably means."""
        return "SHA256" if "256" in (self.credential.hash_algorithm or "") else "SHA1"


class _UnknownKey:
    """Stands for a key that was not given. It accepts everything, in the request's favor."""

    algorithm = "unknown"

    def verify(self, message: bytes, signature: bytes, hash_algorithm: HashAlgorithm) -> bool:
        return True

    def find_other_scheme(self, message: bytes, signature: bytes) -> str | None:
        return None


def read_context(
    url: object,
    trusted_keys: object,
    cookies: object,
    at: object,
    ip_address: object,
    hosts: object,
    response: object,
) -> Context:
    """Parse all arguments of `explain`, of any type. Never raises."""
    url, fragment = _split_fragment(url)
    pairs = parse_cookies(cookies)
    timestamp = to_epoch_seconds(at)
    # The same parsing as in `TrustedKeyGroup.check`, so that the verdict is the same.
    request = build_request(url, pairs, timestamp, ip_address)
    keys, keys_error = _read_keys(trusted_keys)
    return Context(
        given_url=url if isinstance(url, str) else "",
        fragment=fragment,
        sent_url=_encode_url(url),
        cookies=pairs,
        request=request,
        at=timestamp,
        ip_address=ip_address,
        keys=keys,
        keys_error=keys_error,
        hosts=_read_hosts(hosts),
        response=read_response(response),
        verdict=_check(request, keys),
    )


def percent_encode(character: str) -> str:
    """Return the percent-encoded UTF-8 of one character."""
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))


def _split_fragment(url: object) -> tuple[object, str | None]:
    """
    Return the URL that clients send, and its fragment.

    A fragment with CloudFront's parameters stays in the URL, because a rule reports it.
    """
    if not isinstance(url, str) or "#" not in url:
        return url, None
    before, _, fragment = url.partition("#")
    if any(f"{name}=" in fragment for name in PARAMETERS):
        return url, None
    return before, fragment


def _check(request: Request | None, keys: Mapping[str, PublicKey]) -> Verdict | None:
    if keys or request is None:
        return check_request(request, keys)
    verdict = check_request(request, {request.credential.key_pair_id or "": _UnknownKey()})
    return None if verdict.allowed else verdict


def _read_keys(trusted_keys: object) -> tuple[Mapping[str, PublicKey], str]:
    if trusted_keys is None:
        return {}, ""
    if isinstance(trusted_keys, TrustedKeyGroup):
        return trusted_keys.public_keys, ""
    try:
        return TrustedKeyGroup(trusted_keys).public_keys, ""  # type: ignore[arg-type]  # refused inside
    except CfsignError as error:
        return {}, error.message
    except Exception as error:  # the caller's mapping may raise anything
        return {}, f"reading them raised {type(error).__name__}"


def _encode_url(url: object) -> ViewerURL | None:
    """
    Return what a browser sends for *url*, fully percent-encoded, without a fragment.

    WHATWG, "URL", 4.4: tabs and line breaks are removed, and a backslash in a path becomes "/".
    What a browser sends unencoded, such as `{` in a query, is encoded here: it is not valid in a
    URL, and `check` refuses it.
    """
    if not isinstance(url, str) or len(url) > MAX_URL_BYTES:
        return None
    text = _REMOVED.sub("", url.strip().partition("#")[0])
    scheme = _SCHEME.match(text)
    if scheme is not None:
        text = scheme[0].lower() + text[scheme.end() :]
    elif ":" not in text.partition("/")[0]:
        text = f"https://{text.removeprefix('//')}"
    path, mark, query = text.partition("?")
    text = path.replace("\\", "/") + mark + query
    return ViewerURL.parse(UNSENDABLE.sub(lambda match: percent_encode(match[0]), text))


def _read_hosts(hosts: object) -> Sequence[str]:
    try:
        listed: Any = [hosts] if isinstance(hosts, str) else hosts
        return [one for one in islice(listed, _MAX_HOSTS) if isinstance(one, str) and is_host(one)]
    except Exception:  # the caller's object iterates here and may raise anything
        return []
