"""The tree of errors, and the evidence that they keep."""

from __future__ import annotations

import pytest

from cfsign import (
    CfsignError,
    CfsignWarning,
    ConfigurationError,
    DecisionError,
    PolicyError,
    ResourceError,
    SigningKeyError,
)
from cfsign.errors import Problem


@pytest.mark.parametrize(
    ("error", "is_value_error"),
    [
        (ResourceError, True),
        (PolicyError, True),
        (SigningKeyError, True),
        (ConfigurationError, True),
        (DecisionError, False),
    ],
)
def test_one_root(error: type[CfsignError], is_value_error: bool) -> None:
    """One `except` catches all; bad values are ValueErrors as well."""
    assert issubclass(error, CfsignError)
    assert issubclass(error, ValueError) is is_value_error
    assert str(error("what to do")) == "what to do"


def test_evidence() -> None:
    """Each keeps what it found, where it found it, or nothing."""
    assert ResourceError("x", found="*", position=7).position == 7
    assert (ResourceError("x").found, ResourceError("x").position) == ("", None)
    assert (PolicyError("x", field="a").field, PolicyError("x").field) == ("a", "")
    assert (SigningKeyError("x", source="a").source, SigningKeyError("x").source) == ("a", "")


def test_problems() -> None:
    """A configuration's error holds one or many, and its text has a line for each."""
    assert ConfigurationError("a").problems == (Problem("", "a"),)
    error = ConfigurationError(["a", "b"])
    assert error.problems == (Problem("", "a"), Problem("", "b"))
    assert str(error) == "a\nb"


def test_the_warning_is_a_users() -> None:
    """Shown by default, and filtered by one class."""
    assert issubclass(CfsignWarning, UserWarning)
