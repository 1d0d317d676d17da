"""What is made of the samples: medians, ratios round by round, exponents."""

import pytest

from benchmarks import names
from benchmarks.results import Measurement, Results
from benchmarks.tables import kind_of_growth


def test_they_are_read_as_they_were_written(results):
    """To the digit, so that the pages can be written of the file alone."""
    assert Results.from_json(results.to_json()) == results


def test_a_figure_is_the_median_with_its_quartiles():
    """The outlier moves neither."""
    figure = Measurement("case", "subject", "s", (5.0, 1.0, 2.0, 3.0, 900.0))
    assert (figure.median, figure.spread) == (3.0, (2.0, 5.0))
    assert Measurement("case", "subject", "s", (7.0,)).spread == (7.0, 7.0)


def test_a_ratio_is_of_each_round():
    """A machine that is ten times slower in two rounds of three is so for both subjects."""
    results = Results("", False, {}, {})
    results.measurements = [
        Measurement("case", "ours", "s", (1.0, 10.0, 20.0)),
        Measurement("case", "theirs", "s", (2.0, 20.0, 10.0)),
    ]
    assert results.ratio("case", "ours", "theirs") == 0.5
    assert results.speed("case", "ours", "theirs") == 2.0
    assert results.excess("case", "theirs", "ours") == 1.0


def test_what_was_not_measured_has_no_ratio(results):
    """Nor an exponent."""
    assert results.ratio(names.URL_RSA, names.CFSIGN, "nobody") is None
    assert results.excess("nothing", names.CFSIGN, names.LIMIT) is None
    assert results.exponent("nothing") is None


def test_the_exponent_tells_how_the_cost_grows(results):
    """By the slope of the logarithms."""
    expected = {
        names.GROW_URLS: (1.0, "linear"),
        names.GROW_SECTIONS: (0.5, "less than linear"),
        names.GROW_KEYS: (0.0, "flat"),
    }
    for case, (exponent, kind) in expected.items():
        found = results.exponent(case)
        assert found == pytest.approx(exponent, abs=1e-6)
        assert kind_of_growth(found) == kind
    assert kind_of_growth(1.2) == "worse than linear"
