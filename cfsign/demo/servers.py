"""The site and the edge: started in order, stopped in reverse order."""

from __future__ import annotations

import inspect
import socket
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from cfsign.checking.key_group import TrustedKeyGroup
from cfsign.demo.files import PrivateFile, create_private_folder
from cfsign.demo.localhost import redirect_localhost, redirect_localhost_asgi
from cfsign.demo.pages import Pages
from cfsign.demo.sites import create_app
from cfsign.edge import WSGIEdge
from cfsign.edge.response_headers import ANY_ORIGIN
from cfsign.edge.server.folder import create_folder_app
from cfsign.edge.server.http_server import get_url, listen, serve_asgi
from cfsign.edge.server.http_server import serve as serve_app
from cfsign.keys import generate_private_key_pem, load_private_key
from cfsign.signing.distribution import Distribution
from cfsign.signing.encoding import encode_path

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# CloudFront assigns such an id when a public key is uploaded.
KEY_PAIR_ID = "KDEMO0LOOPBACK"

# A limit, because a demo may run for days.
_RECORDED_REQUESTS = 1000


class RecordedRequest(NamedTuple):
    """The parts of a request to the origin that could hold a credential."""

    target: str
    query: str
    cookies: str

    def __repr__(self) -> str:
        return "<RecordedRequest>"


class Recorder:
    """
    WSGI middleware around the origin that records each request.

    Attributes:
        requests: The last 1,000 requests.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self.requests: deque[RecordedRequest] = deque(maxlen=_RECORDED_REQUESTS)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Record one request and forward it (PEP 3333)."""
        names = ("REQUEST_URI", "QUERY_STRING", "HTTP_COOKIE")
        self.requests.append(RecordedRequest(*(environ.get(name, "") for name in names)))
        return self._app(environ, start_response)


def serve_site(
    app: WSGIApplication | Any, listener: socket.socket, site: str
) -> AbstractContextManager[None]:
    """Serve the site on its listening socket; *site* is the URL to which localhost redirects."""
    if inspect.iscoroutinefunction(type(app).__call__):
        return serve_asgi(redirect_localhost_asgi(app, site), listener)
    return serve_app(redirect_localhost(app, site), listener)


@dataclass(frozen=True, slots=True)
class Servers:
    """
    The two running servers.

    Attributes:
        site: The URL of the site, without a slash at the end.
        edge: The URL of the edge, without a slash at the end.
        recorder: The requests that reached the origin behind the edge.
    """

    site: str
    edge: str
    recorder: Recorder

    def unsigned_url(self, file: PrivateFile) -> str:
        """Return the unsigned URL of a file."""
        return f"{self.edge}{encode_path(file.name)}"


@contextmanager
def run_servers(
    port: int | None = None, edge_port: int | None = None, framework: str = "flask"
) -> Iterator[Servers]:
    """
    Run the site and the edge on ports of 127.0.0.1 until the end of the `with` block.

    Raises:
        ConfigurationError: A port is taken or not permitted, or the framework is not installed.
    """
    with ExitStack() as stack:
        # The ports first: the site needs the URL of the edge to sign for it.
        site_listener = stack.enter_context(listen(port, "--port"))
        edge_listener = stack.enter_context(listen(edge_port, "--edge-port"))
        folder = stack.enter_context(create_private_folder())

        private_key = generate_private_key_pem()
        public_key = load_private_key(private_key).public_key_pem()
        # The edge knows nothing of the site except this public key.
        trusted_keys = TrustedKeyGroup({KEY_PAIR_ID: public_key})

        recorder = Recorder(create_folder_app(folder))
        # A script of the site fetches from the edge, which is another origin.
        edge = WSGIEdge(recorder, trusted_keys, response_headers=ANY_ORIGIN)
        settings = {
            "CLOUDFRONT_DOMAIN": get_url(edge_listener),
            "CLOUDFRONT_CONFIG": {
                "private_key": private_key,
                "key_pair_id": KEY_PAIR_ID,
                "expires_in": 60,
            },
        }
        distribution = Distribution.from_config(settings)
        pages = Pages(distribution, trusted_keys, get_url(site_listener))
        site = create_app(framework, settings, pages)
        stack.enter_context(serve_app(edge, edge_listener))
        stack.enter_context(serve_site(site, site_listener, get_url(site_listener)))
        yield Servers(get_url(site_listener), get_url(edge_listener), recorder)
