"""
What else may have been signed: the URL in other forms, each with the mistake that it then was.

A file has the forms of one part of the URL.
"""

from __future__ import annotations

from collections.abc import Sequence

from cfsign.checking.matching import ViewerURL
from cfsign.explanation.candidates.candidate import Candidate as Candidate
from cfsign.explanation.candidates.candidate import Candidates
from cfsign.explanation.candidates.candidate import tried as tried
from cfsign.explanation.candidates.encodings import encoding_readings
from cfsign.explanation.candidates.patterns import wildcard_readings as wildcard_readings
from cfsign.explanation.candidates.places import host_readings, path_readings, scheme_readings
from cfsign.explanation.candidates.queries import query_readings, rewritten_query_readings


def url_readings(url: ViewerURL, hosts: Sequence[str]) -> Candidates:
    """Give the other URLs that may have been signed for *url*, the likeliest first."""
    yield from scheme_readings(url)
    yield from host_readings(url, hosts)
    yield from query_readings(url)
    yield from encoding_readings(url)
    yield from rewritten_query_readings(url)
    yield from path_readings(url)
