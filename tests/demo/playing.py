"""Ways to break the demo, and a program that plays it broken: FRAMEWORK HOW."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cfsign import TrustedKeyGroup, demo
from cfsign.demo import files, readers, stage, steps
from cfsign.edge import WSGIEdge

Break = Callable[[pytest.MonkeyPatch], None]


def without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the one slow step out, where it is not what is tried."""
    expected = f"200 {steps.digest(files.BRIEF.content)}, then 403 AccessDenied"
    monkeypatch.setattr(steps, "expiry", lambda viewer: expected)


def other_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    key = stage.load_private_key(stage.generate_private_key_pem())
    group = TrustedKeyGroup({stage._KEY_PAIR_ID: key.public_key_pem()})
    monkeypatch.setattr(stage, "TrustedKeyGroup", lambda keys: group)


def no_edge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "WSGIEdge", lambda app, keys, **_: app)


def edge_that_strips_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def edge(app: Any, keys: Any, **_: Any) -> Any:
        def checked(environ: Any, start_response: Any) -> Any:
            def allowed(_: Any, start_response: Any) -> Any:
                return app(environ, start_response)

            return WSGIEdge(allowed, keys)(environ, start_response)

        return checked

    monkeypatch.setattr(stage, "WSGIEdge", edge)


def all_may_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "may_read", lambda viewer, resource: True)


def one_byte_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextlib.contextmanager
    def folder() -> Iterator[Path]:
        with files.private_folder() as path:
            file = path / files.PICTURE.name
            file.write_bytes(file.read_bytes()[:-1])
            yield path

    monkeypatch.setattr(stage, "private_folder", folder)


def main(framework: str, how: str) -> int:
    with pytest.MonkeyPatch.context() as patch:
        without_waiting(patch)
        globals()[how](patch)
        return demo.play_once(framework)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
