"""Medians, ratios of the rounds, and exponents."""

import pytest

from benchmarks import names
from benchmarks.results import Measurement, Results
from benchmarks.tables import name_growth


def test_json_round_trip_is_exact(results):
    """The pages are built from the file alone."""
    assert Results.from_json(results.to_json()) == results


def test_median_and_quartiles_ignore_an_outlier():
    figure = Measurement("case", "subject", "s", (5.0, 1.0, 2.0, 3.0, 900.0))
    assert (figure.median, figure.spread) == (3.0, (2.0, 5.0))
    assert Measurement("case", "subject", "s", (7.0,)).spread == (7.0, 7.0)


def test_ratio_is_the_median_of_the_rounds():
    """The machine is ten times slower in two of three rounds, for both subjects."""
    results = Results("", False, {}, {})
    results.measurements = [
        Measurement("case", "ours", "s", (1.0, 10.0, 20.0)),
        Measurement("case", "theirs", "s", (2.0, 20.0, 10.0)),
    ]
    assert results.ratio("case", "ours", "theirs") == 0.5
    assert results.speed("case", "ours", "theirs") == 2.0
    assert results.excess("case", "theirs", "ours") == 1.0


def test_missing_measurement_has_no_ratio_and_no_exponent(results):
    assert results.ratio(names.URL_RSA, names.CFSIGN, "missing") is None
    assert results.excess("nothing", names.CFSIGN, names.LIMIT) is None
    assert results.exponent("nothing") is None


def test_exponent_is_the_slope_of_the_logarithms(results):
    expected = {
        names.GROW_URLS: (1.0, "linear"),
        names.GROW_SEGMENTS: (0.5, "less than linear"),
        names.GROW_KEYS: (0.0, "constant"),
    }
    for case, (exponent, kind) in expected.items():
        measured = results.exponent(case)
        assert measured == pytest.approx(exponent, abs=1e-6)
        assert name_growth(measured) == kind
    assert name_growth(1.2) == "worse than linear"
