"""The template functions with the alias of a distribution."""

import pytest

from cfsign import ConfigurationError
from tests.conformance.site import VIDEOS_HOST, driver


def render_flask(settings, arguments):
    import flask

    app = driver("flask_sync").create_app(settings)
    with app.test_request_context("/"):
        text = f"{{{{ cloudfront_url('a.txt'{arguments and ', '}{arguments})|safe }}}}"
        return flask.render_template_string(text)


def render_django(settings, arguments):
    driver("django_sync")
    from django.template import engines
    from django.test import override_settings

    with override_settings(**settings):
        text = f"{{% load cfsign %}}{{% cloudfront_url 'a.txt' {arguments} %}}"
        return engines["django"].from_string(text).render({})


@pytest.mark.parametrize("render", [render_flask, render_django], ids=["flask", "django"])
def test_alias_chooses_the_distribution(render, site_settings, domain):
    assert render(site_settings, "").startswith(f"{domain}/a.txt?")
    videos = domain.replace(*VIDEOS_HOST)
    assert render(site_settings, "distribution='videos'").startswith(f"{videos}/a.txt?")
    with pytest.raises(ConfigurationError, match="the site has 'default', 'videos'"):
        render(site_settings, "distribution='x'")
