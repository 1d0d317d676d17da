"""An edge for tests: it serves in process or on a port, and judges what a site gives out."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from cfsign.checking.verdict import Reason
from cfsign.edge import ASGIEdge, Behavior, ResponseHeadersPolicy, WSGIEdge
from cfsign.edge.access_log import printable
from cfsign.edge.gate import Gate, Judgement
from cfsign.edge.request import ViewerRequest
from cfsign.edge.server.folder import file_server
from cfsign.edge.server.servers import EDGE_IDENT, address, listening, serving
from cfsign.signing.distribution import Distribution
from cfsign.testing.asgi_server import serving_asgi
from cfsign.testing.clock import Clock
from cfsign.testing.key_pair import MadeKeyPair
from cfsign.testing.responses import cookies_of, location_of
from cfsign.testing.transports import ASGITransport, ThreadTransport, WSGITransport

DOMAIN = "https://media.example.com"
# RFC 5737, section 3: addresses for documentation.
VIEWER = "203.0.113.7"


class Edge:
    """
    A CloudFront for tests, before a folder or an application.

    It serves in process, at a domain that nobody else has, or on a port of loopback. As a context
    manager it stops at the end.

    Args:
        origin: A folder, or a WSGI or ASGI application.
        key_pair: The site's key pair, of which the edge knows the public half.
        port: The port to listen at, 0 for a free one; None serves in process.
        domain: Scheme and host in process.
        behaviors: The cache behaviours with a path pattern; the first that matches counts.
        response_headers: What is added to the origin's headers, and taken out of them.
        clock: The edge's clock; None makes one.
        ip_address: The viewer's address in process.

    Attributes:
        domain: Scheme and host: a site's `CLOUDFRONT_DOMAIN`.
        config: A site's `CLOUDFRONT_CONFIG`: the key pair.
        clock: The edge's clock.
        client: An httpx client that reaches the edge; the names below are its shorthands.

    Raises:
        ConfigurationError: The port is taken, or there is no such folder.
    """

    def __init__(
        self,
        origin: str | os.PathLike[str] | Any,
        key_pair: MadeKeyPair,
        *,
        port: int | None = None,
        domain: str = DOMAIN,
        behaviors: Iterable[Behavior] = (),
        response_headers: ResponseHeadersPolicy | None = None,
        clock: Clock | None = None,
        ip_address: str = VIEWER,
    ) -> None:
        self.clock = clock or Clock()
        self.config = key_pair.config
        self._viewer_ip = ip_address if port is None else "127.0.0.1"
        behaviors = tuple(behaviors)
        keys = {key_pair.key_pair_id: key_pair.public_key}
        self._gate = Gate(keys, behaviors, self.clock, explain=True)
        app = _application(origin)
        self._is_asgi = _is_asgi(app)
        wrap: Any = ASGIEdge if self._is_asgi else WSGIEdge
        self._app = wrap(
            app,
            keys,
            behaviors=behaviors,
            clock=self.clock,
            response_headers=response_headers,
            explain=True,
        )
        self._stack = ExitStack()
        self.domain = domain if port is None else self._listen(port)
        self._transport = None if port is not None else self._in_process()
        self.client = self._stack.enter_context(
            httpx.Client(base_url=self.domain, transport=self._transport, trust_env=False)
        )

    def __enter__(self) -> Edge:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Edge {self.domain}>"

    def close(self) -> None:
        """Stop the server, if there is one, and close the client."""
        self._stack.close()

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of a site before this edge: `app.config.update(edge.settings)`."""
        return {"CLOUDFRONT_DOMAIN": self.domain, "CLOUDFRONT_CONFIG": dict(self.config)}

    @property
    def distribution(self) -> Distribution:
        """The site's distribution before this edge, which signs for it."""
        return Distribution.from_config(self.settings)

    def async_client(self) -> httpx.AsyncClient:
        """Return a client for use beside an event loop; whoever asks for it closes it."""
        transport: httpx.AsyncBaseTransport | None = None
        if self._transport is not None and self._is_asgi:
            transport = httpx.ASGITransport(app=self._app, client=(self._viewer_ip, 50000))
        elif self._transport is not None:
            transport = ThreadTransport(self._transport)
        return httpx.AsyncClient(base_url=self.domain, transport=transport, trust_env=False)

    def get(self, url: str, **options: Any) -> httpx.Response:
        """Ask the edge for *url*, whole or a path."""
        return self.client.get(url, **options)

    def assert_allows(
        self,
        answer: Any,
        *,
        cookies: Mapping[str, str] | None = None,
        ip_address: str | None = None,
    ) -> str:
        """
        Assert that CloudFront would let the viewer in, and return the URL.

        Args:
            answer: A URL, or the site's answer: of Flask's, Django's or Falcon's test client, httpx
                or requests. It is a redirect with or without cookies, or JSON with a `url`.
            cookies: The viewer's cookies, beside those that the answer sets.
            ip_address: The viewer's address; None is the one of this edge.

        Raises:
            AssertionError: It would refuse; the message explains why, and holds no signature.
        """
        __tracebackhide__ = True
        url, judgement = self._judged(answer, cookies, ip_address)
        if not judgement:
            raise AssertionError(f"CloudFront refuses {self._told(url, judgement)}")
        return url

    def assert_denies(
        self,
        answer: Any,
        *,
        reason: Reason | None = None,
        code: str | None = None,
        cookies: Mapping[str, str] | None = None,
        ip_address: str | None = None,
    ) -> str:
        """
        Assert that CloudFront would refuse the viewer, and return the URL.

        Args:
            answer: As for `assert_allows`. An answer that sends the viewer nowhere is the site's
                own refusal, and fails here: look at its status.
            reason: The rule that must refuse; None takes any.
            code: CloudFront's own code, such as "AccessDenied"; None takes any.
            cookies: As for `assert_allows`.
            ip_address: As for `assert_allows`.

        Raises:
            AssertionError: It would allow, or refuse for another reason.
            TypeError: The reason is no `Reason`.
        """
        __tracebackhide__ = True
        if reason is not None and not isinstance(reason, Reason):
            raise TypeError(f"reason is a Reason, such as Reason.EXPIRED, not {reason!r}")
        url, judgement = self._judged(answer, cookies, ip_address)
        verdict = judgement.verdict
        if judgement:
            raise AssertionError(f"CloudFront allows {_without_credential(url)}")
        if reason not in (None, verdict.reason) or code not in (None, verdict.code):
            wanted = ", ".join(str(each) for each in (reason, code) if each is not None)
            told = self._told(url, judgement)
            raise AssertionError(f"CloudFront refuses, but not for {wanted}: {told}")
        return url

    def _judged(
        self, answer: Any, cookies: Mapping[str, str] | None, ip_address: str | None
    ) -> tuple[str, Judgement]:
        __tracebackhide__ = True
        url = urljoin(f"{self.domain}/", answer) if _is_path(answer) else location_of(answer)
        self._assert_is_ours(url)
        sent = {**(cookies or {}), **cookies_of(answer, url)}
        path = url.removeprefix(self.domain)
        header = "; ".join(f"{name}={value}" for name, value in sent.items())
        address = ip_address or self._viewer_ip
        return url, self._gate.judge(ViewerRequest("GET", url, path, header, address))

    def _assert_is_ours(self, url: str) -> None:
        __tracebackhide__ = True
        # A URL of the site's own, such as its login, is no answer of CloudFront's.
        if not url.lower().startswith((f"{self.domain}/".lower(), f"{self.domain}?".lower())):
            where = _without_credential(url)
            raise AssertionError(f"this leads to {where}, which is not at {self.domain}")

    def _told(self, url: str, judgement: Judgement) -> str:
        verdict = judgement.verdict
        lines = (
            f"{_without_credential(url)}: 403 {verdict.code}: {verdict.reason.value}",
            *(f"- {printable(sentence)}" for sentence in judgement.explanation),
        )
        return "\n".join(lines)

    def _listen(self, port: int) -> str:
        listener = self._stack.enter_context(listening(port, "port"))
        if self._is_asgi:
            self._stack.enter_context(serving_asgi(self._app, listener))
        else:
            self._stack.enter_context(serving(self._app, listener, ident=EDGE_IDENT))
        return address(listener)

    def _in_process(self) -> httpx.BaseTransport:
        transport = ASGITransport if self._is_asgi else WSGITransport
        return transport(self._app, self._viewer_ip)


def _application(origin: Any) -> Any:
    if not isinstance(origin, str | os.PathLike):
        return origin
    folder = Path(origin)
    if not folder.is_dir():
        raise NotADirectoryError(f"there is no folder {str(folder)!r} to be the origin")
    return file_server(folder)


def _is_asgi(app: Any) -> bool:
    # What is called is awaited: of a function itself, of an object its class's `__call__`.
    call = app if inspect.isroutine(app) else type(app).__call__
    return inspect.iscoroutinefunction(call)


def _is_path(answer: Any) -> bool:
    return isinstance(answer, str) and answer.startswith("/")


def _without_credential(url: str) -> str:
    parts = urlsplit(url)
    return printable(f"{parts.scheme}://{parts.netloc}{parts.path}" if parts.netloc else parts.path)
