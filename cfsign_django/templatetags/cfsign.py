"""`{% cloudfront_url path %}`: the signed URL of a file, for a page that is already authorized."""

from __future__ import annotations

from typing import Any

from django import template

from cfsign import Distribution
from cfsign_django import conf

register = template.Library()


@register.simple_tag
def cloudfront_url(
    path: str, *, distribution: str | Distribution = "default", **arguments: Any
) -> str:
    """
    Return the signed URL of *path*.

    Args:
        path: The plain path of the file.
        distribution: The alias of a distribution, or a `Distribution`.
        arguments: The arguments of `Distribution.sign_path`.
    """
    distributions = conf.site_config().distributions
    return distributions.choose(distribution).sign_path(path, **arguments)
