"""
A CloudFront edge with a trusted key group, as WSGI and ASGI middleware.

For trying and testing the whole way of a file with no account: what the edge lets through reaches
the wrapped application without its credential, and the rest gets CloudFront's own 403.
"""

from cfsign.edge.asgi import ASGIEdge as ASGIEdge
from cfsign.edge.behaviors import Behavior as Behavior
from cfsign.edge.response_headers import ResponseHeadersPolicy as ResponseHeadersPolicy
from cfsign.edge.wsgi import WSGIEdge as WSGIEdge
