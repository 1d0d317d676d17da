"""
Other URLs and policies that may have been signed in place of the right one.

`locations`, `queries` and `percent_encoding` vary the URL, `documents` the policy around it.
"""

from __future__ import annotations

from collections.abc import Sequence

from cfsign.checking.matching import ViewerURL
from cfsign.explanation.candidates.candidate import Candidate as Candidate
from cfsign.explanation.candidates.candidate import Candidates
from cfsign.explanation.candidates.locations import (
    vary_host,
    vary_path,
    vary_scheme,
)
from cfsign.explanation.candidates.percent_encoding import vary_encoding
from cfsign.explanation.candidates.queries import rewrite_query, vary_query


def list_urls(url: ViewerURL, hosts: Sequence[str]) -> Candidates:
    """Yield the other URLs that may have been signed for *url*, most likely first."""
    yield from vary_scheme(url)
    yield from vary_host(url, hosts)
    yield from vary_query(url)
    yield from vary_encoding(url)
    yield from rewrite_query(url)
    yield from vary_path(url)
