"""`{% cloudfront_url path %}`: the signed URL of a file, for a page that is already authorized."""

from __future__ import annotations

from typing import Any

from django import template

from cfsign_django import conf

register = template.Library()


@register.simple_tag
def cloudfront_url(path: str, **arguments: Any) -> str:
    """Return the signed URL of *path*; the arguments are those of `Distribution.sign_path`."""
    return conf.distribution().sign_path(path, **arguments)
