"""Mistakes in the policy document: its base64, its JSON and its members."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from cfsign.checking.statement import read_statement
from cfsign.checking.verdict import Reason
from cfsign.errors import PolicyError
from cfsign.explanation.base64_variants import BASE64_MISTAKES
from cfsign.explanation.cause import Cause, Mistake
from cfsign.explanation.context import Context
from cfsign.explanation.display import to_printable
from cfsign.explanation.rules.times import build_unset
from cfsign.limits import MAX_POLICY_BYTES, MAX_URL_BYTES
from cfsign.utils.strict_json import StrictJSONError, parse_json

_MALFORMED = Reason.MALFORMED_POLICY

_POLICY, _STATEMENT = ("Statement",), ("Resource", "Condition")
_CONDITIONS = ("DateLessThan", "DateGreaterThan", "IpAddress")
_OPERATORS = ("AWS:EpochTime", "AWS:SourceIp")
_ALL_MEMBERS = (*_POLICY, *_STATEMENT, *_CONDITIONS, *_OPERATORS)
_IAM_MEMBERS = frozenset({"Effect", "Action", "NotAction", "NotResource"})
_MAX_NAME = 40
# Members that the rules in times.py and address.py check.
_CHECKED_ELSEWHERE = ("DateLessThan", "DateGreaterThan", "AWS:SourceIp")

_BACKSLASH = re.compile(r'\\(?!["\\/bfnrt]|u[0-9A-Fa-f]{4})')
_WRITE_POLICY = (
    'write it as {"Statement":[{"Resource":…,"Condition":{"DateLessThan":{"AWS:EpochTime":…}}}]}'
)


def check_policy(context: Context) -> Iterator[Cause]:
    """Yield the reasons why the edge cannot read the policy."""
    credential = context.credential
    statement = context.statement
    if (
        credential.policy is not None
        and statement is not None
        and credential.expires not in (None, str(statement.expires_at))
    ):
        yield Cause(
            Mistake.TWO_POLICIES,
            Reason.AMBIGUOUS_POLICY,
            "Expires and Policy name different times, and AWS does not document which one counts",
            "send only Expires for a canned policy, or only Policy for a custom one",
            f"Expires is {to_printable(credential.expires or '', 20) or 'empty'}, DateLessThan is "
            f"{statement.expires_at}",
        )
    if credential.policy is None and not credential.expires:
        if credential.key_pair_id or credential.signature:
            yield Cause(
                Mistake.POLICY_MISSING,
                _MALFORMED,
                "Expires and Policy are missing or empty",
                "send Expires for a canned policy, or Policy for a custom one",
            )
    elif credential.policy is not None:
        yield from _check_custom(context, credential.policy)


def _check_custom(context: Context, text: str) -> Iterator[Cause]:
    if not context.policies:
        yield Cause(
            Mistake.NOT_BASE64,
            _MALFORMED,
            "The policy is not base64, or a part of it is missing",
            "encode the JSON as base64, then replace + with -, = with _ and / with ~",
            f"it has {len(text)} characters and starts with {to_printable(text, 12)}",
        )
        return
    mistake = context.policies[0].mistake
    if mistake is not None:
        message, hint = BASE64_MISTAKES[mistake]
        yield Cause(mistake, _MALFORMED, f"The policy {message}", hint)
    try:
        read_statement(context.document)
    except PolicyError as error:
        yield from _check_document(context, error)


def _check_document(context: Context, error: PolicyError) -> Iterator[Cause]:
    """Yield the mistakes in the JSON; if no mistake is recognized, a cause from *error*."""
    if len(context.document) > MAX_POLICY_BYTES:
        hint = f"shorten it; a whole URL has at most {MAX_URL_BYTES} bytes"
        yield Cause(Mistake.POLICY_TOO_LONG, _MALFORMED, "The policy is too long", hint)
        return
    causes = [*_check_json(context.document), *_check_members(context.policy)]
    yield from causes
    if not causes and error.field not in _CHECKED_ELSEWHERE:
        message = f"The policy cannot be used: {error.message}"
        yield Cause(Mistake.POLICY_SHAPE, _MALFORMED, message, _WRITE_POLICY)


def _check_json(document: bytes) -> Iterator[Cause]:
    try:
        parse_json(document)
    except StrictJSONError as error:
        if error.member:
            name = to_printable(error.member, _MAX_NAME)
            message = f"The policy has the member {name} twice"
            yield Cause(Mistake.MEMBER_TWICE, _MALFORMED, message, "remove one of them")
        else:
            message, hint = _describe_json_error(document)
            evidence = f"{error}: {_quote(document, error)}" if error.line else str(error)
            yield Cause(Mistake.NOT_JSON, _MALFORMED, f"The policy {message}", hint, evidence)


def _describe_json_error(document: bytes) -> tuple[str, str]:
    """Return the rest of a sentence about the policy, and the hint."""
    try:
        text = document.decode("utf-8")
    except UnicodeDecodeError:
        return "is not UTF-8", "encode it in UTF-8, without a byte-order mark"
    if text.startswith("\ufeff"):
        return "starts with a byte-order mark", "write it without one"
    if "\\?" in text:
        return r"contains \?, which JSON does not allow", "write ? without a backslash"
    if _BACKSLASH.search(text):
        return (
            "has a backslash that JSON does not allow",
            "remove it, or write two for a backslash that belongs to the text",
        )
    if "'" in text and '"' not in text:
        return "is in single quotes", "write it with json.dumps, not with str"
    return "is not JSON", _WRITE_POLICY


def _quote(document: bytes, error: StrictJSONError) -> str:
    """Return the text around the error."""
    line = document.decode("utf-8", "replace").split("\n")[(error.line or 1) - 1]
    at = (error.column or 1) - 1
    return to_printable(line[max(0, at - 20) : at + 20])


def _check_members(policy: object) -> Iterator[Cause]:
    if not isinstance(policy, dict):
        return
    other = _recognize_other(policy)
    if other:
        yield Cause(
            Mistake.OTHER_POLICY,
            _MALFORMED,
            f"This is {other}, not a policy of CloudFront's signed URLs",
            f"sign another document: {_WRITE_POLICY}",
        )
        return
    yield from _check_names(policy, "the policy", _POLICY)
    statements = policy.get("Statement")
    if isinstance(statements, dict):
        yield Cause(
            Mistake.STATEMENT_OBJECT,
            _MALFORMED,
            "Statement is an object, but must be an array",
            'put it in brackets, "Statement":[{...}], as AWS\'s page and every AWS SDK do. '
            "In 2023 the page showed an object",
        )
        statements = [statements]
    if not isinstance(statements, list):
        return
    if len(statements) != 1:
        yield Cause(
            Mistake.STATEMENT_COUNT,
            _MALFORMED,
            f"The policy has {len(statements)} statements, but CloudFront accepts exactly one",
            "sign each URL, sign one pattern that covers all, or set cookies for each path",
        )
    for statement in statements[:1]:
        if isinstance(statement, dict):
            yield from _check_statement(statement)


def _recognize_other(policy: Mapping[str, Any]) -> str:
    """Return the name of another kind of AWS policy, or ""."""
    if "conditions" in policy and "expiration" in policy:
        return "a POST policy of S3"
    statements = policy.get("Statement")
    listed = statements if isinstance(statements, list) else [statements]
    statement = next((one for one in listed if isinstance(one, dict)), {})
    condition = statement.get("Condition")
    if isinstance(condition, dict) and "DateLessThan" in condition:
        return ""  # CloudFront's, with members of other policies in it
    if "Principal" in statement or "NotPrincipal" in statement:
        return "a bucket policy, or another policy of a resource"
    return "" if _IAM_MEMBERS.isdisjoint(statement) else "a policy of IAM"


def _check_statement(statement: Mapping[str, Any]) -> Iterator[Cause]:
    yield from _check_names(statement, "the statement", _STATEMENT)
    if statement.get("Resource", "") is None:
        yield build_unset("Resource", "null", "pass the URL, or a pattern that covers it")
    elif not isinstance(statement.get("Resource", ""), str):
        message = "Resource is not a single string, but a policy is for one URL or pattern"
        hint = "use one string: sign each URL, or a pattern that covers all"
        yield Cause(Mistake.POLICY_SHAPE, _MALFORMED, message, hint)
    condition = statement.get("Condition")
    if not isinstance(condition, dict):
        condition = {}
    yield from _check_names(condition, "the conditions", _CONDITIONS)
    if "DateLessThan" not in condition:
        yield Cause(
            Mistake.NO_DATE_LESS_THAN,
            _MALFORMED,
            "The policy has no DateLessThan, which is required",
            'add an expiry: "DateLessThan":{"AWS:EpochTime":…}',
        )
    for name in _CONDITIONS:
        if isinstance(condition.get(name), dict):
            operator = "AWS:SourceIp" if name == "IpAddress" else "AWS:EpochTime"
            yield from _check_names(condition[name], name, (operator,))


def _check_names(members: Mapping[str, Any], where: str, known: tuple[str, ...]) -> Iterator[Cause]:
    unknown = next((name for name in members if name not in known), None)
    if unknown is None:
        return
    similar = difflib.get_close_matches(unknown[:_MAX_NAME], _ALL_MEMBERS, n=1, cutoff=0.6)
    yield Cause(
        Mistake.MEMBER_UNKNOWN,
        _MALFORMED,
        f"CloudFront does not know the member {to_printable(unknown, _MAX_NAME)} in {where}",
        f"rename it to {similar[0]}"
        if similar and similar[0] != unknown
        else f"remove it. Only these members are allowed: {', '.join(known)}",
    )
