"""The Flask site with async rules."""

from __future__ import annotations

from cfsign_flask import SignedRedirectView
from tests.jobs.sites import flask_sync, make_async

IS_ASGI = False


def create_app(settings):
    return flask_sync.create_app(settings, lambda view: make_async(view, SignedRedirectView))
