"""The benchmarks are no part of what is installed: their tests run in a checkout."""

from importlib.util import find_spec

import pytest

# Ours: pyarrow 17 brings a package of that name along.
if find_spec("benchmarks") is None or find_spec("benchmarks.capacity") is None:
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture
def results():
    """Return the results of a run that never was."""
    from tests.benchmarks.made_up import made_up

    return made_up()
