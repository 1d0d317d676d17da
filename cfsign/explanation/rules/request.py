"""Mistakes in the request as a whole: an invalid URL, CloudFront's parameters under other names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cfsign.checking.matching import UNSENDABLE, ViewerURL
from cfsign.checking.verdict import Reason
from cfsign.explanation.candidates.percent_encoding import ENCODE_FIRST
from cfsign.explanation.cause import Cause, Mistake
from cfsign.explanation.context import Context, percent_encode
from cfsign.explanation.display import show_both, to_printable
from cfsign.limits import COOKIES, MAX_REQUEST_BYTES, MAX_URL_BYTES, PARAMETERS, is_s3_host

_UNUSABLE = Reason.UNUSABLE_REQUEST
_ANY_PARAMETER = re.compile("[?&;]([A-Za-z-]{1,20})=")
_LETTERS = re.compile("[a-z]+")
# The media segments of HLS and DASH.
_SEGMENT = re.compile(r"(?:\.(?:ts|m4s|cmf[vat])|/init[^/]*\.mp4)$", re.IGNORECASE)
S3_PARAMETERS = frozenset({"X-Amz-Algorithm", "X-Amz-Signature", "AWSAccessKeyId"})
_CHARACTER_NAMES = {
    " ": "a space",
    "\n": "a line break",
    "\\": "a backslash",
    '"': "a double quote",
}


def check_fragment(context: Context) -> Iterator[Cause]:
    """Yield a note if the given URL has a fragment, which clients do not send."""
    if context.fragment is not None:
        yield Cause(
            Mistake.FRAGMENT,
            Reason.ALLOWED,
            "Clients do not send the part of the URL after the #, so it was ignored",
            "sign URLs without a fragment, and write %23 for a # in a file name",
            f"ignored: #{to_printable(context.fragment)}",
        )


def check_host(context: Context) -> Iterator[Cause]:
    """Yield a cause if the request goes to S3 itself, so that CloudFront never sees it."""
    if context.sent_url is not None and is_s3_host(context.sent_url.host):
        yield Cause(
            Mistake.S3_HOST,
            context.reason,
            "The URL is an address of S3, which does not check CloudFront's signatures",
            "request the file at the distribution's domain, such as d111111abcdef8.cloudfront.net, "
            "and sign that URL",
            f"the host: {to_printable(context.sent_url.host)}",
        )


def check_url(context: Context) -> Iterator[Cause]:
    """Yield a cause if a client cannot send this URL, or an argument is invalid."""
    if context.cookies is None or context.at is None:
        subject = "cookies are" if context.cookies is None else "time is"
        message = f"The {subject} not in a known form"
        hint = (
            "pass cookies as a mapping, as pairs or as a Cookie header of at most "
            f"{MAX_REQUEST_BYTES} bytes, and the time as epoch seconds or an aware datetime"
        )
        yield Cause(Mistake.UNUSABLE_ARGUMENT, _UNUSABLE, message, hint)
    url = context.given_url
    if context.reason is not _UNUSABLE or ViewerURL.parse(url) is not None:
        return
    before, hash_sign, fragment = url.partition("#")
    if len(url) > MAX_URL_BYTES:
        message = f"The URL has {len(url)} characters, but at most {MAX_URL_BYTES} are allowed"
        yield Cause(Mistake.TOO_LONG, _UNUSABLE, message, "shorten its query, or use cookies")
    elif hash_sign and not UNSENDABLE.search(before):
        is_hidden = any(f"{name}=" in fragment for name in PARAMETERS)
        yield Cause(
            Mistake.FRAGMENT,
            _UNUSABLE,
            "Browsers do not send the part of the URL after the #"
            f"{', so the signature is lost' if is_hidden else ''}",
            "write %23 for a # in a file name, and sign the URL without a fragment",
        )
    elif context.sent_url is not None and UNSENDABLE.search(url.strip()):
        yield _build_unencoded(url)
    elif not url.strip().lower().startswith(("http://", "https://")):
        message = "The URL has no scheme and host"
        hint = "pass the whole URL, starting with https://"
        yield Cause(Mistake.NOT_A_URL, _UNUSABLE, message, hint)
    else:
        message = "This is not a URL that a client can request"
        hint = "write it as https://HOST/PATH?QUERY, percent-encoded, without white space around it"
        yield Cause(Mistake.NOT_A_URL, _UNUSABLE, message, hint)


def _build_unencoded(url: str) -> Cause:
    match = UNSENDABLE.search(url)
    at = match.start() if match else 0
    character = url[at]
    name = _CHARACTER_NAMES.get(character, f"the character {to_printable(character)}")
    parameter = re.split("[?&]", url[:at])[-1].partition("=")[0]
    is_inside = parameter in PARAMETERS
    # A policy may have been sent as JSON.
    is_foreign = is_inside and (character.isspace() or parameter != "Policy")
    if character in "\t\r\n" or is_foreign:
        where = f" inside of {parameter}" if is_inside else ""
        removed = ", which browsers remove" if character in "\t\r\n" else ""
        return Cause(
            Mistake.UNENCODED_URL,
            _UNUSABLE,
            f"The URL contains {name}{where}{removed}",
            "copy the URL again, in one piece and without other text",
        )
    before = to_printable(url[max(0, at - 30) : at])
    return Cause(
        Mistake.UNENCODED_URL,
        _UNUSABLE,
        f"The URL contains {name}, {_describe_sending(character, '?' in url[:at])}, "
        "so the signature does not match",
        ENCODE_FIRST,
        f"{before}{to_printable(character)}…" if "?" not in url[:at] else "",
    )


def _describe_sending(character: str, is_in_query: bool) -> str:
    """Return what clients send for *character* (WHATWG, "URL", 1.3 and 4.4)."""
    escape = percent_encode(character)
    if character == "\\" and not is_in_query:
        return "which browsers send as /"
    if character in ("\\^`{|}" if is_in_query else "^|"):
        return f"which browsers send unchanged and other clients as {escape}"
    return f"which is sent as {escape}"


def check_parameter_names(context: Context) -> Iterator[Cause]:
    """Yield a cause if CloudFront's parameters have names that CloudFront does not recognize."""
    if context.sent_url is None or context.reason is Reason.ALLOWED:
        return
    query = context.query
    if any(f"?{name}=" in query for name in PARAMETERS):
        start, at = query.partition("?")[0], query.index("?")
        yield Cause(
            Mistake.SECOND_QUESTION_MARK,
            context.reason,
            "CloudFront's parameters follow a second ?, so they are part of another parameter",
            "append them with & if the URL already has a query",
            show_both(f"{start}&…", f"{start}?…", at, at),
        )
    else:
        yield from _check_spelling(context)


