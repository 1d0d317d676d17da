"""Checks of a view, for adapters to call when the view is made."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

from cfsign.errors import ConfigurationError, Problem
from cfsign.signing.distribution import Distribution
from cfsign.utils.secret import hide
from cfsign.views.options import ViewOptions

#: The methods of views that the site may override.
_HOOKS = ("distribution_for", "resource_for")


def check_authorize(
    view: Any,
    base: Any,
    parameters: str,
    *,
    is_async: bool = False,
    can_await: bool = False,
    other: str = "",
) -> None:
    """
    Raise an error if a view does not override `authorize` as it must.

    Args:
        view: The class of the view.
        base: The class of the adapter, whose `authorize` must be overridden.
        parameters: The parameters of `authorize`, for the error.
        is_async: True if the view's `authorize` is async.
        can_await: True if the view awaits `authorize`.
        other: The class to derive the view from otherwise, for the error.

    Raises:
        NotImplementedError: `authorize` is not overridden.
        TypeError: `authorize` is async and the view is not, or the reverse.
    """
    name = view.__name__
    if view.authorize is base.authorize:
        raise NotImplementedError(
            f"{name} must override authorize({parameters}) and return 200, an error status, an "
            "Allow or a Deny"
        )
    if is_async is can_await:
        return
    mistake = "not async, but the view is" if can_await else "async, but the view is not"
    fix = "make authorize async" if can_await else "make authorize a plain method"
    alternative = f", or derive {name} from {other}" if other else ""
    raise TypeError(f"{name}.authorize is {mistake}; {fix}{alternative}")


def check_distribution(name: str, distribution: object) -> Distribution:
    """
    Return the distribution of the view *name*.

    Args:
        name: The name of the view, for the error.
        distribution: What the site gave as the distribution, or a `Secret` of it.

    Raises:
        ConfigurationError: It is None, or anything but a `Distribution`.
    """
    hidden = hide(distribution)
    del distribution  # it may be the settings
    if isinstance(hidden.reveal(), Distribution):
        chosen: Distribution = hidden.reveal()
        return chosen
    if hidden.reveal() is None:
        raise ConfigurationError(
            f"{name} has no distribution",
            hint="pass Distribution.from_env() or Distribution.from_config(settings)",
        )
    raise ConfigurationError(
        f"the distribution of {name} must not be a {type(hidden.reveal()).__name__}",
        hint="pass a Distribution(domain, signer)"
        + (f"; an alias needs {name}.from_config" if isinstance(hidden.reveal(), str) else ""),
    )


def build_resource_error(resource: object, variables: Iterable[str]) -> ConfigurationError:
    """
    Return the error for a route that has no text for `resource`.

    Args:
        resource: The value of the route's variable, or None if there is no such variable.
        variables: The names of the route's other variables.
    """
    if resource is None:
        names = ", ".join(sorted(variables)) or "none"
        return ConfigurationError(
            f"the route has no variable `resource` (its variables: {names})",
            hint="rename the variable that holds the file's path to `resource`",
        )
    return ConfigurationError(
        f"the route's variable `resource` must be text, got {type(resource).__name__}",
        hint="use the router's converter for paths",
    )


def check_route(view: Any, variables: Iterable[str], methods: Iterable[str]) -> None:
    """
    Raise ConfigurationError if a view would find no file for any request of its route.

    A view that overrides one of *methods* may find the file otherwise, and is not checked.

    Args:
        view: The class of the view.
        variables: The names of the route's variables.
        methods: The methods of the view's class that can choose the file.
    """
    names = set(variables)
    if "resource" not in names and all(
        _is_of_framework(getattr(view, method, None)) for method in methods
    ):
        raise build_resource_error(None, names)


def _is_of_framework(method: object) -> bool:
    package = getattr(method, "__module__", "").partition(".")[0]
    return (
        method is None
        or package in ("django", "flask", "starlette")
        or package.startswith("cfsign")
    )


def check_ignored_attributes(cls: type, base: type, hint: str, reads: Iterable[str] = ()) -> None:
    """
    Raise an error if a class has an attribute that is an option elsewhere, but not here.

    Args:
        cls: The class of the site, derived from *base*.
        base: The class of the adapter.
        hint: How to set the option.
        reads: The options that *base* reads.

    Raises:
        ConfigurationError: Lists all such attributes.
    """
    names = {*ViewOptions.__dataclass_fields__, *_HOOKS}.difference(reads)
    problems = [
        Problem("", f"{cls.__name__} does not read the attribute {name}", hint)
        for name in sorted(names)
        if _is_set(getattr(cls, name, None), name) and not hasattr(base, name)
    ]
    if problems:
        raise ConfigurationError(problems)


def _is_set(value: object, name: str) -> bool:
    # A method or a property with the name of an option belongs to the site.
    is_method = callable(value) or hasattr(value, "__get__")
    return value is not None and is_method is (name in _HOOKS)


def check_hooks(view: Any, *, can_await: bool) -> None:
    """
    Raise TypeError if `distribution_for` or `resource_for` is async, and the view cannot await it.

    Args:
        view: The class of the view.
        can_await: True if the view awaits the methods of the site.
    """
    for name in _HOOKS:
        if inspect.iscoroutinefunction(getattr(view, name)) and not can_await:
            raise TypeError(
                f"{view.__name__}.{name} is async, but the view is not; make it a plain method"
            )
