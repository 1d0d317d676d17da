"""Settings: read them from a mapping or the environment, and check them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cfsign.config.checks import check_config as check_config
    from cfsign.config.checks import check_site as check_site
    from cfsign.config.configuration import Configuration as Configuration
    from cfsign.config.settings import Settings as Settings
    from cfsign.config.site_settings import SiteSettings as SiteSettings
    from cfsign.utils.secret import Secret as Secret
    from cfsign.utils.secret import hide as hide
    from cfsign.utils.secret import hide_arguments as hide_arguments
else:
    # Imported on first use (PEP 562): the views need `cfsign.config.fields` without the rest.
    _MODULES = {
        "Configuration": "cfsign.config.configuration",
        "Settings": "cfsign.config.settings",
        "SiteSettings": "cfsign.config.site_settings",
        "Secret": "cfsign.utils.secret",
        "check_config": "cfsign.config.checks",
        "check_site": "cfsign.config.checks",
        "hide": "cfsign.utils.secret",
        "hide_arguments": "cfsign.utils.secret",
    }

    def __getattr__(name):
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(_MODULES[name]), name)


__all__ = [
    "Configuration",
    "Secret",
    "Settings",
    "SiteSettings",
    "check_config",
    "check_site",
    "hide",
    "hide_arguments",
]