def _check_spelling(context: Context) -> Iterator[Cause]:
    right = {_normalize(name): name for name in PARAMETERS}
    for name in _ANY_PARAMETER.findall(f"?{context.query}")[:64]:
        wanted = right.get(_normalize(name))
        if wanted is None or wanted == name:
            continue
        if getattr(context.credential, wanted.lower().replace("-", "_")) is None:
            yield Cause(
                Mistake.PARAMETER_NAME,
                context.reason,
                f"CloudFront does not recognize the parameter {name}",
                f"write its name exactly as {wanted}",
            )


def _normalize(name: str) -> str:
    return "".join(_LETTERS.findall(name.lower()))


def check_duplicates(context: Context) -> Iterator[Cause]:
    """Yield a cause if the URL has a CloudFront parameter twice."""
    if not context.credential.has_duplicates:
        return
    names = [piece.partition("=")[0] for piece in context.query.split("&")]
    repeated = [name for name in PARAMETERS if names.count(name) > 1]
    if repeated:
        yield Cause(
            Mistake.PARAMETER_TWICE,
            Reason.DUPLICATE_PARAMETER,
            f"The URL has {' and '.join(repeated)} twice",
            "sign a URL only once, and do not use CloudFront's names for your own parameters",
        )


def check_is_cut(context: Context) -> Iterator[Cause]:
    """Yield a cause if the URL ends after its first CloudFront parameter."""
    names = [piece.partition("=")[0] for piece in context.query.split("&")]
    sent = [name for name in names if name in PARAMETERS]
    has_cookies = any(name in COOKIES for name, _ in context.cookies or ())
    if context.reason is not Reason.ALLOWED and sent == names[-1:] and not has_cookies:
        yield Cause(
            Mistake.CUT_AT_AMPERSAND,
            context.reason,
            f"The URL ends after {sent[0]}, without CloudFront's other parameters: a shell cuts an "
            "unquoted URL at its first &",
            "put the URL in quotes",
            certain=False,
        )


def check_is_signed(context: Context) -> Iterator[Cause]:
    """Yield a cause if the URL is not signed at all."""
    credential = context.credential
    sent = (credential.key_pair_id, credential.signature, credential.policy, credential.expires)
    if context.reason is not Reason.MISSING_KEY or context.cookies or any(sent):
        return
    # A shell may have cut it at the & after the site's own parameter.
    quote_hint = ". In a shell, put the URL in quotes" if "=" in context.query else ""
    if context.sent_url is not None and _SEGMENT.search(context.sent_url.path):
        yield Cause(
            Mistake.SEGMENT_NOT_SIGNED,
            Reason.MISSING_KEY,
            "The URL of a segment is not signed: a playlist's query is not inherited by the URLs "
            "in it",
            "set signed cookies for the folder, or add the signature of the folder to each URL in "
            "the playlist" + quote_hint,
        )
    else:
        yield Cause(
            Mistake.NOT_SIGNED,
            Reason.MISSING_KEY,
            "The URL is not signed, and the request has no cookies",
            "sign the URL, or set signed cookies before it is requested" + quote_hint,
        )


def check_s3_presigned(context: Context) -> Iterator[Cause]:
    """Yield a cause if the URL is signed for S3 (Signature Version 4 or 2)."""
    names = {piece.partition("=")[0] for piece in context.query.split("&")}
    if context.reason is Reason.MISSING_KEY and not names.isdisjoint(S3_PARAMETERS):
        yield Cause(
            Mistake.S3_PRESIGNED,
            Reason.MISSING_KEY,
            "The URL is presigned for S3, not signed for CloudFront",
            "sign the CloudFront URL with a CloudFront key. It then has Expires or Policy, "
            "Signature and Key-Pair-Id",
            f"S3's parameters: {', '.join(sorted(names & S3_PARAMETERS))}",
        )
