"""Checks of the files that settings name: who can read and change them, and where they are."""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path

from cfsign.config.context import Context, find_file
from cfsign.errors import Problem
from cfsign.keys import is_key_text
from cfsign.keys.source import MAX_KEY_BYTES
from cfsign.utils.files import read_file


def check_key_files(context: Context) -> Iterator[Problem]:
    """Yield a problem for each private key that other users can read or change."""
    for key in context.keys:
        if key.file is not None and _may_be_private(key.file):
            access = "read or change the private key's file"
            yield from _check_mode(context, key.key_setting, key.file, access, key.prefix)


def check_ring_documents(context: Context) -> Iterator[Problem]:
    """Yield a problem if others can change a key ring document, or read secrets in it."""
    ring = context.ring
    if ring is None:
        return
    has_secrets = any(
        pair.password is not None or is_key_text(pair.private_key) for pair in ring.pairs
    )
    for path in ring.documents:
        access = "change which key signs"
        if has_secrets:
            access = "read or change the key ring's document, which contains secrets"
        yield from _check_mode(context, ring.setting, path, access, is_secret=has_secrets)


def check_paths(context: Context) -> Iterator[Problem]:
    """Yield a note for each path that depends on the working directory."""
    for name in ("private_key", "key_ring"):
        path = find_file(context.settings.values.get(name))
        if path is not None and not path.is_absolute():
            yield context.settings.build_problem(
                name,
                f"the path is relative; from this folder it is {str(path.absolute())!r}",
                "use an absolute path if the server starts in another folder",
                "note",
                "relative-path",
            )


def check_public_folders(context: Context) -> Iterator[Problem]:
    """Yield a warning for each private key in a folder that the site serves to the public."""
    for key in context.keys:
        if key.file is None:
            continue
        places = _places_of(key.file)
        for name, folder in context.public_folders:
            roots = _places_of(folder)
            if any(place.is_relative_to(root) for place in places for root in roots):
                yield context.settings.build_problem(
                    key.key_setting,
                    f"{key.prefix}the private key is in {name}, which the site serves to the "
                    "public",
                    "move the key to a folder that only the site's process can read",
                    "warning",
                    "public-key-file",
                )


def _may_be_private(path: Path) -> bool:
    """Return False if the file holds a public key, used by mistake: others may read that."""
    try:
        content = read_file(path, MAX_KEY_BYTES)
    except OSError:  # reported by the check of the setting itself
        return True
    return b"PRIVATE KEY-----" in content or b"-----BEGIN" not in content


def _check_mode(
    context: Context,
    setting: str,
    path: Path,
    access: str,
    prefix: str = "",
    *,
    is_secret: bool = True,
) -> Iterator[Problem]:
    """Yield a warning if every user has *access* to *path*, or a note if its group has."""
    if os.name != "posix" or not path.is_file():
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    by_all, by_group = stat.S_IWOTH, stat.S_IWGRP
    if is_secret:
        by_all, by_group = by_all | stat.S_IROTH, by_group | stat.S_IRGRP
    fix = f"chmod {'600' if is_secret else 'go-w'} {shlex.quote(str(path))}"
    if mode & by_all:
        message = f"{prefix}every user of this machine can {access} (mode {mode:04o})"
        yield context.settings.build_problem(setting, message, fix, "warning", "file-mode")
    elif mode & by_group:
        message = f"{prefix}the file's group can {access} (mode {mode:04o})"
        hint = f"{fix}, unless the server needs the group's access"
        yield context.settings.build_problem(setting, message, hint, "note", "file-mode")


def _places_of(path: str | os.PathLike[str]) -> tuple[Path, Path, Path]:
    """Return *path* with its links unchanged, with the links of its folder followed, with all."""
    given = Path(os.path.abspath(os.fsdecode(path)))
    return given, given.parent.resolve() / given.name, given.resolve()
