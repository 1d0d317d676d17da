"""
The pytest plugin of the test kit: a key pair, a clock, and edges that stop at the end of the test.

pytest loads this module in every run where cfsign is installed. So it imports the test kit only
when a test uses a fixture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from cfsign.testing import Clock, Edge, GeneratedKeyPair


@pytest.fixture(scope="session")
def cloudfront_key_pair() -> GeneratedKeyPair:
    """A key pair, one per session; `.config` is a site's `CLOUDFRONT_CONFIG`."""
    from cfsign.testing import GeneratedKeyPair

    return GeneratedKeyPair.generate()


@pytest.fixture
def cloudfront_clock() -> Clock:
    """The clock of the edges; `.shift(seconds)` moves it, `.at = timestamp` sets and stops it."""
    from cfsign.testing import Clock

    return Clock()


@pytest.fixture
def cloudfront_edge(
    cloudfront_key_pair: GeneratedKeyPair, cloudfront_clock: Clock
) -> Iterator[Callable[..., Edge]]:
    """
    A function that creates an edge around a folder, or around a WSGI or ASGI application.

    It accepts all options of `cfsign.testing.Edge`: `port=0` serves on a free port, without it the
    edge serves in this process. Each edge stops at the end of the test.
    """
    from cfsign.testing import Edge

    with ExitStack() as stack:

        def create_edge(origin: Any, **options: Any) -> Edge:
            options = {"key_pair": cloudfront_key_pair, "clock": cloudfront_clock, **options}
            return stack.enter_context(Edge(origin, **options))

        yield create_edge
