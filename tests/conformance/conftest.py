"""Fixtures: the keys, the edge, the servers, and the clients of each adapter."""

from __future__ import annotations

import contextlib
import functools
import gc
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine

from cfsign import ConfigurationError, TrustedKeyGroup
from tests.conformance import servers as server_module
from tests.conformance import wire
from tests.conformance.cases import ADAPTERS, CASES, DJANGO
from tests.conformance.expectations import Checker, FailsToStart
from tests.conformance.signature import count_signatures, make_signer
from tests.conformance.site import VIDEOS_HOST, driver, settings_from
from tests.conformance.wire import Reply, Request

MakeClient = Callable[..., Callable[[Request, str], Reply]]

KEY_PAIR_ID = "K2JCJMDEHXQW5F"
NOW = 1_800_000_000


@pytest.fixture(scope="module", autouse=True)
def _no_thread_left() -> Iterator[None]:
    """End the threads of asgiref, which live until the garbage collector runs."""
    yield
    gc.collect()
    end = time.monotonic() + 1
    for thread in threading.enumerate():
        if thread.name.startswith("ThreadPoolExecutor"):
            thread.join(max(0, end - time.monotonic()))


@pytest.fixture(scope="session")
def domain(site_domain: str) -> str:
    """The distribution's domain."""
    return site_domain


@pytest.fixture(scope="session")
def site_settings(site_environ: dict[str, str]) -> dict[str, Any]:
    """The settings from that environment."""
    return settings_from(site_environ)


@pytest.fixture(scope="session")
def sign(pem: str) -> Callable[[str, int, str | None], str]:
    """Sign a URL with the same key by another implementation."""
    return make_signer(KEY_PAIR_ID, pem)


@pytest.fixture(scope="session")
def servers(
    site_environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[server_module.Servers]:
    """The servers of the sites."""
    running = server_module.Servers(tmp_path_factory.mktemp("servers"), site_environ)
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="session")
def make_client(site_environ: dict[str, str], servers: server_module.Servers) -> MakeClient:
    """Return a function that makes the client of an adapter; each application is made once."""
    made: dict[tuple[str, str, str], Callable[[Request, str], Reply]] = {}

    def make(adapter: str, way: str, kind: str = "file") -> Callable[[Request, str], Reply]:
        if (adapter, way, kind) not in made:
            if way == "over HTTP":
                made[adapter, way, kind] = over_http(servers.origin(adapter, kind))
            else:
                found = driver(adapter)
                settings = settings_from({**site_environ, "SITE_KEY_KIND": kind})
                made[adapter, way, kind] = found.client(found.create_app(settings))
        return made[adapter, way, kind]

    return make


def over_http(origin: str) -> Callable[[Request, str], Reply]:
    def send(request: Request, path: str) -> Reply:
        target = request.mount + path + (f"?{request.query}" if request.query else "")
        return wire.send(origin, request.method, target, request.headers)

    return send


@dataclass(frozen=True)
class Site:
    """One site, in process or over HTTP."""

    adapter: str
    way: str
    make: Callable[[], Callable[[Request, str], Reply]]
    trusted_keys: TrustedKeyGroup
    domain: str
    sign: Callable[[str, int, str | None], str]
    signed: list[object]

    def send(self, case: str, request: Request) -> tuple[Reply, Checker]:
        """Send the request; return the reply and a checker for its time."""
        path = request.path(driver(self.adapter).PREFIX, case)
        fetch = self.fetch if self.way == "over HTTP" else None
        earliest = int(time.time())
        reply = self.make()(request, path)
        latest = int(time.time())
        return reply, Checker(self.domain, self.sign, self.trusted_keys, earliest, latest, fetch)

    def check(self, case: str, request: Request | None = None, expected: Any = None) -> Reply:
        """Send the request of a case, or *request*; check the reply and return it."""
        request = request or CASES[case].request
        expected = expected or CASES[case].expectation(self.adapter)
        if isinstance(expected, FailsToStart):
            # A server writes the error to its log and ends.
            with pytest.raises((ConfigurationError, AssertionError), match=expected.words):
                self.make()
            return Reply(0, ())
        self.signed.clear()
        reply, checker = self.send(case, request)
        expected.check(request, reply, checker)
        if self.way == "in process" and expected.signatures is not None:
            assert len(self.signed) == expected.signatures
        return reply

    def fetch(self, url: str, cookies: str = "") -> Reply:
        """Fetch a URL from the edge."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        assert origin in (self.domain, self.domain.replace(*VIDEOS_HOST))
        headers = {"Cookie": cookies} if cookies else {}
        return wire.send(origin, "GET", url.removeprefix(origin), headers)


@pytest.fixture(params=["in process", "over HTTP"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=ADAPTERS)
def adapter(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def site(
    adapter: str,
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
    A site of each adapter, in process and over HTTP.

    In process, the clock stands still and signatures are counted.
    """
    signed: list[object] = []
    count_signatures(monkeypatch, signed)
    name = request.node.callspec.params.get("case") if "case" in request.fixturenames else None
    case = CASES.get(name)
    kind = "file" if case is None else case.key
    with contextlib.ExitStack() as stack:
        if way == "in process":
            stack.enter_context(time_machine.travel(NOW, tick=False))
            if adapter in DJANGO and kind != "file":
                driver(adapter)  # sets up Django
                from django.test import override_settings

                # Django has one set of settings per process.
                settings = settings_from({**site_environ, "SITE_KEY_KIND": kind})
                stack.enter_context(override_settings(**settings))
        make = functools.partial(make_client, adapter, way, kind)
        yield Site(adapter, way, make, trusted_keys, domain, sign, signed)


@pytest.fixture(scope="session")
def django(site_settings: dict[str, Any]) -> ModuleType:
    """Django, set up with the suite's settings."""
    driver("django_sync")
    import django

    return django


@pytest.fixture
def settings(django: ModuleType) -> Any:
    """Django's `override_settings`."""
    from django.test import override_settings

    return override_settings
