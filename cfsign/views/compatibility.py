"""The check of a view's options against its distribution and its framework."""

from __future__ import annotations

from cfsign.errors import ConfigurationError, Problem
from cfsign.signing.cookie_rules import find_cookie_problems
from cfsign.signing.distribution import Distribution
from cfsign.views.folder_cookies import warn_of_missing_domain
from cfsign.views.framework import Framework
from cfsign.views.observation import describe_observer, is_async_observer
from cfsign.views.options import ViewOptions


def check_compatibility(
    distribution: Distribution, options: ViewOptions, can_await: bool, framework: Framework
) -> None:
    """
    Raise an error if the options of a view cannot work with its distribution or its framework.

    Args:
        distribution: The distribution that serves the files.
        options: The options of the view.
        can_await: False if the view is sync.
        framework: The framework of the view.

    Raises:
        ConfigurationError: Lists all problems.
    """
    problems: list[Problem] = []
    if options.delivery == "cookies":
        problems += find_cookie_problems(
            distribution.domain,
            options.cookie_domain,
            options.cookie_samesite,
            options.cookie_partitioned,
        )
    if options.cache_redirect and distribution.expiry_step is None:
        problems.append(
            Problem(
                "",
                "cache_redirect needs an expiry_step: without one every redirect has another URL",
                "set expiry_step, such as 300 seconds, or remove cache_redirect",
            )
        )
    if distribution.signer.is_async and not can_await:
        problems.append(
            Problem(
                "",
                "this view cannot await an asynchronous private key",
                "use the async view, or a private key whose sign is a plain method",
            )
        )
    if not can_await or not framework.can_await_observers:
        problems += (
            Problem(
                "observers",
                f"this view cannot await the async observer {describe_observer(observer)}",
                "use the async view, or a plain function",
            )
            for observer in options.observers
            if is_async_observer(observer)
        )
    if problems:
        raise ConfigurationError(problems)
    if options.delivery == "cookies" and options.cookie_domain is None:
        warn_of_missing_domain(distribution.domain)
