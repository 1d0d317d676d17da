"""
pytest's fixtures of the test kit: a key pair, a clock, and edges that stop with the test.

Loaded into every pytest run where cfsign is installed, so nothing is imported before a fixture is
asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from cfsign.testing import Clock, Edge, MadeKeyPair


@pytest.fixture(scope="session")
def cloudfront_key_pair() -> MadeKeyPair:
    """A key pair, made once a session; `.config` is what a site's `CLOUDFRONT_CONFIG` needs."""
    from cfsign.testing import MadeKeyPair

    return MadeKeyPair.generate()


@pytest.fixture
def cloudfront_clock() -> Clock:
    """The clock of this test's edges: `.shift(seconds)` moves it, `.at = moment` stops it."""
    from cfsign.testing import Clock

    return Clock()


@pytest.fixture
def cloudfront_edge(
    cloudfront_key_pair: MadeKeyPair, cloudfront_clock: Clock
) -> Iterator[Callable[..., Edge]]:
    """
    Makes an edge before what it is given: a folder, or a WSGI or ASGI application.

    In process, or on a port of loopback with `port=0`; all options of `cfsign.testing.Edge` are
    taken. Each stops with the test.
    """
    from cfsign.testing import Edge

    with ExitStack() as stack:

        def make(origin: Any, **options: Any) -> Edge:
            known = {"key_pair": cloudfront_key_pair, "clock": cloudfront_clock, **options}
            return stack.enter_context(Edge(origin, **known))

        yield make
