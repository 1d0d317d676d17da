"""Everything that the demo needs, started in order and stopped in reverse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from urllib.parse import quote

from cfsign.checking.key_group import TrustedKeyGroup
from cfsign.demo.files import PrivateFile, private_folder
from cfsign.demo.origin import Recorder
from cfsign.demo.pages import Pages
from cfsign.demo.sites import create_app
from cfsign.edge import WSGIEdge
from cfsign.edge.response_headers import ANY_ORIGIN
from cfsign.edge.server.folder import create_folder_app
from cfsign.edge.server.http_server import get_url, listen, serve
from cfsign.keys import generate_private_key_pem, load_private_key
from cfsign.signing.distribution import Distribution

# CloudFront gives out such an ID when a public key is uploaded.
_KEY_PAIR_ID = "KDEMO0LOOPBACK"


@dataclass(frozen=True, slots=True)
class Stage:
    """
    Where the two servers answer.

    Attributes:
        site: The site's address, without a slash at its end.
        edge: The edge's, likewise.
        recorder: What the origin behind the edge has seen.
    """

    site: str
    edge: str
    recorder: Recorder

    def plain_url(self, file: PrivateFile) -> str:
        """Return the unsigned URL of a file."""
        return f"{self.edge}/{quote(file.name)}"


@contextmanager
def running(
    port: int | None = None, edge_port: int | None = None, framework: str = "flask"
) -> Iterator[Stage]:
    """
    Run the site and the edge, each on its port of loopback, until the end.

    Raises:
        ConfigurationError: A port is taken, or may not be opened; or the framework is not there.
    """
    with ExitStack() as stack:
        # The ports first: the site must know the edge's address to sign for it.
        site_listener = stack.enter_context(listen(port, "--port"))
        edge_listener = stack.enter_context(listen(edge_port, "--edge-port"))
        folder = stack.enter_context(private_folder())

        private_key = generate_private_key_pem()
        public_key = load_private_key(private_key).public_key_pem()
        # All that the edge ever learns of the site is this public key.
        trusted_keys = TrustedKeyGroup({_KEY_PAIR_ID: public_key})

        recorder = Recorder(create_folder_app(folder))
        # The site's page fetches from the edge, which is another origin.
        edge = WSGIEdge(recorder, trusted_keys, response_headers=ANY_ORIGIN)
        settings = {
            "CLOUDFRONT_DOMAIN": get_url(edge_listener),
            "CLOUDFRONT_CONFIG": {
                "private_key": private_key,
                "key_pair_id": _KEY_PAIR_ID,
                "expires_in": 60,
            },
        }
        distribution = Distribution.from_config(settings)
        pages = Pages(distribution, trusted_keys, get_url(site_listener))
        site = create_app(framework, settings, pages)
        stack.enter_context(serve(edge, edge_listener))
        stack.enter_context(serve(site, site_listener))
        yield Stage(get_url(site_listener), get_url(edge_listener), recorder)
