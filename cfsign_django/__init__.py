"""Authorize, sign, redirect: private files behind Amazon CloudFront, for Django."""

try:
    import django as _django  # noqa: F401
except ModuleNotFoundError as error:
    if error.name != "django":
        raise
    raise ModuleNotFoundError(
        "cfsign_django needs Django: pip install 'cloudfront-cfsign[django]'", name="django"
    ) from None

from cfsign_django.conf import distribution as distribution
