"""
CloudFront and its bucket, on this machine: what the three sites are tried against.

Like CloudFront, the edge knows the public half of the key and nothing of the site.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from waitress import create_server
from whitenoise import WhiteNoise

from cfsign.edge import WSGIEdge

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


def no_such_file(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer for what is not in the bucket."""
    start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "23")])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"There is no such file.\n"]


def main() -> None:
    """Serve a folder to whoever brings a signed URL or signed cookies."""
    parser = argparse.ArgumentParser(description="A local CloudFront edge before a folder.")
    parser.add_argument("folder", type=Path, help="the private files")
    parser.add_argument("key", metavar="KEY_PAIR_ID=PUBLIC_KEY.pem", help="whom the edge trusts")
    parser.add_argument("--port", type=int, default=8001)
    options = parser.parse_args()

    key_pair_id, _, public_key = options.key.partition("=")
    # No age: a browser that kept a file would show it past its time, without asking the edge.
    bucket = WhiteNoise(no_such_file, root=options.folder, max_age=0)
    edge = WSGIEdge(bucket, {key_pair_id: public_key})
    try:
        # On loopback alone: nothing of this is for the network.
        server = create_server(edge, host="127.0.0.1", port=options.port)
    except OSError as error:
        parser.error(
            f"port {options.port} cannot be opened ({error.strerror}); give another with --port"
        )
    print(f"The edge  http://127.0.0.1:{server.effective_port}/  Stop with Ctrl-C.", flush=True)
    server.run()


if __name__ == "__main__":
    main()
