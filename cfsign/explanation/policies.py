"""Mistakes in the policy document: its base64, its JSON, its shape."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from cfsign.checking.statement import read_statement
from cfsign.checking.verdict import Reason
from cfsign.errors import PolicyError
from cfsign.explanation.cause import Cause, Mistake
from cfsign.explanation.context import MAX_POLICY_BYTES, Case
from cfsign.explanation.display import shown
from cfsign.explanation.signatures import ENCODINGS

_MALFORMED = Reason.MALFORMED_POLICY

_TOP, _STATEMENT = ("Statement",), ("Resource", "Condition")
_CONDITIONS = ("DateLessThan", "DateGreaterThan", "IpAddress")
_OPERATORS = ("AWS:EpochTime", "AWS:SourceIp")
_KNOWN = (*_TOP, *_STATEMENT, *_CONDITIONS, *_OPERATORS)
_MAX_NAME = 40
# By the finders in times and in addresses.
_TOLD_ELSEWHERE = ("DateLessThan", "DateGreaterThan", "AWS:SourceIp")

_BACKSLASH = re.compile(r'\\(?!["\\/bfnrt]|u[0-9A-Fa-f]{4})')
_SHAPE = '{"Statement":[{"Resource":…,"Condition":{"DateLessThan":{"AWS:EpochTime":…}}}]}'


def find_in_policies(case: Case) -> Iterator[Cause]:
    """Find what keeps the edge from reading the policy."""
    credential = case.credential
    if credential.policy is not None and credential.expires is not None:
        yield Cause(
            Mistake.TWO_POLICIES,
            Reason.AMBIGUOUS_POLICY,
            "Both Expires and Policy are sent, and nothing says which one counts",
            "send Expires for a canned policy, or Policy for a custom one",
        )
    if credential.policy is None and not credential.expires:
        if credential.key_pair_id or credential.signature:
            yield Cause(
                Mistake.POLICY_MISSING,
                _MALFORMED,
                "There is neither Expires nor Policy, or an empty one",
                "send the one that was signed: Expires for a canned policy, Policy for a custom",
            )
    elif credential.policy is not None:
        yield from _in_custom(case, credential.policy)


def _in_custom(case: Case, text: str) -> Iterator[Cause]:
    if not case.policies:
        yield Cause(
            Mistake.NOT_BASE64,
            _MALFORMED,
            "The policy is not base64 of any kind, or it is cut",
            "encode the JSON in base64, then write + as -, = as _ and / as ~",
            f"it is {len(text)} letters long and begins with {shown(text, 12)}",
        )
        return
    decoding = case.policies[0]
    if decoding.mistake is not None:
        message, hint = ENCODINGS[decoding.mistake]
        yield Cause(decoding.mistake, _MALFORMED, f"The policy {message}", hint)
    try:
        read_statement(case.document)
    except PolicyError as error:
        yield from _in_document(case, error)


def _in_document(case: Case, error: PolicyError) -> Iterator[Cause]:
    """Name what is wrong; what no finer rule knows, in the words of the edge's own reading."""
    if len(case.document) > MAX_POLICY_BYTES:
        hint = "shorten it; a whole URL has at most 8192 bytes"
        yield Cause(Mistake.POLICY_TOO_LONG, _MALFORMED, "The policy is too long", hint)
        return
    causes = [*_in_json(case.document), *_in_shape(case.policy)]
    yield from causes
    if not causes and error.field not in _TOLD_ELSEWHERE:
        message = f"The policy cannot be used: {error}"
        yield Cause(Mistake.POLICY_SHAPE, _MALFORMED, message, f"write it as {_SHAPE}")


def _in_json(document: bytes) -> Iterator[Cause]:
    try:
        text = document.decode("utf-8")
        json.loads(text, object_pairs_hook=_unique)
    except UnicodeDecodeError:
        yield _not_json("is not UTF-8", "encode it in UTF-8, without a byte-order mark")
    except _Twice as twice:
        message = f"The policy has the member {shown(str(twice), _MAX_NAME)} twice"
        yield Cause(Mistake.MEMBER_TWICE, _MALFORMED, message, "leave one of them out")
    except json.JSONDecodeError as error:
        yield _bad_json(text, error)
    except (ValueError, RecursionError):
        yield _not_json("is not JSON that anybody can read", f"write it as {_SHAPE}")


