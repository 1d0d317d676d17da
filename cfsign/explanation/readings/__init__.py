"""
What else may have been signed: the URL in other forms, each with the mistake that it then was.

A file has the forms of one part of the URL.
"""

from __future__ import annotations

from collections.abc import Sequence

from cfsign.explanation.readings.encodings import encoding_readings
from cfsign.explanation.readings.patterns import wildcard_readings as wildcard_readings
from cfsign.explanation.readings.places import host_readings, path_readings, scheme_readings
from cfsign.explanation.readings.queries import query_readings, rewritten_query_readings
from cfsign.explanation.readings.reading import Reading as Reading
from cfsign.explanation.readings.reading import Readings
from cfsign.explanation.readings.reading import tried as tried
from cfsign.matching import ViewerURL


def url_readings(url: ViewerURL, hosts: Sequence[str]) -> Readings:
    """Give the other URLs that may have been signed for *url*, the likeliest first."""
    yield from scheme_readings(url)
    yield from host_readings(url, hosts)
    yield from query_readings(url)
    yield from encoding_readings(url)
    yield from rewritten_query_readings(url)
    yield from path_readings(url)
