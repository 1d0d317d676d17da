"""The site's own: who its viewers are, and who may read what. No framework has a part in it."""

from __future__ import annotations

from typing import TypeGuard

from cfsign import Allow

VIEWERS = {"ada": "Ada", "ben": "Ben"}

#: Who may read a file, or all that is in a folder: cookies open a folder as a whole.
READERS = {
    "Polar lights over the fjord.svg": {"ada", "ben"},
    "Führer über die Gipfel.pdf": {"ada", "ben"},
    "Huts + passes.txt": {"ada", "ben"},
    "100% wool.txt": {"ada"},
    "Rated 4* and up.txt": {"ben"},
    "Gone in two seconds.txt": {"ada", "ben"},
    "Ada's letter.txt": {"ada"},
    "Ben's diary.txt": {"ben"},
    "A day at the lake": {"ada"},
    "A day at the lake house": {"ben"},
}


def is_viewer(name: object) -> TypeGuard[str]:
    """Tell whether what a form says names a viewer."""
    return isinstance(name, str) and name in VIEWERS


def may_read(viewer: str, resource: str) -> bool:
    """Tell whether *viewer* may read *resource*: the site's own rule, and all of it."""
    folder = resource.rpartition("/")[0]
    return viewer in READERS.get(folder or resource, ())


def permission(viewer: str | None, resource: str, address: str | None) -> int | Allow:
    """
    Decide on one request, for `authorize` to return.

    Args:
        viewer: Who asks, or None for somebody who is not logged in.
        resource: What they ask for.
        address: Where they ask from.

    Returns:
        401 for whoever is not logged in, 403 for whoever may not; 200 or an `Allow` for the rest.
    """
    if viewer is None:
        return 401
    if not may_read(viewer, resource):
        return 403
    if resource == "Führer über die Gipfel.pdf":
        return Allow(ip_address=address)
    if resource == "Gone in two seconds.txt":
        return Allow(expires_in=2)
    return 200
