"""Mistakes with cookies: not looked at, not sent, not all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, product

from cfsign.checking.credential import read_credential
from cfsign.checking.key_group import check_request
from cfsign.checking.request import Request
from cfsign.checking.verdict import Reason
from cfsign.explanation.cause import Cause, Mistake
from cfsign.explanation.context import Case

_PREFIX = "CloudFront-"
_NEEDED = ("Signature", "Key-Pair-Id")
_ALL = ("Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm")
_NAMES = {f"{_PREFIX}{name}".lower(): f"{_PREFIX}{name}" for name in _ALL}
_MAX_CHOICES = 16


def find_in_cookies(case: Case) -> Iterator[Cause]:
    """Find why the signed cookies of a request do not count."""
    if case.request is None or not case.cookies:
        return
    names = [name for name, _ in case.cookies if name in _NAMES.values()]
    misspelt = [name for name, _ in case.cookies if name not in names and name.lower() in _NAMES]
    in_url = read_credential(case.sent.query if case.sent else None)
    if any((in_url.key_pair_id, in_url.expires, in_url.policy, in_url.signature)) or (
        in_url.hash_algorithm is not None
    ):
        if names:
            yield _ignored(case, case.request)
        return
    if misspelt:
        right = _NAMES[misspelt[0].lower()]
        yield Cause(
            Mistake.COOKIE_NAME,
            case.reason,
            f"The cookie {misspelt[0]} is named {right}; letter case counts",
            f"name it {right}",
        )
    elif names:
        yield from _missing(case, names)
        yield from _twice(case, case.request, names)
    elif case.reason is Reason.MISSING_KEY:
        yield _not_sent(case)


def _ignored(case: Case, request: Request) -> Cause:
    """Say that the cookies are not looked at, and whether they would have done."""
    alone = replace(request, credential=read_credential(None, case.cookies or ()))
    would_do = bool(case.keys) and check_request(alone, case.keys).allowed
    query = case.sent.query if case.sent and case.sent.query else ""
    found = [
        name for name in _ALL if name in {piece.partition("=")[0] for piece in query.split("&")}
    ]
    return Cause(
        Mistake.COOKIES_IGNORED,
        case.reason,
        f"The cookies are ignored, since the URL has CloudFront's parameter {', '.join(found)}",
        "rename your own parameter, or leave signed parameters out of the URL",
        "the cookies alone would have been let through" if would_do else "",
        certain=would_do,
    )


def _missing(case: Case, names: list[str]) -> Iterator[Cause]:
    lacking = [f"{_PREFIX}{name}" for name in _NEEDED if f"{_PREFIX}{name}" not in names]
    if not {f"{_PREFIX}Policy", f"{_PREFIX}Expires"} & set(names):
        lacking.append(f"{_PREFIX}Policy or {_PREFIX}Expires")
    if lacking:
        yield Cause(
            Mistake.COOKIE_MISSING,
            case.reason,
            f"Of the signed cookies {' and '.join(lacking)} is missing",
            "set all of them with the same Domain, Path and lifetime, each in a Set-Cookie of its "
            "own",
            f"sent are {', '.join(dict.fromkeys(names))}",
        )


def _twice(case: Case, request: Request, names: list[str]) -> Iterator[Cause]:
    repeated = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if not repeated:
        return
    would_do = bool(case.keys) and any(
        check_request(replace(request, credential=read_credential(None, choice)), case.keys).allowed
        for choice in islice(_choices(case, names), _MAX_CHOICES)
    )
    yield Cause(
        Mistake.COOKIE_TWICE,
        Reason.DUPLICATE_PARAMETER,
        f"The cookie {repeated[0]} is sent twice: there are two sets, of several paths or domains",
        "give every set its own Path, none inside another's, and clear the old one",
        "one of the sets alone would have been let through" if would_do else "",
    )


def _choices(case: Case, names: list[str]) -> Iterator[tuple[tuple[str, str], ...]]:
    cookies = case.cookies or ()
    sets = [[pair for pair in cookies if pair[0] == name][:2] for name in dict.fromkeys(names)]
    return product(*sets)


def _not_sent(case: Case) -> Cause:
    host = case.sent.host.partition(":")[0].lower() if case.sent else ""
    is_aws = host.endswith(".cloudfront.net")
    return Cause(
        Mistake.COOKIES_NOT_SENT,
        Reason.MISSING_KEY,
        "There are cookies, and none of CloudFront's: the viewer keeps them for another path or "
        "domain, or they were never set",
        "browsers take no cookie for cloudfront.net: give the distribution a name under your own "
        "domain"
        if is_aws
        else "set them with a Domain that the site and this host share, and a Path, without *, "
        "that the URL begins with; Secure ones go over https alone",
        certain=False,
    )
