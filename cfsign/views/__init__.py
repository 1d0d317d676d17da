"""
Views: what every framework adapter needs.

An adapter builds a `SiteConfig` from the site's settings, asks it for the `ViewHandler` of a view,
and per request calls `ViewHandler.file_request`, the site's `authorize`, and `FileRequest.respond`.
"""

from cfsign.views.decision import Allow, Deny, decide
from cfsign.views.events import AccessEvent, Observer, Outcome
from cfsign.views.handler import FileRequest, ViewHandler
from cfsign.views.options import (
    OptionAttributes,
    ViewOptions,
    build_missing_authorize_error,
    build_missing_resource_error,
)
from cfsign.views.response import ViewResponse
from cfsign.views.site_config import SiteConfig

__all__ = [
    "AccessEvent",
    "Allow",
    "Deny",
    "FileRequest",
    "Observer",
    "OptionAttributes",
    "Outcome",
    "SiteConfig",
    "ViewHandler",
    "ViewOptions",
    "ViewResponse",
    "build_missing_authorize_error",
    "build_missing_resource_error",
    "decide",
]
