"""Mistakes with signed cookies: ignored, missing, sent twice or not sent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, product

from cfsign.checking.credential import read_credential
from cfsign.checking.key_group import check_request
from cfsign.checking.request import Request
from cfsign.checking.verdict import Reason
from cfsign.explanation.cause import Cause, Mistake
from cfsign.explanation.context import Context
from cfsign.explanation.display import to_printable
from cfsign.limits import COOKIE_PREFIX, COOKIES, PARAMETERS

_EXPIRES, _POLICY, _SIGNATURE, _KEY_PAIR_ID, _ = COOKIES
_MAX_CHOICES = 16
_MAX_NAME = 40
_LETTERS = re.compile("[a-z]+")
_WRAPPED = {
    "Express (signed cookies or JSON)": re.compile("[sj]:"),
    "Django (set_signed_cookie)": re.compile("[^:]*:[0-9A-Za-z]{6}:[0-9A-Za-z_-]{27,}$"),
    "json.dumps": re.compile("[{[]"),
}


def check_cookies(context: Context) -> Iterator[Cause]:
    """Yield the reasons why CloudFront ignores the request's cookies."""
    if context.request is None or not context.cookies:
        return
    names = [name for name, _ in context.cookies if name in COOKIES]
    if context.url != context.sent_url:
        if names:
            yield _build_ignored(context, context.request)
        return
    misspelled = _find_misspelled([name for name, _ in context.cookies])
    if misspelled is not None:
        yield Cause(
            Mistake.COOKIE_NAME,
            context.reason,
            f"CloudFront does not recognize the cookie {to_printable(misspelled[0], 40)}",
            f"write its name exactly as {misspelled[1]}",
        )
    elif names:
        yield from _check_wrapped(context)
        yield from _check_missing(context, names)
        yield from _check_repeated(context, context.request, names)
    elif context.reason is Reason.MISSING_KEY:
        yield _build_not_sent(context)


def _find_misspelled(names: list[str]) -> tuple[str, str] | None:
    """Return the first name that is almost one of CloudFront's, and the right one."""
    right = {_normalize(name): name for name in COOKIES}
    found = {_normalize(name) for name in names}
    # Two, because one alone can be a cookie of the site.
    bare = {_normalize(name): name for name in PARAMETERS}
    if right.keys().isdisjoint(found) and len(bare.keys() & found) > 1:
        right |= {short: COOKIE_PREFIX + name for short, name in bare.items()}
    for name in names:
        if name not in COOKIES and _normalize(name) in right:
            return name, right[_normalize(name)]
    return None


def _normalize(name: str) -> str:
    return "".join(_LETTERS.findall(name[:_MAX_NAME].lower()))


def _check_wrapped(context: Context) -> Iterator[Cause]:
    """Yield a cause if a framework has put something around the value of a cookie."""
    credential = context.credential
    values = (
        (_KEY_PAIR_ID, credential.key_pair_id),
        (_SIGNATURE, credential.signature),
        (_POLICY, credential.policy),
        (_EXPIRES, credential.expires),
    )
    for name, value in values:
        if value and len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            yield Cause(
                Mistake.COOKIE_QUOTED,
                context.reason,
                f"The value of the cookie {name} is in quotes, and CloudFront takes them for a "
                "part of it",
                "send the value without quotes. CloudFront's base64 needs none",
            )
            return
        framework = next((one for one, form in _WRAPPED.items() if form.match(value or "")), "")
        if framework:
            yield Cause(
                Mistake.COOKIE_WRAPPED,
                context.reason,
                f"The cookie {name} was changed by {framework}, and CloudFront needs the value "
                "alone",
                "set it as a plain cookie, or write its Set-Cookie header yourself",
            )
            return


def _build_ignored(context: Context, request: Request) -> Cause:
    alone = replace(request, credential=read_credential(None, context.cookies or ()))
    would_pass = bool(context.keys) and check_request(alone, context.keys).allowed
    sent = {piece.partition("=")[0] for piece in context.query.split("&")}
    names = ", ".join(name for name in PARAMETERS if name in sent)
    return Cause(
        Mistake.COOKIES_IGNORED,
        context.reason,
        f"The cookies are ignored, because the URL has a reserved parameter: {names}",
        "rename your own parameter, or remove CloudFront's parameters from the URL",
        "without that parameter, the cookies would be accepted" if would_pass else "",
        certain=would_pass,
    )


def _check_missing(context: Context, names: list[str]) -> Iterator[Cause]:
    missing = [name for name in (_SIGNATURE, _KEY_PAIR_ID) if name not in names]
    if not {_POLICY, _EXPIRES} & set(names):
        missing.append(f"{_POLICY} or {_EXPIRES}")
    if missing:
        yield Cause(
            Mistake.COOKIE_MISSING,
            context.reason,
            f"A signed cookie is missing: {' and '.join(missing)}",
            "set all of them with the same Domain, Path and lifetime, each in a separate "
            "Set-Cookie header",
            f"sent: {', '.join(dict.fromkeys(names))}",
        )


def _check_repeated(context: Context, request: Request, names: list[str]) -> Iterator[Cause]:
    repeated = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if not repeated:
        return
    cookies = context.cookies or ()
    values = [[pair for pair in cookies if pair[0] == name][:2] for name in dict.fromkeys(names)]
    would_pass = bool(context.keys) and any(
        check_request(
            replace(request, credential=read_credential(None, choice)), context.keys
        ).allowed
        for choice in islice(product(*values), _MAX_CHOICES)
    )
    yield Cause(
        Mistake.COOKIE_TWICE,
        Reason.DUPLICATE_PARAMETER,
        f"The cookie {repeated[0]} is sent twice, from two sets with different paths or domains",
        "give each set a Path that is not inside another set's, and delete the old set",
        "one of the sets alone would be accepted" if would_pass else "",
    )


def _build_not_sent(context: Context) -> Cause:
    host = context.sent_url.host.partition(":")[0].lower() if context.sent_url else ""
    return Cause(
        Mistake.COOKIES_NOT_SENT,
        Reason.MISSING_KEY,
        "The request has cookies, but not CloudFront's: they were not set, or belong to another "
        "path or domain",
        "give the distribution a name in your own domain: browsers reject cookies for "
        "cloudfront.net"
        if host.endswith(".cloudfront.net")
        else "set them with a Domain that the site and this host share, and a Path (without *) "
        "that the URL's path starts with. Secure cookies need https",
        certain=False,
    )
