"""
A local stand-in for a CloudFront edge, as WSGI and ASGI middleware.

It checks signed URLs and cookies against a trusted key group, without an AWS account. An allowed
request reaches the wrapped application without its credential; others get CloudFront's 403.
"""

from cfsign.edge.asgi import ASGIEdge as ASGIEdge
from cfsign.edge.behaviors import Behavior as Behavior
from cfsign.edge.response_headers import ResponseHeadersPolicy as ResponseHeadersPolicy
from cfsign.edge.wsgi import WSGIEdge as WSGIEdge
