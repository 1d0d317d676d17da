"""The benchmarks are not installed with the package, so their tests need a checkout."""

from importlib.util import find_spec

import pytest

# pyarrow 17 installs another package named `benchmarks`.
if find_spec("benchmarks") is None or find_spec("benchmarks.capacity") is None:
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture
def results():
    """Made-up results."""
    from tests.benchmarks.made_up import make_results

    return make_results()
