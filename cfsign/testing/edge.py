"""An edge for tests: it serves requests, and asserts what CloudFront would allow."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from cfsign.checking.verdict import Reason
from cfsign.edge import ASGIEdge, Behavior, ResponseHeadersPolicy, WSGIEdge
from cfsign.edge.access import AccessCheck, AccessDecision
from cfsign.edge.access_log import make_printable
from cfsign.edge.request import ViewerRequest
from cfsign.edge.server.folder import create_folder_app
from cfsign.edge.server.http_server import VIA, get_url, listen, serve, serve_asgi
from cfsign.keys import generate_private_key_pem, load_private_key
from cfsign.signing.distribution import Distribution
from cfsign.testing.clock import Clock
from cfsign.testing.responses import find_cookies, find_url
from cfsign.testing.transports import ASGITransport, ThreadTransport, WSGITransport
from cfsign.utils.secret import hide_arguments

_DOMAIN = "https://media.example.com"
# RFC 5737, section 3: an address for documentation.
_IP_ADDRESS = "203.0.113.7"


@dataclass(frozen=True, slots=True)
class GeneratedKeyPair:
    """
    A key pair for tests: the private key for the site, the public key for the edge.

    Attributes:
        key_pair_id: The key pair id.
        private_key: The private key, PEM.
        public_key: The public key, PEM.
    """

    key_pair_id: str
    private_key: str = field(repr=False)
    public_key: str

    @classmethod
    def generate(cls, key_pair_id: str = "KTESTING") -> GeneratedKeyPair:
        """Generate an RSA-2048 key pair. This is slow, so generate one per test session."""
        private_key = generate_private_key_pem()
        return cls(key_pair_id, private_key, load_private_key(private_key).public_key_pem())

    @property
    def config(self) -> dict[str, str]:
        """The key pair as a site's `CLOUDFRONT_CONFIG`."""
        return {"key_pair_id": self.key_pair_id, "private_key": self.private_key}


