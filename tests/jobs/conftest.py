"""The adapters, each with a site in `sites`."""

from __future__ import annotations

import pytest

from tests.conformance.cases import ADAPTERS, DJANGO
from tests.conformance.conftest import _no_thread_left as _no_thread_left


@pytest.fixture(params=ADAPTERS)
def adapter(request: pytest.FixtureRequest) -> str:
    if request.param in DJANGO:
        request.getfixturevalue("site_environ")  # Django's settings read it
    return str(request.param)
