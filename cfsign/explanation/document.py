"""The bytes that may have been signed: the policy as it should be, then as people write it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from cfsign.checking.statement import read_statement
from cfsign.errors import PolicyError
from cfsign.explanation.candidates import Candidate, tried, url_readings, wildcard_readings
from cfsign.explanation.cause import Mistake
from cfsign.explanation.context import Case

_MAX_READINGS = 120

# CloudFront's own template (AWS, "Create a signed URL using a canned policy"), to be filled in.
_CANNED = '{"Statement":[{"Resource":"%s","Condition":{"DateLessThan":{"AWS:EpochTime":%s}}}]}'
_EXACT = "sign CloudFront's template to the byte, with no white space, or let Signer build it"


@dataclass(frozen=True, slots=True)
class Document:
    """
    What may have been signed.

    Attributes:
        content: The bytes.
        reading: The mistake that it then was; None where it is what should be signed.
    """

    content: bytes
    reading: Candidate | None = None


def expected_documents(case: Case) -> list[Document]:
    """Return what should have been signed: for a canned policy, each spelling of the URL."""
    if case.is_canned:
        if case.url is None:
            return []
        expires = case.credential.expires or ""
        return [Document(_canned(str(same), expires)) for same in case.url.spellings()]
    return [Document(decoding.content) for decoding in case.policies]


def other_documents(case: Case) -> Iterator[Document]:
    """Give what may have been signed in its place, the likeliest first."""
    if not case.is_canned:
        for decoding in case.policies[:1]:
            yield from _custom_documents(decoding.content, case.credential.policy or "")
    elif case.url is not None:
        url, expires = str(case.url), case.credential.expires or ""
        readings = tried(url_readings(case.url, case.hosts), [url], _MAX_READINGS)
        yield from _of_readings(islice(readings, 1), expires)
        yield from _canned_documents(url, expires)
        yield from _of_readings(tried(wildcard_readings(case.url), [url], 24), expires)
        yield from _of_readings(readings, expires)


def _of_readings(readings: Iterable[Candidate], expires: str) -> Iterator[Document]:
    for reading in readings:
        yield Document(_canned(reading.text, expires), reading)
        if not reading.text.isascii():
            yield Document(_canned(json.dumps(reading.text)[1:-1], expires), reading)


def _canned(resource: str, expires: str) -> bytes:
    return (_CANNED % (resource, expires)).encode("utf-8", "surrogatepass")


def _canned_documents(url: str, expires: str) -> Iterator[Document]:
    exact = _CANNED % (url, expires)
    for escaped in _json_escaped(url):
        reading = Candidate(
            escaped,
            Mistake.JSON_ESCAPED,
            "The JSON of the signed policy escapes letters of the URL, as in \\u0026 or \\/",
            "write & and / as they are: json.dumps does, Go needs SetEscapeHTML(false), "
            "PHP JSON_UNESCAPED_SLASHES, .NET UnsafeRelaxedJsonEscaping",
        )
        yield Document(_canned(escaped, expires), reading)
    policy = json.loads(_CANNED % ("", "1"))
    statement = policy["Statement"][0]
    statement["Resource"] = url
    for when in (expires, f'"{expires}"', f"{expires}000", f"{expires}.0"):
        yield from _rewritten_policy(policy, statement, when, exact)
    yield from _hashed_twice(exact.encode("utf-8", "surrogatepass"))


def _rewritten_policy(
    policy: dict[str, Any], statement: dict[str, Any], when: str, exact: str
) -> Iterator[Document]:
    """Give the canned policy in the forms that JSON writers give it, *when* in the time's place."""
    turned = {"Statement": [dict(reversed(statement.items()))]}
    single = {"Statement": statement}
    white_space = (Mistake.POLICY_WHITE_SPACE, "The signed canned policy has white space in it")
    order = (Mistake.POLICY_ORDER, "The members of the signed canned policy are in another order")
    shape = (Mistake.STATEMENT_OBJECT, "The signed canned policy has an object for its Statement")
    number = (
        Mistake.POLICY_REWRITTEN,
        "The time in the signed canned policy is not that in Expires",
    )
    compact = (",", ":")
    texts = [
        (json.dumps(policy, separators=compact), None),
        (json.dumps(policy), white_space),
        (json.dumps(turned, separators=compact), order),
        (json.dumps(turned), order),
        (json.dumps(single, separators=compact), shape),
        (json.dumps(single), shape),
        (json.dumps(policy, indent=2), white_space),
        (json.dumps(policy, indent=4), white_space),
        (json.dumps(policy, indent=2).replace("\n", "\r\n"), white_space),
        (json.dumps(policy, separators=compact).replace("[", " [", 1), white_space),
        (json.dumps(policy, separators=compact) + "\n", white_space),
        (json.dumps(policy, separators=compact) + "\r\n", white_space),
        (json.dumps(policy) + "\n", white_space),
    ]
    for text, fault in texts:
        filled = text.replace('"AWS:EpochTime":1}', f'"AWS:EpochTime":{when}}}').replace(
            '"AWS:EpochTime": 1', f'"AWS:EpochTime": {when}'
        )
        if filled != exact:
            mistake, message = fault or number
            yield Document(filled.encode("utf-8"), Candidate("", mistake, message, _EXACT))


