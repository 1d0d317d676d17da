"""The tree of errors and their attributes."""

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
def test_all_errors_have_one_root(error: type[CfsignError], is_value_error: bool) -> None:
    """Errors about values are also ValueErrors."""
    assert issubclass(error, CfsignError)
    assert issubclass(error, ValueError) is is_value_error
    assert str(error("what to do")) == "what to do"


def test_errors_keep_their_evidence() -> None:
    assert ResourceError("x", found="*", position=7).position == 7
    assert (ResourceError("x").found, ResourceError("x").position) == ("", None)
    assert (PolicyError("x", field="a").field, PolicyError("x").field) == ("a", "")
    assert (SigningKeyError("x", source="a").source, SigningKeyError("x").source) == ("a", "")


def test_configuration_error_has_problems() -> None:
    """Its text has one line for each."""
    assert ConfigurationError("a").problems == (Problem("", "a"),)
    error = ConfigurationError([Problem("", "a"), Problem("", "b")])
    assert error.problems == (Problem("", "a"), Problem("", "b"))
    assert str(error) == "a\nb"


def test_warning_is_a_user_warning() -> None:
    """Python shows it by default."""
    assert issubclass(CfsignWarning, UserWarning)
