"""
A local edge that listens: before a folder or another server, for development.

What it lets through is decided by `cfsign.edge`; here are the origins behind it and the server.
"""

from cfsign.edge.server.origins import opened_origin as opened_origin
from cfsign.edge.server.servers import address as address
from cfsign.edge.server.servers import listening as listening
from cfsign.edge.server.servers import serving as serving
from cfsign.edge.server.settings import Settings as Settings
