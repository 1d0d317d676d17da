"""Mistakes in the request as a whole: a URL that is none, a credential that is not seen."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cfsign.checking.matching import ViewerURL
from cfsign.checking.verdict import Reason
from cfsign.explanation.cause import Cause, Mistake
from cfsign.explanation.context import Case
from cfsign.explanation.display import beside, shown

PARAMETERS = ("Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm")

_MAX_URL_BYTES = 8_192
_UNUSABLE = Reason.UNUSABLE_REQUEST
_SENDABLE = re.compile(r"[!$-;=?-\[\]_a-z~]*")
_ANY_PARAMETER = re.compile("[?&;]([A-Za-z-]{1,20})=")
_LETTERS = re.compile("[a-z]+")


def find_in_url(case: Case) -> Iterator[Cause]:
    """Find what keeps a viewer from sending the URL as it was given."""
    if case.cookies is None or case.at is None:
        what = "cookies are" if case.cookies is None else "time is"
        message = f"The {what} not of any form that is known"
        hint = "give cookies as a mapping, pairs or a Cookie header of at most 20480 bytes, and "
        hint += "the time as epoch seconds or an aware datetime"
        yield Cause(Mistake.UNUSABLE_ARGUMENT, _UNUSABLE, message, hint)
    if case.reason is not _UNUSABLE or ViewerURL.parse(case.given) is not None:
        return
    if len(case.given) > _MAX_URL_BYTES:
        message = f"The URL has {len(case.given)} letters, more than the {_MAX_URL_BYTES} allowed"
        yield Cause(Mistake.TOO_LONG, _UNUSABLE, message, "shorten its query, or sign cookies")
    elif "#" in case.given and _is_sendable(case.given.partition("#")[0]):
        yield _fragment(case.given)
    elif case.sent is not None and not _is_sendable(case.given.strip()):
        yield _unencoded(case.given)
    elif not case.given.strip().lower().startswith(("http://", "https://")):
        message = "The URL has no scheme and host"
        yield Cause(Mistake.NOT_A_URL, _UNUSABLE, message, "give all of it, from https:// on")
    else:
        message = "This is not a URL that a viewer can request"
        hint = "write it as https://HOST/PATH?QUERY, percent-encoded, with no white space about it"
        yield Cause(Mistake.NOT_A_URL, _UNUSABLE, message, hint)


def _is_sendable(text: str) -> bool:
    return _SENDABLE.fullmatch(text) is not None


def _fragment(given: str) -> Cause:
    hides = any(f"{name}=" in given.partition("#")[2] for name in PARAMETERS)
    hidden = ", with the signature in it" if hides else ""
    return Cause(
        Mistake.FRAGMENT,
        _UNUSABLE,
        f"The URL has a # in it, and what follows stays in the browser{hidden}",
        "write a # that belongs to the name as %23, and sign the URL without a fragment",
    )


def _unencoded(given: str) -> Cause:
    at = next(at for at, letter in enumerate(given) if not _is_sendable(letter))
    letter = given[at]
    encoded = "".join(f"%{byte:02X}" for byte in letter.encode("utf-8", "surrogatepass"))
    start = max(0, at - 30)
    return Cause(
        Mistake.UNENCODED_URL,
        _UNUSABLE,
        f"The URL has {_name(letter)} in it, which goes on the wire as {encoded}, "
        "and the signature is over other bytes",
        "percent-encode the URL first, then sign it; Distribution.sign_path(path) does both",
        f"{shown(given[start:at])}{shown(letter)}…" if "?" not in given[:at] else "",
    )


def _name(letter: str) -> str:
    names = {" ": "a space", "\n": "a line break", "\\": "a backslash", '"': "a double quote"}
    return names.get(letter, f"the letter {shown(letter)}")


def find_hidden_parameters(case: Case) -> Iterator[Cause]:
    """Find CloudFront's parameters under names that CloudFront does not see."""
    if case.sent is None or case.reason is Reason.ALLOWED:
        return
    query = case.sent.query or ""
    if "amp;" in query and any(f"amp;{name}=" in query for name in PARAMETERS):
        yield Cause(
            Mistake.HTML_ESCAPED,
            case.reason,
            "The URL was copied out of HTML: its & are written &amp;",
            "take the link's address, not the page's source; html.unescape undoes it",
        )
    elif "?" in query and any(f"?{name}=" in query for name in PARAMETERS):
        yield Cause(
            Mistake.SECOND_QUESTION_MARK,
            case.reason,
            "CloudFront's parameters follow a second ?, and so belong to the parameter before it",
            "join them with & where the URL has a query already",
            beside(
                f"{query.partition('?')[0]}&…",
                f"{query.partition('?')[0]}?…",
                *[query.index("?")] * 2,
            ),
        )
    else:
        yield from _misnamed(case, f"?{query}")


