"""Authorize, sign, redirect: private files behind Amazon CloudFront, for Flask."""

try:
    import flask as _flask  # noqa: F401  # to say what is missing
except ModuleNotFoundError as error:
    if error.name != "flask":
        raise
    raise ModuleNotFoundError(
        "cfsign_flask needs Flask: pip install 'cloudfront-cfsign[flask]'", name="flask"
    ) from None

from cfsign_flask.extension import CloudFront as CloudFront
from cfsign_flask.legacy import CloudFilesRedirect as CloudFilesRedirect
from cfsign_flask.legacy import CloudFrontRedirect as CloudFrontRedirect
from cfsign_flask.signals import access_decided as access_decided
from cfsign_flask.view import SignedRedirectView as SignedRedirectView
from cfsign_flask.view import signed_redirect_blueprint as signed_redirect_blueprint
