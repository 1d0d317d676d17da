"""Conditional requests, compared with Django's evaluation of them."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys

import pytest

from cfsign.edge.server.conditions import check_conditions, matches_if_range

ETAG = '"6775bb00-a"'
MODIFIED = 1_735_768_832
BEFORE, SAME, AFTER = (
    "Wed, 01 Jan 2025 22:00:31 GMT",
    "Wed, 01 Jan 2025 22:00:32 GMT",
    "Wed, 01 Jan 2025 22:00:33 GMT",
)
TAGS = [None, ETAG, "*", '"other"', f'"other", {ETAG}', f"W/{ETAG}", f'W/"o", W/{ETAG} , "x,y"']
DATES = [None, BEFORE, SAME, AFTER, "nonsense"]
NAMES = ("IF_MATCH", "IF_UNMODIFIED_SINCE", "IF_NONE_MATCH", "IF_MODIFIED_SINCE")

DJANGO = """
import json, logging, sys
from types import SimpleNamespace
from django.conf import settings
settings.configure()
logging.disable()
from django.utils.cache import get_conditional_response
from django.http import HttpResponse
etag, modified, cases = json.load(sys.stdin)
statuses = []
for meta in cases:
    request = SimpleNamespace(META=meta, method="GET", path="/")
    response = get_conditional_response(request, etag, modified, HttpResponse())
    statuses.append(response.status_code)
json.dump(statuses, sys.stdout)
"""


def test_all_combinations_give_the_status_that_django_gives() -> None:
    """Precedence, strong and weak comparison, lists, `*` and dates that are not valid."""
    pytest.importorskip("django")
    combinations = itertools.product(TAGS, DATES, TAGS, DATES)
    cases = [
        {
            f"HTTP_{name}": value
            for name, value in zip(NAMES, values, strict=True)
            if value is not None
        }
        for values in combinations
    ]
    command = [sys.executable, "-c", DJANGO]
    sent = json.dumps([ETAG, MODIFIED, cases])
    done = subprocess.run(command, input=sent, capture_output=True, text=True, check=True)
    expected = json.loads(done.stdout)
    assert set(expected) == {200, 304, 412}
    ours = [check_conditions(case, ETAG, MODIFIED).value for case in cases]
    different = [each for each in zip(cases, ours, expected, strict=True) if each[1] != each[2]]
    assert different == []


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("IF_MATCH", "", 412),
        ("IF_NONE_MATCH", "", 200),
        ("IF_MATCH", ETAG.strip('"'), 412),
        ("IF_MATCH", "*", 200),
        ("IF_NONE_MATCH", " * ", 304),
        ("IF_MODIFIED_SINCE", "Wed, 01 Jan 2025 22:00:32 -0000", 304),
        ("IF_MODIFIED_SINCE", "Wed, 01 Jan 99999 22:00:32 GMT", 200),
        ("IF_MODIFIED_SINCE", f"Wed, 01 Jan {'9' * 20} 22:00:32 GMT", 200),
        ("IF_MODIFIED_SINCE", "Wed, 01 Foo 2025 22:00:32 GMT", 200),
        ("IF_UNMODIFIED_SINCE", "\xff", 200),
        ("IF_NONE_MATCH", '"' * 30_001, 200),
    ],
)
def test_unusual_value(header: str, value: str, status: int) -> None:
    """A date that is not valid is ignored; an entity tag that is not valid never matches."""
    assert check_conditions({f"HTTP_{header}": value}, ETAG, MODIFIED) == status


def test_file_without_a_date() -> None:
    """Some file systems have none: then only `*` matches."""
    for header, value, status in (
        ("IF_MATCH", "*", 200),
        ("IF_MATCH", ETAG, 412),
        ("IF_NONE_MATCH", "*", 304),
        ("IF_UNMODIFIED_SINCE", BEFORE, 200),
        ("IF_MODIFIED_SINCE", AFTER, 200),
    ):
        assert check_conditions({f"HTTP_{header}": value}, None, None) == status
    assert not matches_if_range(ETAG, None, None)
    assert not matches_if_range(SAME, None, None)
