"""
The time that a view adds to its framework's bare redirect, in process and without the signature.

`python -m benchmarks.views` prints it for each adapter. The private key is a stub that takes no
time, so the difference between the signed view and the bare redirect is the time of the view.

The times are CPU times. The three kinds of requests run one after the other in each round, and the
lowest median of all rounds counts, so other work on the machine matters little. On Linux everything
runs on one core: Django and Flask change threads at each async request, and with several cores that
varies by hundreds of microseconds.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.test import override_settings

from benchmarks import view_apps
from benchmarks.cores import on_core
from benchmarks.tables import build_table
from benchmarks.view_apps import KINDS

_REQUESTS = 50

#: Requests a path a number of times, and returns the CPU seconds of each request.
SendRequests = Callable[[str, int], list[float]]


@dataclass(frozen=True)
class Adapter:
    """
    An application to time.

    Attributes:
        name: The framework, with "async" if its views are.
        send: Sends requests to the application.
        configure: Returns a context in which the application serves one of the `KINDS`.
    """

    name: str
    send: SendRequests
    configure: Callable[[str], Any] = lambda kind: nullcontext()

    def time(self, kind: str) -> float:
        """Return the median CPU seconds of a request of *kind*."""
        with self.configure(kind):
            return statistics.median(self.send(f"/{kind}/dir/film.mp4", _REQUESTS))


def measure(rounds: int) -> list[dict[str, Any]]:
    """
    Time all adapters.

    Args:
        rounds: How often to time each kind of request. The lowest median counts.

    Returns:
        For each adapter its name as `adapter`, and the microseconds of a request as `bare_us`,
        `signed_us` and `stable_us`.
    """
    gc.collect()
    gc.disable()
    try:
        with on_core(1), asyncio.Runner() as runner:
            return [_measure_adapter(adapter, rounds) for adapter in _build_adapters(runner)]
    finally:
        gc.enable()


def _measure_adapter(adapter: Adapter, rounds: int) -> dict[str, Any]:
    lowest = dict.fromkeys(KINDS, float("inf"))
    for _ in range(rounds):
        for kind in KINDS:
            lowest[kind] = min(lowest[kind], adapter.time(kind) * 1e6)
    return {"adapter": adapter.name, **{f"{kind}_us": lowest[kind] for kind in KINDS}}


def _build_adapters(runner: asyncio.Runner) -> Iterator[Adapter]:
    yield Adapter("Flask", _send_over_wsgi(view_apps.build_flask()))
    yield Adapter("Flask async", _send_over_wsgi(view_apps.build_flask_async()))
    view_apps.set_up_django()
    for name, send, is_async in (
        ("Django", _send_over_wsgi(get_wsgi_application()), False),
        ("Django async", _send_over_asgi(get_asgi_application(), runner), True),
    ):
        settings = {
            kind: view_apps.build_django_settings(kind, is_async=is_async) for kind in KINDS
        }
        yield Adapter(name, send, partial(_override_settings, settings))
    yield Adapter("Falcon", _send_over_wsgi(view_apps.build_falcon()))
    yield Adapter("Falcon async", _send_over_asgi(view_apps.build_falcon_async(), runner))
    yield Adapter("FastAPI", _send_over_asgi(view_apps.build_fastapi(), runner))


def _override_settings(settings: dict[str, dict[str, Any]], kind: str) -> override_settings:
    return override_settings(**settings[kind])


def _send_over_wsgi(app: Any) -> SendRequests:
    def send_requests(path: str, count: int) -> list[float]:
        times = []
        for _ in range(count):
            environ = {
                "REQUEST_METHOD": "GET",
                "SCRIPT_NAME": "",
                "PATH_INFO": path,
                "QUERY_STRING": "",
                "SERVER_NAME": "localhost",
                "SERVER_PORT": "80",
                "SERVER_PROTOCOL": "HTTP/1.1",
                "REMOTE_ADDR": "127.0.0.1",
                "HTTP_HOST": "localhost",
                "wsgi.version": (1, 0),
                "wsgi.url_scheme": "http",
                "wsgi.input": sys.stdin.buffer,
                "wsgi.errors": sys.stderr,
                "wsgi.multithread": False,
                "wsgi.multiprocess": False,
                "wsgi.run_once": False,
            }
            statuses: list[str] = []

            def start_response(
                status: str, headers: Any, error: Any = None, statuses: list[str] = statuses
            ) -> None:
                statuses.append(status)

            begin = time.process_time()
            body = app(environ, start_response)
            b"".join(body)
            if hasattr(body, "close"):
                body.close()
            times.append(time.process_time() - begin)
            _check_status(statuses[0][:3])
        return times

    return send_requests


def _send_over_asgi(app: Any, runner: asyncio.Runner) -> SendRequests:
    async def send_requests(path: str, count: int) -> list[float]:
        times = []
        for _ in range(count):
            scope = {
                "type": "http",
                "asgi": {"version": "3.0", "spec_version": "2.3"},
                "http_version": "1.1",
                "method": "GET",
                "scheme": "http",
                "path": path,
                "raw_path": path.encode(),
                "root_path": "",
                "query_string": b"",
                "headers": [(b"host", b"localhost")],
                "client": ("127.0.0.1", 50000),
                "server": ("127.0.0.1", 80),
            }
            messages: list[dict[str, Any]] = []
            requests = iter([{"type": "http.request", "body": b"", "more_body": False}])

            async def receive(requests: Any = requests) -> dict[str, Any]:
                for request in requests:
                    return request
                return await asyncio.Future()  # the client stays connected

            async def send(message: dict[str, Any], messages: Any = messages) -> None:
                messages.append(message)

            begin = time.process_time()
            await app(scope, receive, send)
            times.append(time.process_time() - begin)
            _check_status(str(messages[0]["status"]))
        return times

    return lambda path, count: runner.run(send_requests(path, count))


def _check_status(status: str) -> None:
    if status != "303":
        raise SystemExit(f"a view answered with {status}")


def _format_table(rows: list[dict[str, Any]]) -> str:
    head = ("adapter", "bare, µs", "signed, µs", "over bare, µs", "stable, µs", "over bare, µs")
    cells = []
    for row in rows:
        bare, signed, stable = (row[f"{kind}_us"] for kind in KINDS)
        times = (bare, signed, signed - bare, stable, stable - bare)
        cells.append([row["adapter"], *(f"{each:.1f}" for each in times)])
    return build_table(head, cells)


def main() -> None:
    """Time the views and print the result."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=100, help="how often to time each request")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    rows = measure(options.rounds)
    print(json.dumps(rows) if options.json else _format_table(rows))


if __name__ == "__main__":
    main()
