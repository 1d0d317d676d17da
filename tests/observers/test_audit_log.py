"""The audit log: its lines, and what it refuses."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import time_machine

from cfsign import ConfigurationError
from cfsign.observers import AuditLog
from tests.observers.events import EVENT, REFUSED, make_event

NOW = datetime(2026, 12, 1, 16, 51, 46, 123_456, UTC)
HOSTILE = [
    "a\n{}",
    'a"b',
    "a\\",
    "a\r\n\tb",
    "\x00\x1b[2J\x7f\x85",
    "invoice\u202efdp.exe",
    "a\u2028b\u2029c\ufeff",
    "ü/日本/🔑",
    "\ud800",
]


class Lines:
    """A stream that keeps what is written."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def read(self) -> list[dict]:
        return [json.loads(line) for line in self.text.splitlines()]


@time_machine.travel(NOW.astimezone(ZoneInfo("Asia/Tokyo")), tick=False)
def test_line_has_the_time_the_event_and_the_fields_of_the_site() -> None:
    lines = Lines()
    AuditLog(lines, fields=lambda request: {"user": request})(EVENT, "ada")
    assert lines.text == (
        '{"time": "2026-12-01T16:51:46.123456Z", "resource": "ada/a.pdf", "folder": null, '
        '"outcome": "allowed", "status": 303, "delivery": "redirect", '
        '"domain": "https://media.example.com", "key_pair_id": "K1ADA2BOB3EVE4", '
        '"hash_algorithm": "SHA256", "expires_at": 1800000000, "is_cached": false, '
        '"duration": 0.000512, "user": "ada"}\n'
    )


def test_line_of_a_refusal() -> None:
    lines = Lines()
    AuditLog(lines)(REFUSED, None)
    (line,) = lines.read()
    assert line.pop("time")
    assert line == {
        "resource": "ada/a.pdf",
        "folder": None,
        "outcome": "refused",
        "status": 403,
        "delivery": "redirect",
        "domain": "https://media.example.com",
        "key_pair_id": None,
        "hash_algorithm": None,
        "expires_at": None,
        "is_cached": False,
        "duration": 0.0,
    }


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_hostile_text_stays_in_one_line_of_ascii(number: int) -> None:
    text = HOSTILE[number]
    lines = Lines()
    log = AuditLog(lines, fields=lambda request: {"user": text, text: 1})
    log(make_event(resource=text), None)
    assert lines.text.endswith("}\n")
    assert lines.text[:-1].isprintable()
    (line,) = lines.read()
    assert line["resource"] == line["user"] == text
    assert line[text] == 1


@pytest.mark.parametrize("secret", ["Signature=" + "aB3" * 40, "-----BEGIN PRIVATE KEY-----\nMII"])
def test_secret_in_a_path_does_not_reach_the_log(secret: str) -> None:
    lines = Lines()
    AuditLog(lines)(make_event(resource=f"a.txt?{secret}"), None)
    assert lines.read()[0]["resource"] == "a.txt?"


def test_logger_gets_each_line_at_level_info(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("site.audit")
    for target in (logger, logging.LoggerAdapter(logger, {})):
        caplog.clear()
        with caplog.at_level(logging.INFO, "site.audit"):
            AuditLog(target)(make_event(resource="100 %s\n"), None)
        (record,) = caplog.records
        assert record.levelno == logging.INFO
        assert json.loads(record.getMessage())["resource"] == "100 %s\n"
        assert "\n" not in record.getMessage()


@pytest.mark.parametrize(
    "result",
    [None, True, "ada", ["ada"], {1: "ada"}, {("user",): "ada"}, {"status": 200}, {"time": "now"}],
)
def test_fields_must_be_a_mapping_of_new_names(result: object) -> None:
    lines = Lines()
    with pytest.raises(ConfigurationError, match="fields of AuditLog returned"):
        AuditLog(lines, fields=lambda request: result)(EVENT, None)
    assert lines.text == ""


def _nest(depth: int) -> list:
    value: list = []
    for _ in range(depth):
        value = [value]
    return value


CIRCLE: list = []
CIRCLE.append(CIRCLE)


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), NOW, b"ada", uuid4(), {1, 2}, object(), CIRCLE, {(): 1}],
    ids=lambda value: type(value).__name__,
)
def test_value_must_be_json(value: object) -> None:
    lines = Lines()
    with pytest.raises(ConfigurationError, match="not JSON"):
        AuditLog(lines, fields=lambda request: {"user": value})(EVENT, None)
    assert lines.text == ""


@pytest.mark.parametrize("value", [_nest(100_000), 10**5000], ids=["deep", "many digits"])
def test_value_that_python_cannot_write_is_an_error(value: object) -> None:
    lines = Lines()
    with pytest.raises(ConfigurationError, match="not JSON"):
        AuditLog(lines, fields=lambda request: {"user": value})(EVENT, None)
    assert lines.text == ""


def test_fields_that_raise_are_not_hidden() -> None:
    lines = Lines()
    with pytest.raises(ZeroDivisionError):
        AuditLog(lines, fields=lambda request: 1 / 0)(EVENT, None)
    assert lines.text == ""


def test_coroutine_of_fields_is_closed() -> None:
    """Otherwise Python warns, and here a warning is an error."""

    async def get_user() -> dict:
        return {}

    with pytest.raises(ConfigurationError, match="returned coroutine"):
        AuditLog(Lines(), fields=lambda request: get_user())(EVENT, None)


async def _get_user(request: object) -> dict:
    return {}


@pytest.mark.parametrize(
    ("target", "options", "message"),
    [
        (None, {}, "got NoneType"),
        ("", {}, "got an empty path"),
        (1, {}, "got int"),
        (b"audit.jsonl", {}, "got bytes"),
        (print, {}, "got builtin_function"),
        ("a", {"fields": "user"}, "plain function, got str"),
        ("a", {"fields": {"user": "ada"}}, "plain function, got dict"),
        ("a", {"fields": _get_user}, "got an async function"),
        ("a", {"fail_closed": "False"}, "True or False, got 'False'"),
        ("a", {"fail_closed": None}, "True or False, got None"),
        (logging.getLogger("a"), {"fail_closed": True}, "cannot fail closed with a logger"),
    ],
)
def test_wrong_arguments_are_refused(target: object, options: dict, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        AuditLog(target, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("fail_closed", [True, False])
def test_fail_closed_is_an_attribute(fail_closed: bool) -> None:
    assert AuditLog("a", fail_closed=fail_closed).fail_closed is fail_closed
    assert AuditLog("a").fail_closed is False


def test_repr_shows_the_target() -> None:
    assert repr(AuditLog("/var/log/site.jsonl")) == "<AuditLog '/var/log/site.jsonl'>"
