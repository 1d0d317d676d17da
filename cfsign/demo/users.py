"""The users of the site, and its access rule. Both are the same for every framework."""

from __future__ import annotations

from typing import TypeGuard

from cfsign import Allow

USERS = {"ada": "Ada", "ben": "Ben"}

#: The folders that cookies open.
FOLDERS = ("A day at the lake", "A day at the lake house")

#: The users who may read each file, and each folder: cookies open a folder as a whole.
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


def is_user(name: object) -> TypeGuard[str]:
    """Return True if *name*, from a form, is the name of a user."""
    return isinstance(name, str) and name in USERS


def can_read(user: str, resource: str) -> bool:
    """Return True if *user* may read the file *resource*."""
    return user in READERS.get(get_folder(resource) or resource, ())


def get_folder(resource: str) -> str:
    """Return the folder of a file, which cookies open as a whole; "" at the top level."""
    return resource.rpartition("/")[0]


def authorize(user: str | None, resource: str, address: str | None) -> int | Allow:
    """
    Return the site's decision, for the method `authorize` of its views.

    Args:
        user: The logged-in user, or None.
        resource: The requested file.
        address: The client's IP address.

    Returns:
        401 if no user is logged in, 403 if the user may not read the file, else 200 or an `Allow`.
    """
    if user is None:
        return 401
    if not can_read(user, resource):
        return 403
    if resource == "Führer über die Gipfel.pdf":
        return Allow(ip_address=address)
    if resource == "Gone in two seconds.txt":
        return Allow(expires_in=2)
    return 200
