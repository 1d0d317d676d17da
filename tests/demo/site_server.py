"""Serves the demo's site on one framework; reads the private key from standard input."""

import sys

from cfsign import Distribution, TrustedKeyGroup, load_private_key
from cfsign.demo.pages import Pages
from cfsign.demo.servers import serve_site
from cfsign.demo.sites import create_app
from cfsign.edge.server.http_server import get_url, listen

KEY_PAIR_ID = "K2JCJMDEHXQW5F"
EDGE = "http://127.0.0.1:4711"
# Not its real URL, so that the pages of all frameworks are equal.
SITE = "http://127.0.0.1:8000"


def main(framework):
    lines = []
    while not lines or "-----END" not in lines[-1]:
        lines.append(sys.stdin.readline())
    pem = "".join(lines)
    settings = {
        "CLOUDFRONT_DOMAIN": EDGE,
        "CLOUDFRONT_CONFIG": {"private_key": pem, "key_pair_id": KEY_PAIR_ID},
    }
    trusted_keys = TrustedKeyGroup({KEY_PAIR_ID: load_private_key(pem).public_key_pem()})
    pages = Pages(Distribution.from_config(settings), trusted_keys, SITE)
    app = create_app(framework, settings, pages)
    with listen(None, "--port") as listener, serve_site(app, listener, SITE):
        print(get_url(listener), flush=True)
        sys.stdin.read()  # until the test closes it


if __name__ == "__main__":
    main(sys.argv[1])
