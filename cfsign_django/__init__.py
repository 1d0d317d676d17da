"""Authorize, sign, redirect: private files behind Amazon CloudFront, for Django."""

try:
    import django as _django  # noqa: F401  # to say what is missing
except ModuleNotFoundError as error:
    if error.name != "django":
        raise
    raise ModuleNotFoundError(
        "cfsign_django needs Django: pip install 'cloudfront-cfsign[django]'", name="django"
    ) from None

from cfsign_django.conf import distribution as distribution
from cfsign_django.folders import grant_folder as grant_folder
from cfsign_django.folders import grant_folder_async as grant_folder_async
from cfsign_django.folders import revoke_all as revoke_all
from cfsign_django.folders import revoke_folder as revoke_folder
