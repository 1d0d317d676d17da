"""The keys, the edge, the servers, and one client for each flavour and each way to reach it."""

from __future__ import annotations

import contextlib
import functools
import gc
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine

# Last, so that the package under test stays the one that is installed.
sys.path.append(str(Path(__file__).parents[2]))

from cfsign import ConfigurationError, TrustedKeyGroup
from tests.conformance import servers as server_module
from tests.conformance import wire
from tests.conformance.cases import CASES, DJANGO, FLAVOURS
from tests.conformance.expectations import Judge, NotMade
from tests.conformance.signature import count_signatures, make_signer
from tests.conformance.site import driver, settings_from
from tests.conformance.wire import Reply, Request

MakeClient = Callable[..., Callable[[Request, str], Reply]]

KEY_PAIR_ID = "K2JCJMDEHXQW5F"
NOW = 1_800_000_000


@pytest.fixture(scope="module", autouse=True)
def _no_thread_left() -> Iterator[None]:
    """End the threads in which asgiref awaited: they live until they are collected."""
    yield
    gc.collect()
    end = time.monotonic() + 1
    for thread in threading.enumerate():
        if thread.name.startswith("ThreadPoolExecutor"):
            thread.join(max(0, end - time.monotonic()))


@pytest.fixture(scope="session")
def domain(trusted_keys: TrustedKeyGroup) -> Iterator[str]:
    """The distribution's domain: a local edge in front of an origin that has every file."""
    with server_module.edge(trusted_keys) as url:
        yield url


@pytest.fixture(scope="session")
def site_environ(
    domain: str, pem: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """What a deployment hands over to its sites, those of this process too."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "private_key.pem").write_text(pem)
    environ = {
        "SITE_DOMAIN": domain,
        "SITE_KEY": str(folder / "private_key.pem"),
        "SITE_KEY_PAIR_ID": KEY_PAIR_ID,
        "SITE_DATABASE": str(folder / "database.sqlite"),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environ.items():
            patch.setenv(name, value)
        yield environ


@pytest.fixture(scope="session")
def site_settings(site_environ: dict[str, str]) -> dict[str, Any]:
    """The settings that come of it."""
    return settings_from(site_environ)


@pytest.fixture(scope="session")
def sign(pem: str) -> Callable[[str, int, str | None], str]:
    """Another implementation's signatures with the same key."""
    return make_signer(KEY_PAIR_ID, pem)


@pytest.fixture(scope="session")
def servers(
    site_environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[server_module.Servers]:
    """The real servers."""
    running = server_module.Servers(tmp_path_factory.mktemp("servers"), site_environ)
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="session")
def make_client(site_environ: dict[str, str], servers: server_module.Servers) -> MakeClient:
    """Make the client of a flavour, "in process" or "over HTTP"; each application once."""
    made: dict[tuple[str, str, str], Callable[[Request, str], Reply]] = {}

    def make(flavour: str, way: str, kind: str = "file") -> Callable[[Request, str], Reply]:
        if (flavour, way, kind) not in made:
            if way == "over HTTP":
                made[flavour, way, kind] = over_http(servers.origin(flavour, kind))
            else:
                found = driver(flavour)
                settings = settings_from({**site_environ, "SITE_KEY_KIND": kind})
                made[flavour, way, kind] = found.client(found.create_app(settings))
        return made[flavour, way, kind]

    return make


def over_http(origin: str) -> Callable[[Request, str], Reply]:
    def send(request: Request, path: str) -> Reply:
        target = request.mount + path + (f"?{request.query}" if request.query else "")
        return wire.send(origin, request.method, target, request.headers)

    return send


@dataclass(frozen=True)
class Site:
    """One site, reached in one way."""

    flavour: str
    way: str
    make: Callable[[], Callable[[Request, str], Reply]]
    trusted_keys: TrustedKeyGroup
    domain: str
    sign: Callable[[str, int, str | None], str]
    signed: list[object]

    def ask(self, case: str, request: Request) -> tuple[Reply, Judge]:
        """Send the request; return the reply, and a judge for the time at which it came."""
        path = request.path(driver(self.flavour).PREFIX, case)
        fetch = self.fetch if self.way == "over HTTP" else None
        earliest = int(time.time())
        reply = self.make()(request, path)
        latest = int(time.time())
        return reply, Judge(self.domain, self.sign, self.trusted_keys, earliest, latest, fetch)

    def judge(self, case: str, request: Request | None = None, expected: Any = None) -> Reply:
        """Send a case's request, or another, and judge the reply; return it."""
        request = request or CASES[case].request
        expected = expected or CASES[case].expectation(self.flavour)
        if isinstance(expected, NotMade):
            # In the log of a server, which ends.
            with pytest.raises((ConfigurationError, AssertionError), match=expected.words):
                self.make()
            return Reply(0, ())
        self.signed.clear()
        reply, judge = self.ask(case, request)
        expected.judge(request, reply, judge)
        if self.way == "in process" and expected.signatures is not None:
            assert len(self.signed) == expected.signatures
        return reply

    def fetch(self, url: str, cookies: str = "") -> Reply:
        """Ask the edge."""
        parts = urlsplit(url)
        assert f"{parts.scheme}://{parts.netloc}" == self.domain
        headers = {"Cookie": cookies} if cookies else {}
        return wire.send(self.domain, "GET", url.removeprefix(self.domain), headers)


@pytest.fixture(params=["in process", "over HTTP"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=FLAVOURS)
def flavour(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def site(
    flavour: str,
    way: str,
    make_client: MakeClient,
    site_environ: dict[str, str],
    request: pytest.FixtureRequest,
    trusted_keys: TrustedKeyGroup,
    domain: str,
    sign: Callable[[str, int, str | None], str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Site]:
    """
    Each flavour in process and over HTTP.

    In process the clock stands, and signatures are counted.
    """
    signed: list[object] = []
    count_signatures(monkeypatch, signed)
    name = request.node.callspec.params.get("case") if "case" in request.fixturenames else None
    case = CASES.get(name)
    kind = "file" if case is None else case.key
    with contextlib.ExitStack() as stack:
        if way == "in process":
            stack.enter_context(time_machine.travel(NOW, tick=False))
            if flavour in DJANGO and kind != "file":
                driver(flavour)  # which sets Django up
                from django.test import override_settings

                # Its settings are those of the process.
                settings = settings_from({**site_environ, "SITE_KEY_KIND": kind})
                stack.enter_context(override_settings(**settings))
        make = functools.partial(make_client, flavour, way, kind)
        yield Site(flavour, way, make, trusted_keys, domain, sign, signed)
