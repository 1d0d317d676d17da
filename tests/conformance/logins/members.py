"""The rule of every site: which folder a user may open; and cookies for Falcon and Starlette."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cfsign import Allow, Distribution
from cfsign.views import FolderCookies


def find_folder(user: str | None) -> str | Allow | None:
    """Return the folder of a logged-in user, or None."""
    if user == "mallory":
        raise RuntimeError("the database is closed")
    folders: dict[str | None, str | Allow] = {
        "ada": "members",
        "ben": Allow(folder="staff/ben", expires_in=7200),
    }
    return folders.get(user)


def make_cookies(settings: Mapping[str, Any]) -> FolderCookies:
    """Return the cookies with the options that a site with settings has."""
    config = settings["CLOUDFRONT_CONFIG"]
    return FolderCookies(
        Distribution.from_config(settings),
        domain=config["cookie_domain"],
        path=config.get("cookie_path"),
        expires_in=config["cookie_expires_in"],
    )
