"""
Views: what every framework adapter needs.

An adapter builds a `SiteConfig` from the site's settings, asks it for the `ViewHandler` of a view,
and per request calls `ViewHandler.file_request` and `ViewHandler.handle`.
"""

from cfsign.config.headers import make_private
from cfsign.config.site_settings import is_alias
from cfsign.views.construction import (
    build_resource_error,
    check_authorize,
    check_distribution,
    check_hooks,
    check_ignored_attributes,
    check_route,
)
from cfsign.views.decision import Allow, Deny, decide
from cfsign.views.distributions import Distributions
from cfsign.views.events import AccessEvent, Observer, Outcome
from cfsign.views.file_request import FileRequest
from cfsign.views.folder_cookies import FolderCookies
from cfsign.views.framework import Framework
from cfsign.views.from_settings import FromSettings, build_handlers, read_config, read_env
from cfsign.views.handler import ViewHandler
from cfsign.views.observation import log_failure
from cfsign.views.option_attributes import OptionAttributes
from cfsign.views.options import ViewOptions
from cfsign.views.page_urls import PageUrls
from cfsign.views.renewal import FolderFor, FolderRenewal
from cfsign.views.resource import Refusal, find_resource, find_resource_async
from cfsign.views.response import Headers, ViewResponse
from cfsign.views.site_config import SiteConfig
from cfsign.views.view_handlers import ViewHandlers

__all__ = [
    "AccessEvent",
    "Allow",
    "Deny",
    "Distributions",
    "FileRequest",
    "FolderCookies",
    "FolderFor",
    "FolderRenewal",
    "Framework",
    "FromSettings",
    "Headers",
    "Observer",
    "OptionAttributes",
    "Outcome",
    "PageUrls",
    "Refusal",
    "SiteConfig",
    "ViewHandler",
    "ViewHandlers",
    "ViewOptions",
    "ViewResponse",
    "build_handlers",
    "build_resource_error",
    "check_authorize",
    "check_distribution",
    "check_hooks",
    "check_ignored_attributes",
    "check_route",
    "decide",
    "find_resource",
    "find_resource_async",
    "is_alias",
    "log_failure",
    "make_private",
    "read_config",
    "read_env",
]
