"""The Django app: add `cfsign_django` to `INSTALLED_APPS`."""

from django.apps import AppConfig
from django.core.checks import register

from cfsign_django.checks import check_settings


class CfsignConfig(AppConfig):
    """Registers the system checks; there are no models."""

    name = "cfsign_django"
    label = "cfsign"
    verbose_name = "CloudFront signed redirects"

    def ready(self) -> None:
        """Register the checks, which run before a deployment and before `runserver`."""
        register(check_settings)