def _bad_json(text: str, error: json.JSONDecodeError) -> Cause:
    around = shown(text[max(0, error.pos - 20) : error.pos + 20])
    evidence = f"{error.msg} at letter {error.pos}: {around}"
    if text.startswith("\ufeff"):
        return _not_json("begins with a byte-order mark", "write it without one")
    if _BACKSLASH.search(text):
        return _not_json(
            "has a backslash that JSON does not know",
            r"write the \? of a Resource as \\? in JSON",
            evidence,
        )
    if "'" in text and '"' not in text:
        return _not_json("is in single quotes", "write it with json.dumps, not str", evidence)
    return _not_json("is not JSON", f"write it as {_SHAPE}", evidence)


def _not_json(message: str, hint: str, evidence: str = "") -> Cause:
    return Cause(Mistake.NOT_JSON, _MALFORMED, f"The policy {message}", hint, evidence)


class _Twice(Exception):
    """Ends the reading of JSON with the name of a member that is there twice."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            raise _Twice(name)
        members[name] = value
    return members


def _in_shape(policy: object) -> Iterator[Cause]:
    if not isinstance(policy, dict):
        return
    yield from _members(policy, "the policy", _TOP)
    statements = policy.get("Statement")
    if isinstance(statements, dict):
        yield Cause(
            Mistake.STATEMENT_OBJECT,
            _MALFORMED,
            "Statement is an object, as AWS's page has shown it since 2023, and not an array",
            'put it into brackets, "Statement":[{...}], as every AWS SDK does',
        )
        statements = [statements]
    if not isinstance(statements, list):
        return
    if len(statements) != 1:
        yield Cause(
            Mistake.STATEMENT_COUNT,
            _MALFORMED,
            f"The policy has {len(statements)} statements; CloudFront takes exactly one",
            "sign a URL for each, one pattern that covers all, or a set of cookies for each path",
        )
    for statement in statements[:1]:
        if isinstance(statement, dict):
            yield from _in_statement(statement)


def _in_statement(statement: Mapping[str, Any]) -> Iterator[Cause]:
    yield from _members(statement, "the statement", _STATEMENT)
    if not isinstance(statement.get("Resource", ""), str):
        message = "Resource is not one text: one policy is for one URL or pattern"
        hint = "give one text; sign once for each URL, or a pattern that covers all"
        yield Cause(Mistake.POLICY_SHAPE, _MALFORMED, message, hint)
    condition = statement.get("Condition")
    if not isinstance(condition, dict):
        condition = {}
    yield from _members(condition, "the conditions", _CONDITIONS)
    if "DateLessThan" not in condition:
        yield Cause(
            Mistake.NO_DATE_LESS_THAN,
            _MALFORMED,
            "The policy has no DateLessThan, the one condition that is required",
            'give it an end: "DateLessThan":{"AWS:EpochTime":…}',
        )
    for name in _CONDITIONS:
        if isinstance(condition.get(name), dict):
            operator = "AWS:SourceIp" if name == "IpAddress" else "AWS:EpochTime"
            yield from _members(condition[name], name, (operator,))


def _members(members: Mapping[str, Any], where: str, known: tuple[str, ...]) -> Iterator[Cause]:
    unknown = next((name for name in members if name not in known), None)
    if unknown is None:
        return
    near = difflib.get_close_matches(unknown[:_MAX_NAME], _KNOWN, n=1, cutoff=0.6)
    yield Cause(
        Mistake.MEMBER_UNKNOWN,
        _MALFORMED,
        f"CloudFront knows no {shown(unknown, _MAX_NAME)} in {where}",
        f"write {near[0]}" if near and near[0] != unknown else f"only {', '.join(known)} go there",
    )
