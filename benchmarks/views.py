"""
The views in process, without a server: what each adds to its framework's own bare redirect.

`python -m benchmarks.views` prints, for each flavour, what a request costs to the bare redirect, to
the signed view, and to the signed view with stable URLs and a warm cache. The key signs in no time,
so what the signed view costs over the bare one is all ours.

A busy machine is no excuse: what counts is the processor's time, the three are asked in turn, and
of many rounds the one with the least median counts. All of it stays on one core, where the system
lets us say so: Django and Flask change threads at each async request, and what such a request costs
would jump by some hundreds of microseconds with the cores that its threads are on.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import django
import falcon
import falcon.asgi
import flask
from django.conf import settings as django_settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponseRedirect
from django.test import override_settings
from django.urls import path

import cfsign_falcon
import cfsign_falcon.asgi
from benchmarks.cores import on_core
from cfsign import Distribution
from cfsign_flask import CloudFront, signed_redirect_blueprint

_HOST = "https://media.example.com"
_LOCATION = f"{_HOST}/dir/film.mp4?Expires=1999999999&Signature={'x' * 344}&Key-Pair-Id=K1"
_KINDS = ("bare", "signed", "stable")
_REQUESTS = 50

#: Asks for a path so many times, and returns how long each took, in seconds.
Ask = Callable[[str, int], list[float]]


class StubKey:
    """Signs in no time."""

    def sign(self, message: bytes, hash_algorithm: str) -> bytes:
        """Return what is as long as a signature."""
        return bytes(256)

    def public_key_pem(self) -> str:
        """Return none; nobody verifies."""
        return ""


def _settings(kind: str) -> dict[str, Any]:
    config: dict[str, Any] = {"private_key": StubKey(), "key_pair_id": "K1"}
    if kind == "stable":
        config["expiry_step"] = 86400
    return {"CLOUDFRONT_DOMAIN": _HOST, "CLOUDFRONT_CONFIG": config}


@dataclass(frozen=True)
class Flavour:
    """A framework, in one of its two colours."""

    name: str
    ask: Ask
    #: What the site is like while it is asked for one of the kinds.
    within: Callable[[str], Any] = lambda kind: nullcontext()

    def time(self, kind: str) -> float:
        """Return the seconds that a request of the kind takes: the median of some."""
        with self.within(kind):
            return statistics.median(self.ask(f"/{kind}/dir/film.mp4", _REQUESTS))


def measure(rounds: int) -> list[dict[str, Any]]:
    """
    Measure all six flavours.

    Args:
        rounds: How often each kind is timed; the shortest of the medians counts.

    Returns:
        For each flavour: its name; `bare_us`, `signed_us` and `stable_us`, microseconds a request;
        `signed_over_bare_us`, which is to be 25 at most; and `stable_over_bare_us`. That stable
        URLs are to have 0.95 of the bare redirect's requests a second holds for a server, where
        a request costs several times what it does here.
    """
    gc.collect()
    gc.disable()
    try:
        with on_core(1), asyncio.Runner() as runner:
            return [_row(flavour, rounds) for flavour in _flavours(runner)]
    finally:
        gc.enable()


def _row(flavour: Flavour, rounds: int) -> dict[str, Any]:
    least = dict.fromkeys(_KINDS, float("inf"))
    for _ in range(rounds):
        for kind in _KINDS:
            least[kind] = min(least[kind], flavour.time(kind) * 1e6)
    return {
        "flavour": flavour.name,
        **{f"{kind}_us": least[kind] for kind in _KINDS},
        "signed_over_bare_us": least["signed"] - least["bare"],
        "stable_over_bare_us": least["stable"] - least["bare"],
    }


def _flavours(runner: asyncio.Runner) -> Iterator[Flavour]:
    yield Flavour("Flask", _over_wsgi(_flask(lambda resource: 200, _flask_bare)))
    yield Flavour("Flask, async", _over_wsgi(_flask(_yes, _flask_bare_async)))
    _set_up_django()
    wsgi, asgi = get_wsgi_application(), get_asgi_application()
    for name, ask, is_async in (
        ("Django", _over_wsgi(wsgi), False),
        ("Django, async", _over_asgi(asgi, runner), True),
    ):
        sites = {kind: _django_site(kind, is_async) for kind in _KINDS}
        yield Flavour(name, ask, lambda kind, sites=sites: override_settings(**sites[kind]))  # type: ignore[misc]
    yield Flavour("Falcon", _over_wsgi(_falcon(falcon.App(), _Content, _Bare)))
    app = _falcon(falcon.asgi.App(), _AsyncContent, _AsyncBare)
    yield Flavour("Falcon, ASGI", _over_asgi(app, runner))


def _over_wsgi(app: Any) -> Ask:
    def ask(at: str, times: int) -> list[float]:
        took = []
        for _ in range(times):
            environ = {
                "REQUEST_METHOD": "GET",
                "SCRIPT_NAME": "",
                "PATH_INFO": at,
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
            answer: list[str] = []

            def start_response(
                status: str, headers: Any, error: Any = None, answer: list[str] = answer
            ) -> None:
                answer.append(status)

            begin = time.process_time()
            body = app(environ, start_response)
            b"".join(body)
            if hasattr(body, "close"):
                body.close()
            took.append(time.process_time() - begin)
            _expect_see_other(answer[0][:3])
        return took

    return ask


def _over_asgi(app: Any, runner: asyncio.Runner) -> Ask:
    async def ask(at: str, times: int) -> list[float]:
        took = []
        for _ in range(times):
            scope = {
                "type": "http",
                "asgi": {"version": "3.0", "spec_version": "2.3"},
                "http_version": "1.1",
                "method": "GET",
                "scheme": "http",
                "path": at,
                "raw_path": at.encode(),
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
                return await asyncio.Future()  # a viewer who stays on the line

            async def send(message: dict[str, Any], messages: Any = messages) -> None:
                messages.append(message)

            begin = time.process_time()
            await app(scope, receive, send)
            took.append(time.process_time() - begin)
            _expect_see_other(str(messages[0]["status"]))
        return took

    return lambda at, times: runner.run(ask(at, times))


def _expect_see_other(status: str) -> None:
    if status != "303":
        raise SystemExit(f"a view answered with {status}")


async def _yes(*args: Any, **kwargs: Any) -> int:
    return 200


def _flask_bare(resource: str) -> Any:
    return flask.redirect(_LOCATION, 303)


async def _flask_bare_async(resource: str) -> Any:
    return flask.redirect(_LOCATION, 303)


def _flask(authorize: Any, bare: Any) -> Any:
    """Make two applications, since each has one distribution, and hand each path to its own."""
    apps = {}
    for kind in ("signed", "stable"):
        app = flask.Flask(kind)
        app.config.update(_settings(kind))
        CloudFront(app)
        blueprint = signed_redirect_blueprint("content", __name__, authorize, f"/{kind}")
        app.register_blueprint(blueprint)
        app.add_url_rule("/bare/<path:resource>", "bare", bare)
        apps[kind] = app
    stable = apps["stable"].wsgi_app
    signed = apps["signed"].wsgi_app

    def of_path(environ: dict[str, Any], start_response: Any) -> Any:
        at = environ["PATH_INFO"]
        return (stable if at.startswith("/stable") else signed)(environ, start_response)

    return of_path


class _SeeOther(HttpResponseRedirect):
    status_code = 303


def _set_up_django() -> None:
    if django_settings.configured:
        return
    from cfsign_django.views import AsyncSignedRedirectView, SignedRedirectView

    class Content(SignedRedirectView):
        def authorize(self, request: Any, resource: str, **url_args: Any) -> int:
            return 200

    class AsyncContent(AsyncSignedRedirectView):
        async def authorize(self, request: Any, resource: str, **url_args: Any) -> int:
            return 200

    def bare(request: Any, resource: str) -> Any:
        return _SeeOther(_LOCATION)

    async def bare_async(request: Any, resource: str) -> Any:
        return _SeeOther(_LOCATION)

    _DJANGO_VIEWS.update(
        {
            ("bare", False): bare,
            ("bare", True): bare_async,
            **dict.fromkeys((("signed", False), ("stable", False)), Content.as_view()),
            **dict.fromkeys((("signed", True), ("stable", True)), AsyncContent.as_view()),
        }
    )
    django_settings.configure(
        ALLOWED_HOSTS=["*"],
        SECRET_KEY="views",  # noqa: S106  nothing is signed with it
        INSTALLED_APPS=["cfsign_django"],
        **_django_site("bare", False),
    )
    django.setup()


#: The views by their kind and by whether they are async.
_DJANGO_VIEWS: dict[tuple[str, bool], Any] = {}


def _django_site(kind: str, is_async: bool) -> dict[str, Any]:
    """Return the settings of a site with one route, since Django tries them in turn."""
    route = path(f"{kind}/<path:resource>", _DJANGO_VIEWS[kind, is_async])
    return {**_settings(kind), "ROOT_URLCONF": type("Routes", (), {"urlpatterns": (route,)})}


class _Content(cfsign_falcon.SignedRedirectResource):
    def authorize(self, req: Any, resource: str, **params: Any) -> int:
        return 200


class _AsyncContent(cfsign_falcon.asgi.SignedRedirectResource):
    async def authorize(self, req: Any, resource: str, **params: Any) -> int:
        return 200


class _Bare:
    def on_get(self, req: Any, resp: Any, resource: str) -> None:
        raise falcon.HTTPSeeOther(_LOCATION)


class _AsyncBare:
    async def on_get(self, req: Any, resp: Any, resource: str) -> None:
        raise falcon.HTTPSeeOther(_LOCATION)


def _falcon(app: Any, content: Any, bare: Any) -> Any:
    for kind in ("signed", "stable"):
        distribution = Distribution.from_config(_settings(kind))
        app.add_route(f"/{kind}/{{resource:path}}", content(distribution))
    app.add_route("/bare/{resource:path}", bare())
    return app


def table(rows: list[dict[str, Any]]) -> str:
    """Return what was measured as a table in Markdown."""
    lines = [
        "| flavour | bare, µs | signed, µs | over bare, µs | stable, µs | over bare, µs |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {row['flavour']} | {row['bare_us']:.1f} | {row['signed_us']:.1f} "
        f"| {row['signed_over_bare_us']:.1f} | {row['stable_us']:.1f} "
        f"| {row['stable_over_bare_us']:.1f} |"
        for row in rows
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=100, help="how often each is timed")
    rounds = parser.parse_args().rounds
    sys.stdout.write(table(measure(rounds)) + "\n")


if __name__ == "__main__":
    main()
