"""
A local edge that listens: before a folder or another server, for development.

What it lets through is decided by `cfsign.edge`; here are the origins behind it and the server.
"""

from cfsign.local_edge.origins import opened_origin as opened_origin
from cfsign.local_edge.servers import address as address
from cfsign.local_edge.servers import listening as listening
from cfsign.local_edge.servers import serving as serving
from cfsign.local_edge.settings import Settings as Settings
