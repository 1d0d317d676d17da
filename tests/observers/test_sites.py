"""An audit log that fails closed, on a real site: nothing is handed out without a line."""

from __future__ import annotations

import io
import json
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pytest

pytest.importorskip("flask")

import flask

from cfsign.observers import AuditLog
from cfsign.views import ViewOptions
from cfsign_flask import CloudFront, SignedRedirectView

DELIVERIES: dict[str, dict[str, Any]] = {
    "redirect": {},
    "json": {"delivery": "json"},
    "cookies": {"delivery": "cookies", "cookie_domain": "example.com"},
}
if "folder" in ViewOptions.__dataclass_fields__:
    DELIVERIES["cookies"]["folder"] = "videos/42"


@pytest.fixture(params=DELIVERIES)
def make_client(request: pytest.FixtureRequest, pem: str) -> Callable[..., Any]:
    """Return a function that makes a client of a site with these observers."""
    delivery = DELIVERIES[request.param]

    def make(*observers: object) -> Any:
        app = flask.Flask("site")
        app.config["CLOUDFRONT_DOMAIN"] = "https://media.example.com"
        app.config["CLOUDFRONT_CONFIG"] = {
            "key_pair_id": "K2JCJMDEHXQW5F",
            "private_key": pem,
            "observers": list(observers),
        }
        CloudFront(app)

        class Video(SignedRedirectView):
            def authorize(self, resource: str) -> int:
                return 200 if flask.request.headers.get("X-User") == "ada" else 403

        for name, value in delivery.items():
            setattr(Video, name, value)
        app.add_url_rule("/content/<path:resource>", view_func=Video.as_view("video"))
        return app.test_client()

    return make


def get(client: Any, user: str = "ada") -> Any:
    return client.get("/content/videos/42/1.ts", headers={"X-User": user})


def is_handed_out(response: Any) -> bool:
    text = f"{response.headers}{response.get_data(as_text=True)}"
    return any(name in text for name in ("Signature", "Location", "Set-Cookie", "media.example"))


def _open_read_only(folder: Path) -> IO[str]:
    (folder / "audit.jsonl").touch()
    return (folder / "audit.jsonl").open()


def _open_full(folder: Path) -> IO[str]:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    return open("/dev/full", "w")


def _close(folder: Path) -> IO[str]:
    stream = io.StringIO()
    stream.close()
    return stream


TARGETS = {
    "read-only": _open_read_only,
    "full disk": _open_full,
    "closed": _close,
    "missing folder": lambda folder: folder / "missing" / "audit.jsonl",
}


@pytest.fixture(params=TARGETS)
def broken(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """A target that cannot be written."""
    target = TARGETS[request.param](tmp_path)
    yield target
    if not isinstance(target, os.PathLike):
        try:
            target.close()
        except OSError:  # what could not be written to the full disk
            target.close()


def test_nothing_is_handed_out_without_a_line(make_client: Callable[..., Any], broken: Any) -> None:
    client = make_client(AuditLog(broken, fail_closed=True))
    for _ in range(3):
        response = get(client)
        assert response.status_code == 503
        assert not is_handed_out(response)
        assert response.headers["Cache-Control"] == "no-store"


def test_otherwise_the_error_is_logged(
    make_client: Callable[..., Any], broken: Any, caplog: pytest.LogCaptureFixture
) -> None:
    response = get(make_client(AuditLog(broken)))
    assert response.status_code in (200, 303)
    assert is_handed_out(response)
    records = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert records
    text = "".join(logging.Formatter().format(record) for record in records)
    assert "cannot be written" in text, "the log names the reason"
    assert "Signature" not in text


def test_fields_that_fail_hand_out_nothing(make_client: Callable[..., Any]) -> None:
    stream = io.StringIO()
    client = make_client(AuditLog(stream, fields=lambda request: {"user": b""}, fail_closed=True))
    response = get(client)
    assert response.status_code == 503
    assert not is_handed_out(response)
    assert stream.getvalue() == ""


def test_line_comes_before_the_response(make_client: Callable[..., Any], tmp_path: Path) -> None:
    """The line has the user of the same request."""
    path = tmp_path / "audit.jsonl"
    log = AuditLog(path, fields=lambda request: {"user": request.headers["X-User"]})
    client = make_client(log)
    responses = [get(client), get(client, "bob"), get(client)]
    lines = [json.loads(line) for line in path.read_text("ascii").splitlines()]
    assert [line["user"] for line in lines] == ["ada", "bob", "ada"]
    assert [line["outcome"] for line in lines] == ["allowed", "refused", "allowed"]
    assert [line["status"] for line in lines] == [each.status_code for each in responses]
    assert [is_handed_out(response) for response in responses] == [True, False, True]
    assert "Signature" not in path.read_text()
    assert {line["resource"] for line in lines} == {"videos/42/1.ts"}
    assert lines[0]["key_pair_id"] == "K2JCJMDEHXQW5F"
    assert lines[0]["duration"] > 0
    assert lines[1]["key_pair_id"] is None


def test_path_with_a_control_character_and_a_signature(make_client: Callable[..., Any]) -> None:
    stream = io.StringIO()
    client = make_client(AuditLog(stream))
    client.get(f"/content/a%C2%85%22%3FSignature={'aB3' * 99}", headers={"X-User": "ada"})
    assert stream.getvalue().isascii()
    (line,) = map(json.loads, stream.getvalue().splitlines())
    assert line["resource"].endswith('"?')
    assert (line["outcome"], line["status"]) == ("invalid", 404)
