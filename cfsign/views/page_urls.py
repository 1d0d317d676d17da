"""The URLs of a page's files: signed ones, and links to the site's own views."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cfsign.errors import ConfigurationError
from cfsign.signing.distribution import Distribution
from cfsign.signing.folder import is_inside
from cfsign.signing.policy import Conditions
from cfsign.signing.signed_policy import SignedPolicy
from cfsign.utils.secret import hide_arguments
from cfsign.views.distributions import Distributions

# What says how a URL is signed. A view has options for it, or its Allow.
_SIGNING_ARGUMENTS = (
    "distribution",
    "query",
    "download_name",
    "folder",
    "pattern",
    *Conditions.__annotations__,
)


class PageUrls:
    """
    Signs the URLs of one page. A folder is signed once.

    Make one for each request, so that a later page gets a new signature.
    """

    __slots__ = ("_signed",)

    def __init__(self) -> None:
        self._signed: dict[object, SignedPolicy] = {}

    def __repr__(self) -> str:
        return f"<PageUrls, {len(self._signed)} folders>"  # no signature

    @hide_arguments
    def build(
        self,
        distributions: Distributions,
        build: Callable[..., str],
        path: str,
        view: str | None,
        arguments: dict[str, Any],
    ) -> str:
        """
        Return the URL for a template: that of *view*, or else a signed one.

        Args:
            distributions: The site's distributions. The argument `distribution` chooses one.
            build: The framework's function for URLs of routes, such as `url_for` of Flask.
            path: The plain path of the file.
            view: The name of a route, which has the variable `resource`; None signs the file.
            arguments: The other arguments of the template function.

        Raises:
            ConfigurationError: The alias is unknown, or *view* is combined with how to sign.
            CfsignError: As `Distribution.sign_path`.
        """
        if view is not None:
            return _build_view_url(build, view, path, arguments)
        chosen = distributions.choose(arguments.pop("distribution", "default"))
        return self.sign_path(chosen, path, **arguments)

    @hide_arguments
    def sign_path(self, distribution: Distribution, path: str, **arguments: Any) -> str:
        """
        Return the signed URL of *path*; the arguments are those of `Distribution.sign_path`.

        With `folder`, each URL of the page for that folder has the same signature.

        Raises:
            CfsignError: As `Distribution.sign_path`.
        """
        key = _build_key(distribution, arguments)
        if key is None:
            return distribution.sign_path(path, **arguments)
        signed_policy = self._signed.get(key)
        if signed_policy is None:
            signed_policy = distribution.sign_folder(**arguments)
            self._signed[key] = signed_policy
        url = distribution.unsigned_url(path)
        if not is_inside(url, signed_policy.policy.resource.removesuffix("*")):
            return distribution.sign_path(path, **arguments)  # raises
        return signed_policy.url(url)


def _build_view_url(
    build: Callable[..., str], view: str, path: str, arguments: dict[str, Any]
) -> str:
    """
    Return the URL of the site's own view for a file: it signs only when the link is opened.

    Args:
        build: The framework's function, such as `url_for` of Flask.
        view: The name of the route, which has the variable `resource`.
        path: The plain path of the file.
        arguments: The other variables of the route.

    Raises:
        ConfigurationError: An argument says how to sign, which is the view's own task.
    """
    wrong = ", ".join(name for name in _SIGNING_ARGUMENTS if name in arguments)
    if wrong:
        raise ConfigurationError(
            f"{wrong} cannot be combined with view: the view signs",
            hint=f"remove {wrong}, or set it in the view",
        )
    return build(view, resource=path, **arguments)


def _build_key(distribution: Distribution, arguments: dict[str, Any]) -> object:
    """Return what the URLs with one signature have in common; None if they share none."""
    if arguments.get("folder") is None or not arguments.keys().isdisjoint(
        ("query", "download_name", "pattern")
    ):
        return None
    key = (distribution, *sorted(arguments.items()))
    try:
        hash(key)
    except TypeError:
        return None  # a wrong value, which `sign_path` refuses
    return key