def _misnamed(case: Case, query: str) -> Iterator[Cause]:
    right = {_plain(name): name for name in PARAMETERS}
    for name in _ANY_PARAMETER.findall(query)[:64]:
        wanted = right.get(_plain(name))
        if wanted not in (None, name) and getattr(case.credential, _FIELDS[wanted]) is None:
            yield Cause(
                Mistake.PARAMETER_NAME,
                case.reason,
                f"The parameter {name} is written {wanted}; CloudFront knows no other spelling",
                f"name it {wanted}",
            )


def _plain(name: str) -> str:
    return "".join(_LETTERS.findall(name.lower()))


_FIELDS = {
    "Expires": "expires",
    "Policy": "policy",
    "Signature": "signature",
    "Key-Pair-Id": "key_pair_id",
    "Hash-Algorithm": "hash_algorithm",
    None: "",
}


def find_duplicates(case: Case) -> Iterator[Cause]:
    """Find a parameter of CloudFront's that is there twice."""
    if not case.credential.has_duplicates or case.sent is None:
        return
    names = [piece.partition("=")[0] for piece in (case.sent.query or "").split("&")]
    twice = [name for name in PARAMETERS if names.count(name) > 1]
    if twice:
        yield Cause(
            Mistake.PARAMETER_TWICE,
            Reason.DUPLICATE_PARAMETER,
            f"The URL has {' and '.join(twice)} twice",
            "sign a URL once, and use no parameter of CloudFront's names for your own",
        )


def find_nothing(case: Case) -> Iterator[Cause]:
    """Find a URL that is not signed at all."""
    credential = case.credential
    sent = (credential.key_pair_id, credential.signature, credential.policy, credential.expires)
    if case.reason is Reason.MISSING_KEY and not case.cookies and not any(sent):
        yield Cause(
            Mistake.NOT_SIGNED,
            Reason.MISSING_KEY,
            "The URL is not signed, and no cookies were given",
            "sign the URL, or set the signed cookies before it is requested",
        )


def find_s3_presigned(case: Case) -> Iterator[Cause]:
    """Find a URL that is signed for S3, by Signature Version 4 or 2, and not for CloudFront."""
    query = "" if case.sent is None else case.sent.query or ""
    names = {piece.partition("=")[0] for piece in query.split("&")}
    if case.reason is Reason.MISSING_KEY and not names.isdisjoint(_OF_S3):
        yield Cause(
            Mistake.S3_PRESIGNED,
            Reason.MISSING_KEY,
            "This is S3's presigned URL, not CloudFront's: its signature is for the bucket alone",
            "sign the URL at CloudFront with CloudFront's own key, which gives it Expires or "
            "Policy, Signature and Key-Pair-Id",
            f"it has {', '.join(sorted(names & _OF_S3))}",
        )


_OF_S3 = frozenset({"X-Amz-Algorithm", "X-Amz-Signature", "AWSAccessKeyId"})


def find_hash_name(case: Case) -> Iterator[Cause]:
    """Find a Hash-Algorithm that is neither name."""
    name = case.credential.hash_algorithm
    if name not in (None, "SHA1", "SHA256"):
        yield Cause(
            Mistake.HASH_ALGORITHM,
            Reason.HASH_ALGORITHM,
            f"Hash-Algorithm is {shown(name or '', 20) or 'empty'}, which CloudFront does not know",
            "write SHA256, in capitals and without a hyphen, or leave it out for SHA-1",
        )
