"""The bytes that may have been signed: the right policy, then policies with common mistakes."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any
from urllib.parse import quote

from cfsign.checking.statement import read_statement
from cfsign.errors import PolicyError
from cfsign.explanation.candidates import list_urls
from cfsign.explanation.candidates.candidate import Candidate, pick_distinct
from cfsign.explanation.candidates.combinations import combine_encodings
from cfsign.explanation.candidates.locations import capitalize_host, list_patterns
from cfsign.explanation.cause import Mistake
from cfsign.explanation.context import Context

_MAX_URLS = 120
_MAX_COMBINATIONS = 500
_MAX_PATTERNS = 24
_MAX_FLOATS = 2  # without and with white space

# CloudFront's template (AWS, "Create a signed URL using a canned policy").
_CANNED = '{"Statement":[{"Resource":"%s","Condition":{"DateLessThan":{"AWS:EpochTime":%s}}}]}'
_COMPACT = (",", ":")
_BASE64_SIGNED = Candidate(
    "",
    Mistake.POLICY_REWRITTEN,
    "The base64 of the policy was signed, not the policy",
    "sign the JSON, and encode it only to send it",
)
_ENCODED_SIGNED = Candidate(
    "",
    Mistake.POLICY_REWRITTEN,
    "The policy was encoded again before it was signed: as a JSON string, or percent-encoded",
    "sign the JSON of the policy itself",
)
_URL_SIGNED = Candidate(
    "",
    Mistake.POLICY_REWRITTEN,
    "The URL was signed, not a policy that contains it",
    "sign CloudFront's template for the canned policy, or let Signer build it",
)
_EXACT = "sign CloudFront's template exactly, without white space, or let Signer build it"


@dataclass(frozen=True, slots=True)
class Document:
    """
    A text that may have been signed.

    Attributes:
        content: The text, as bytes.
        candidate: The mistake if it was signed; None for the right policy.
    """

    content: bytes = field(repr=False)
    candidate: Candidate | None = None


def list_expected(context: Context) -> list[Document]:
    """Return what should have been signed; for a canned policy, each spelling of the URL."""
    if context.is_canned:
        if context.url is None:
            return []
        expires = context.credential.expires or ""
        return [Document(_build_canned(str(url), expires)) for url in context.url.spellings()]
    return [Document(decoding.content) for decoding in context.policies]


def list_others(context: Context) -> Iterator[Document]:
    """Yield other documents that may have been signed by mistake, most likely first."""
    if not context.is_canned:
        for decoding in context.policies[:1]:
            yield from _vary_custom(decoding.content, context.credential.policy or "")
    elif context.url is not None:
        url, expires = str(context.url), context.credential.expires or ""
        urls = pick_distinct(list_urls(context.url, context.hosts), [url], _MAX_URLS)
        patterns = pick_distinct(list_patterns(context.url), [url], _MAX_PATTERNS)
        yield from _build_documents(islice(urls, 1), expires)
        yield from _vary_canned(url, expires)
        yield from _build_documents(patterns, expires)
        yield from _build_documents(urls, expires)


def list_combinations(context: Context) -> Iterator[Document]:
    """Yield the canned policies of the URL in unusual letter case, or with mixed encodings."""
    if context.is_canned and context.url is not None:
        combined = chain(capitalize_host(context.url), combine_encodings(context.url))
        urls = pick_distinct(combined, [str(context.url)], _MAX_COMBINATIONS)
        yield from _build_documents(urls, context.credential.expires or "")


def _build_documents(candidates: Iterable[Candidate], expires: str) -> Iterator[Document]:
    for candidate in candidates:
        yield Document(_build_canned(candidate.text, expires), candidate)
        escaped = json.dumps(candidate.text)[1:-1]
        if escaped != candidate.text:
            yield Document(_build_canned(escaped, expires), candidate)


def _build_canned(resource: str, expires: str) -> bytes:
    return (_CANNED % (resource, expires)).encode("utf-8", "surrogatepass")


def _vary_canned(url: str, expires: str) -> Iterator[Document]:
    for escaped in _escape_json(url):
        candidate = Candidate(
            escaped,
            Mistake.JSON_ESCAPED,
            "The URL in the signed policy contains JSON escapes, such as \\u0026 or \\/",
            "write & and / without escapes: Go needs SetEscapeHTML(false), "
            "PHP JSON_UNESCAPED_SLASHES, .NET UnsafeRelaxedJsonEscaping",
        )
        yield Document(_build_canned(escaped, expires), candidate)
    exact = _CANNED % (url, expires)
    policy = json.loads(_CANNED % ("", "1"))
    policy["Statement"][0]["Resource"] = url
    for time in (expires, f'"{expires}"', f"{expires}000"):
        yield from _reformat_canned(policy, time, exact)
    yield from islice(_reformat_canned(policy, f"{expires}.0", exact), _MAX_FLOATS)
    document = exact.encode("utf-8", "surrogatepass")
    for encoded in _encode_base64(document):
        yield Document(encoded, _BASE64_SIGNED)
    for text in (json.dumps(exact), quote(exact), quote(exact, safe="")):
        yield Document(text.encode("utf-8", "surrogatepass"), _ENCODED_SIGNED)
    whole = f"{url}{'&' if '?' in url else '?'}Expires={expires}"
    for text in (url, f"{url}{expires}", whole):
        yield Document(text.encode("utf-8", "surrogatepass"), _URL_SIGNED)
    yield from _hash_document(document)


def _reformat_canned(policy: dict[str, Any], time: str, exact: str) -> Iterator[Document]:
    """Yield the canned *policy* as JSON libraries write it, with *time* as its expiry."""
    statement = policy["Statement"][0]
    reversed_policy = {"Statement": [dict(reversed(statement.items()))]}
    object_policy = {"Statement": statement}
    number = (Mistake.POLICY_REWRITTEN, "The expiry in the signed canned policy is not Expires")
    space = (Mistake.POLICY_WHITE_SPACE, "The canned policy was signed with white space in it")
    order = (Mistake.POLICY_ORDER, "The canned policy was signed with its members reordered")
    shape = (Mistake.STATEMENT_OBJECT, "The canned policy was signed with an object as Statement")
    texts = [
        (json.dumps(policy, separators=_COMPACT), number),
        (json.dumps(policy), space),
        (json.dumps(reversed_policy, separators=_COMPACT), order),
        (json.dumps(reversed_policy), order),
        (json.dumps(object_policy, separators=_COMPACT), shape),
        (json.dumps(object_policy), shape),
        (json.dumps(policy, indent=2), space),
        (json.dumps(policy, indent=4), space),
        (json.dumps(policy, indent=2).replace("\n", "\r\n"), space),
        (json.dumps(policy, separators=_COMPACT).replace("[", " [", 1), space),
        (json.dumps(policy, separators=_COMPACT) + "\n", space),
        (json.dumps(policy, separators=_COMPACT) + "\r\n", space),
        (json.dumps(policy) + "\n", space),
    ]
    for text, (mistake, message) in texts:
        filled = text.replace('"AWS:EpochTime":1}', f'"AWS:EpochTime":{time}}}').replace(
            '"AWS:EpochTime": 1', f'"AWS:EpochTime": {time}'
        )
        if filled != exact:
            yield Document(filled.encode("utf-8"), Candidate("", mistake, message, _EXACT))


def _escape_json(url: str) -> list[str]:
    ampersand = url.replace("&", "\\u0026")
    slash = url.replace("/", "\\/")
    dotnet = ampersand.replace("'", "\\u0027").replace("+", "\\u002B")
    go = ampersand.replace("<", "\\u003c").replace(">", "\\u003e")
    escaped = (ampersand, slash, slash.replace("&", "\\u0026"), dotnet, go)
    return [text for text in dict.fromkeys(escaped) if text != url]


def _vary_custom(document: bytes, sent: str) -> Iterator[Document]:
    rewritten = Candidate(
        "",
        Mistake.POLICY_REWRITTEN,
        "The signed policy and the sent one differ in their white space or escapes",
        "build the JSON once, sign those bytes, and send the base64 of the same bytes",
    )
    for content in (
        document + b"\n",
        document + b"\r\n",
        document.strip(),
        re.sub(rb"\s+", b"", document),
        document.replace(b"\r\n", b"\n"),
        document.replace(b"\n", b"\r\n"),
        document.replace(b"/", b"\\/"),
        document.replace(b"\\/", b"/"),
        *_dump_again(document),
    ):
        if content != document:
            yield Document(content, rewritten)
    for text in (sent, sent.translate(str.maketrans("-_~", "+=/"))):
        yield Document(text.encode("utf-8", "surrogatepass"), _BASE64_SIGNED)
    yield from _hash_document(document)


def _encode_base64(document: bytes) -> Iterator[bytes]:
    """Yield *document* in standard base64, in CloudFront's, and as the base64 command breaks it."""
    standard = base64.b64encode(document)
    yield standard
    yield standard.translate(bytes.maketrans(b"+=/", b"-_~"))
    yield base64.urlsafe_b64encode(document)
    yield standard + b"\n"
    yield b"".join(standard[at : at + 76] + b"\n" for at in range(0, len(standard), 76))


def _dump_again(document: bytes) -> list[bytes]:
    try:
        # Raises for deep nesting, which would take megabytes if it were indented.
        read_statement(document)
    except PolicyError:
        return []
    policy = json.loads(document)
    forms: list[dict[str, Any]] = [
        {},
        {"separators": _COMPACT},
        {"indent": 2},
        {"indent": 4},
        {"separators": _COMPACT, "ensure_ascii": False},
    ]
    return [json.dumps(policy, **form).encode("utf-8", "surrogatepass") for form in forms]


def _hash_document(document: bytes) -> Iterator[Document]:
    candidate = Candidate(
        "",
        Mistake.HASHED_TWICE,
        "The policy was hashed twice: its hash was signed as if it were the policy",
        "pass the policy itself to the signing function, or declare the input as already hashed",
    )
    for name in ("sha1", "sha256"):
        digest = hashlib.new(name, document, usedforsecurity=False)
        yield Document(digest.digest(), candidate)
        yield Document(digest.hexdigest().encode("ascii"), candidate)
