"""`{% cloudfront_url path %}`: the URL of a file, for a page that is already authorized."""

from __future__ import annotations

from typing import Any, cast

from django import template
from django.urls import reverse

from cfsign.views import PageUrls
from cfsign_django import conf

register = template.Library()


@register.simple_tag(takes_context=True)
def cloudfront_url(
    context: template.Context, path: str, *, view: str | None = None, **arguments: Any
) -> str:
    """
    Return the URL of a file for a page, signed or that of a view.

    Args:
        context: The template's context.
        path: The plain path of the file.
        distribution: The alias of a distribution, or a `Distribution`; the default is "default".
        view: The name of a route of the site. The URL is then that of the view for the file, which
            is signed only when the link is opened, and *arguments* are the route's other variables.
        arguments: The arguments of `Distribution.sign_path`. All URLs of a page with the same
            `folder` have one signature.

    Raises:
        ConfigurationError: The alias is unknown, or *view* is combined with how to sign.
        CfsignError: As `Distribution.sign_path`.
    """
    distributions = conf.site_config().distributions
    return _get_page_urls(context).build(distributions, _reverse, path, view, arguments)


def _get_page_urls(context: template.Context) -> PageUrls:
    values: dict[str, Any] = vars(context.get("request") or context.render_context)
    return cast(PageUrls, values.setdefault("_cloudfront_page_urls", PageUrls()))


def _reverse(view: str, **variables: Any) -> str:
    return reverse(view, kwargs=variables)
