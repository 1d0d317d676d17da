"""
The server behind `cfsign edge`, for development.

It serves a folder, or forwards to another server, behind the middleware of `cfsign.edge`.
"""

from cfsign.edge.server.http_server import get_url as get_url
from cfsign.edge.server.http_server import listen as listen
from cfsign.edge.server.http_server import serve as serve
from cfsign.edge.server.origin import open_origin as open_origin
from cfsign.edge.server.settings import Settings as Settings