def _hashed_twice(document: bytes) -> Iterator[Document]:
    reading = Candidate(
        "",
        Mistake.HASHED_TWICE,
        "The hash of the policy was signed as if it were the policy: it was hashed twice",
        "give the signing function the policy itself, or tell it that the hash is made already",
    )
    for name in ("sha1", "sha256"):
        digest = hashlib.new(name, document, usedforsecurity=False)
        yield Document(digest.digest(), reading)
        yield Document(digest.hexdigest().encode("ascii"), reading)


def _json_escaped(url: str) -> list[str]:
    ampersand = url.replace("&", "\\u0026")
    slash = url.replace("/", "\\/")
    dotnet = ampersand.replace("'", "\\u0027").replace("+", "\\u002B")
    go = ampersand.replace("<", "\\u003c").replace(">", "\\u003e")
    escaped = (ampersand, slash, slash.replace("&", "\\u0026"), dotnet, go)
    return [text for text in dict.fromkeys(escaped) if text != url]


def _custom_documents(document: bytes, sent: str) -> Iterator[Document]:
    changed = (
        "The policy that was signed is not to the byte the one that was sent: "
        "its white space or its escapes were changed in between"
    )
    hint = "make the JSON once, sign those bytes, and send the base64 of the same bytes"
    stripped = re.sub(rb"\s+", b"", document)
    for content in (
        document + b"\n",
        document + b"\r\n",
        document.strip(),
        stripped,
        document.replace(b"\r\n", b"\n"),
        document.replace(b"\n", b"\r\n"),
        document.replace(b"/", b"\\/"),
        document.replace(b"\\/", b"/"),
        *_dumped(document),
    ):
        if content != document:
            yield Document(content, Candidate("", Mistake.POLICY_REWRITTEN, changed, hint))
    encoded = Candidate(
        "",
        Mistake.POLICY_REWRITTEN,
        "The base64 of the policy was signed, not the policy",
        "sign the JSON, and encode it only to send it",
    )
    plain = sent.translate(str.maketrans("-_~", "+=/"))
    for text in (sent, plain):
        yield Document(text.encode("utf-8", "surrogatepass"), encoded)
    yield from _hashed_twice(document)


def _dumped(document: bytes) -> list[bytes]:
    try:
        read_statement(document)  # which is never deep: indented, a deep one would take megabytes
        policy = json.loads(document)
        forms: list[dict[str, Any]] = [
            {},
            {"separators": (",", ":")},
            {"indent": 2},
            {"indent": 4},
            {"separators": (",", ":"), "ensure_ascii": False},
        ]
        return [json.dumps(policy, **form).encode("utf-8", "surrogatepass") for form in forms]
    except PolicyError:
        return []
