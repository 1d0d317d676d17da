"""Functions that break the demo, and a program that runs it: FRAMEWORK FUNCTION."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cfsign import TrustedKeyGroup, demo
from cfsign.demo import files, servers, steps, users
from cfsign.edge import WSGIEdge

Break = Callable[[pytest.MonkeyPatch], None]


def skip_expiry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip the slow step, where a test is about another one."""
    expected = f"200 {steps.describe_content(files.BRIEF.content)}, then 403 AccessDenied"
    monkeypatch.setattr(steps, "wait_for_expiry", lambda browser: expected)


def trust_other_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The edge trusts another key than the site's."""
    key = servers.load_private_key(servers.generate_private_key_pem())
    group = TrustedKeyGroup({servers.KEY_PAIR_ID: key.public_key_pem()})
    monkeypatch.setattr(servers, "TrustedKeyGroup", lambda keys: group)


def remove_edge(monkeypatch: pytest.MonkeyPatch) -> None:
    """The files are served without any check."""
    monkeypatch.setattr(servers, "WSGIEdge", lambda app, keys, **_: app)


def forward_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """The edge forwards the credential to the origin."""

    def edge(app: Any, keys: Any, **_: Any) -> Any:
        def check(environ: Any, start_response: Any) -> Any:
            def forward(_: Any, start_response: Any) -> Any:
                return app(environ, start_response)

            return WSGIEdge(forward, keys)(environ, start_response)

        return check

    monkeypatch.setattr(servers, "WSGIEdge", edge)


def allow_every_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every user may read every file."""
    monkeypatch.setattr(users, "can_read", lambda user, resource: True)


def truncate_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last byte of a file is missing."""

    @contextlib.contextmanager
    def create_folder() -> Iterator[Path]:
        with files.create_private_folder() as path:
            file = path / files.PICTURE.name
            file.write_bytes(file.read_bytes()[:-1])
            yield path

    monkeypatch.setattr(servers, "create_private_folder", create_folder)


def main(framework: str, function: str) -> int:
    with pytest.MonkeyPatch.context() as patch:
        skip_expiry(patch)
        globals()[function](patch)
        return demo.run_once(framework)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
