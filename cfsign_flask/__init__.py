"""Authorize, sign, redirect: private files behind Amazon CloudFront, for Flask."""

from cfsign_flask.extension import CloudFront as CloudFront
from cfsign_flask.original import CloudFilesRedirect as CloudFilesRedirect
from cfsign_flask.original import CloudFrontRedirect as CloudFrontRedirect
from cfsign_flask.view import SignedRedirectView as SignedRedirectView
from cfsign_flask.view import signed_redirect_blueprint as signed_redirect_blueprint
