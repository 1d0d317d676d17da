"""Authorize, sign, redirect: private files behind Amazon CloudFront, for Starlette and FastAPI."""

try:
    import starlette as _starlette  # noqa: F401  # to say what is missing
except ModuleNotFoundError as error:
    if error.name != "starlette":
        raise
    raise ModuleNotFoundError(
        "cfsign_starlette needs Starlette: pip install 'cloudfront-cfsign[starlette]'",
        name="starlette",
    ) from None

from cfsign.views import FolderCookies as FolderCookies
from cfsign_starlette.checks import check_routes as check_routes
from cfsign_starlette.endpoint import SignedRedirectEndpoint as SignedRedirectEndpoint
from cfsign_starlette.middleware import RenewFolders as RenewFolders
from cfsign_starlette.redirect import SignedRedirect as SignedRedirect
from cfsign_starlette.redirect import signed_redirect as signed_redirect