class Edge:
    """
    A local CloudFront edge for tests, around a folder or an application.

    It serves in this process, under a made-up domain, or on a port of 127.0.0.1. Used as a context
    manager, it stops at the end of the `with` block.

    Args:
        origin: A folder, or a WSGI or ASGI application.
        key_pair: The site's key pair; the edge trusts its public key.
        port: The port to listen on, 0 for a free one; None serves in this process.
        domain: Scheme and host of the URLs, if it serves in this process.
        behaviors: The cache behaviors with a path pattern; the first match counts.
        response_headers: The headers to add to the origin's responses and to remove from them.
        clock: The edge's clock; None creates one.
        ip_address: The client's IP address, if it serves in this process.

    Attributes:
        domain: Scheme and host, for a site's `CLOUDFRONT_DOMAIN`.
        config: The key pair, for a site's `CLOUDFRONT_CONFIG`.
        clock: The edge's clock.
        client: An httpx client whose base URL is the edge.

    Raises:
        ConfigurationError: The port is taken, or Uvicorn is needed and not installed.
        NotADirectoryError: The folder does not exist.
    """

    @hide_arguments
    def __init__(
        self,
        origin: str | os.PathLike[str] | Any,
        key_pair: GeneratedKeyPair,
        *,
        port: int | None = None,
        domain: str = _DOMAIN,
        behaviors: Iterable[Behavior] = (),
        response_headers: ResponseHeadersPolicy | None = None,
        clock: Clock | None = None,
        ip_address: str = _IP_ADDRESS,
    ) -> None:
        self.clock = clock or Clock()
        self.config = key_pair.config
        self._client_address = ip_address if port is None else "127.0.0.1"
        behaviors = tuple(behaviors)
        keys = {key_pair.key_pair_id: key_pair.public_key}
        self._access = AccessCheck(keys, behaviors, self.clock, explain=True)
        app = _load_origin(origin)
        self._is_asgi = _is_asgi(app)
        edge_class: Any = ASGIEdge if self._is_asgi else WSGIEdge
        self._app = edge_class(
            app,
            keys,
            behaviors=behaviors,
            clock=self.clock,
            response_headers=response_headers,
            explain=True,
        )
        self._stack = ExitStack()
        self._transport: httpx.BaseTransport | None = None
        if port is None:
            self.domain = domain
            transport_class = ASGITransport if self._is_asgi else WSGITransport
            self._transport = transport_class(self._app, self._client_address)
        else:
            self.domain = self._serve(port)
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
        """Close the client, and stop the server if there is one."""
        self._stack.close()

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of a site that signs for this edge: `app.config.update(edge.settings)`."""
        return {"CLOUDFRONT_DOMAIN": self.domain, "CLOUDFRONT_CONFIG": dict(self.config)}

    @property
    def distribution(self) -> Distribution:
        """A distribution that signs for this edge."""
        return Distribution.from_config(self.settings)

    def async_client(self) -> httpx.AsyncClient:
        """Return an async httpx client whose base URL is the edge; the caller closes it."""
        transport: httpx.AsyncBaseTransport | None = None
        if self._transport is not None and self._is_asgi:
            transport = httpx.ASGITransport(app=self._app, client=(self._client_address, 50000))
        elif self._transport is not None:
            transport = ThreadTransport(self._transport)
        return httpx.AsyncClient(base_url=self.domain, transport=transport, trust_env=False)

    def get(self, url: str, **options: Any) -> httpx.Response:
        """Send a GET request for a URL or path to the edge; *options* are passed to httpx."""
        return self.client.get(url, **options)

    def assert_allows(
        self,
        response: Any,
        *,
        cookies: Mapping[str, str] | None = None,
        ip_address: str | None = None,
    ) -> str:
        """
        Assert that CloudFront would allow the request, and return its URL.

        Args:
            response: A URL, a path, or the site's response: of the test clients of Flask, Django
                or Falcon, of httpx or requests. It must be a redirect, with or without cookies, or
                JSON with a member `url`.
            cookies: Cookies of the client, in addition to those that the response sets.
            ip_address: The client's IP address; None uses the edge's.

        Raises:
            AssertionError: CloudFront would refuse the request; the message explains why, without
                a signature.
        """
        __tracebackhide__ = True
        url, decision = self._decide(response, cookies, ip_address)
        if not decision:
            raise AssertionError(f"CloudFront refuses {_describe_refusal(url, decision)}")
        return url

    def assert_denies(
        self,
        response: Any,
        *,
        reason: Reason | None = None,
        code: str | None = None,
        cookies: Mapping[str, str] | None = None,
        ip_address: str | None = None,
    ) -> str:
        """
        Assert that CloudFront would refuse the request, and return its URL.

        Args:
            response: As for `assert_allows`. If the site itself refused, there is no URL and this
                assertion fails: check the status of the response instead.
            reason: The expected reason; None accepts any.
            code: CloudFront's error code, such as "AccessDenied"; None accepts any.
            cookies: As for `assert_allows`.
            ip_address: As for `assert_allows`.

        Raises:
            AssertionError: CloudFront would allow the request, or refuse it for another reason.
            TypeError: The reason is not a `Reason`.
        """
        __tracebackhide__ = True
        if reason is not None and not isinstance(reason, Reason):
            raise TypeError(f"reason must be a Reason, such as Reason.EXPIRED, got {reason!r}")
        url, decision = self._decide(response, cookies, ip_address)
        if decision:
            raise AssertionError(f"CloudFront allows {_redact(url)}")
        verdict = decision.verdict
        if reason not in (None, verdict.reason) or code not in (None, verdict.code):
            wanted = ", ".join(str(each) for each in (reason, code) if each is not None)
            refusal = _describe_refusal(url, decision)
            raise AssertionError(f"CloudFront refuses, but not for {wanted}: {refusal}")
        return url

    def _decide(
        self, response: Any, cookies: Mapping[str, str] | None, ip_address: str | None
    ) -> tuple[str, AccessDecision]:
        __tracebackhide__ = True
        if isinstance(response, str) and response.startswith("/"):
            url = urljoin(f"{self.domain}/", response)
        else:
            url = find_url(response)
        # Another URL, such as the site's login page, never reaches CloudFront.
        if not url.lower().startswith((f"{self.domain}/".lower(), f"{self.domain}?".lower())):
            raise AssertionError(f"the URL is {_redact(url)}, which is not at {self.domain}")
        sent = {**(cookies or {}), **find_cookies(response, url)}
        header = "; ".join(f"{name}={value}" for name, value in sent.items())
        target = url.removeprefix(self.domain)
        address = ip_address or self._client_address
        return url, self._access.decide(ViewerRequest("GET", url, target, header, address))

    def _serve(self, port: int) -> str:
        listener = self._stack.enter_context(listen(port, "port"))
        if self._is_asgi:
            self._stack.enter_context(serve_asgi(self._app, listener))
        else:
            self._stack.enter_context(serve(self._app, listener, ident=VIA))
        return get_url(listener)


def _load_origin(origin: Any) -> Any:
    if not isinstance(origin, str | os.PathLike):
        return origin
    folder = Path(origin)
    if not folder.is_dir():
        raise NotADirectoryError(f"there is no folder {str(folder)!r} to serve")
    return create_folder_app(folder)


def _is_asgi(app: Any) -> bool:
    # `iscoroutinefunction` is False for an object whose class has an async `__call__`.
    call = app if inspect.isroutine(app) else type(app).__call__
    return inspect.iscoroutinefunction(call)


def _describe_refusal(url: str, decision: AccessDecision) -> str:
    verdict = decision.verdict
    lines = (
        f"{_redact(url)}: 403 {verdict.code}: {verdict.reason.value}",
        *(f"- {make_printable(sentence)}" for sentence in decision.explanation),
    )
    return "\n".join(lines)


def _redact(url: str) -> str:
    parts = urlsplit(url)
    path = f"{parts.scheme}://{parts.netloc}{parts.path}" if parts.netloc else parts.path
    return make_printable(path)
