"""
A response-headers policy: what CloudFront adds to an origin's headers, and takes out of them.

It is read from the same JSON that `aws cloudfront create-response-headers-policy` takes.
"""

from __future__ import annotations

from dataclasses import dataclass

from cfsign.edge.cors import CORS
from cfsign.edge.request import ViewerRequest
from cfsign.edge.response_headers_config import Header, read_config
from cfsign.edge.responses import Headers


@dataclass(frozen=True, slots=True)
class ResponseHeadersPolicy:
    """
    What is added to an origin's headers, and taken out of them.

    The edge's own refusals have none of it: a policy is for the answers that come from the origin
    (AWS, "Add or remove HTTP headers in CloudFront responses with a policy"). So a script of
    another origin cannot read a 403, and cannot tell it from a network that is down.

    Attributes:
        headers: The headers to add.
        removed: The names of those to take out, in lower case.
        cors: What scripts of other origins may do; None leaves that to the origin.
    """

    headers: tuple[Header, ...] = ()
    removed: frozenset[str] = frozenset()
    cors: CORS | None = None

    @classmethod
    def from_config(cls, config: object) -> ResponseHeadersPolicy:
        """
        Read a `ResponseHeadersPolicyConfig`, as the AWS command line writes and takes it.

        Args:
            config: The document, parsed; it may be wrapped as `get-response-headers-policy`
                prints it.

        Raises:
            ConfigurationError: A member is unknown, missing or of the wrong type.
        """
        read = read_config(config)
        return cls(read.headers, read.removed, read.cors)

    def apply(self, request: ViewerRequest, headers: Headers) -> Headers:
        """Return an origin's *headers* as the viewer gets them."""
        kept = [(name, value) for name, value in headers if name.lower() not in self.removed]
        for header in self.headers:
            kept = _added(kept, [(header.name, header.value)], header.override)
        return kept if self.cors is None else self._with_cors(kept, self.cors.answer(request))

    def _with_cors(self, headers: Headers, own: Headers) -> Headers:
        is_there = any(name.lower().startswith("access-control-") for name, _ in headers)
        if self.cors is None or not own or (is_there and not self.cors.override):
            return headers
        others = [pair for pair in headers if not pair[0].lower().startswith("access-control-")]
        return [*others, *own]


# AWS's managed policy "CORS-With-Preflight".
ANY_ORIGIN = ResponseHeadersPolicy(cors=CORS(exposed=("*",)))


def _added(headers: Headers, added: Headers, override: bool) -> Headers:
    names = {name.lower() for name, _ in added}
    others = [pair for pair in headers if pair[0].lower() not in names]
    return [*others, *added] if override or len(others) == len(headers) else headers
