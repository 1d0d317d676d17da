"""The private key's file: who may read it, and is it found from everywhere?"""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path

from cfsign.doctor.finding import Finding

#: A key is about 2 KB; this is more than any.
_KEY_BYTES = 64 * 1024


def examine_key_file(setting: str, key: object) -> Iterator[Finding]:
    """Yield what is wrong with the file that *key* names; nothing if it names none."""
    path = _path_of(key)
    if path is None:
        return
    yield from examine_path(setting, path)
    if os.name == "posix" and _may_be_secret(path):
        yield from _examine_mode(setting, path)


def examine_path(setting: str, source: object) -> Iterator[Finding]:
    """Yield a note on a path that is relative."""
    path = _path_of(source)
    if path is not None and not path.is_absolute():
        yield Finding(
            "note",
            setting,
            f"the path is relative, and means {str(path.absolute())!r} from this folder",
            "give an absolute path if the server is started elsewhere",
        )


def examine_document(setting: str, path: Path, *, holds_secrets: bool) -> Iterator[Finding]:
    """
    Yield who else may read or change a key ring's document.

    Args:
        setting: The setting that gives the ring.
        path: The document.
        holds_secrets: Whether keys or passwords stand in it, and not their files' names alone.
    """
    if os.name != "posix" or not path.is_file():
        return
    if holds_secrets:
        yield from _examine_mode(setting, path, "the key ring's document, with keys in it")
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & (stat.S_IWOTH | stat.S_IWGRP):
        who = "every user of this machine" if mode & stat.S_IWOTH else "the file's group"
        yield Finding(
            "warning" if mode & stat.S_IWOTH else "note",
            setting,
            f"{who} may change which key signs (mode {mode:04o})",
            f"chmod go-w {shlex.quote(str(path))}",
        )


def _examine_mode(setting: str, path: Path, what: str = "the key's file") -> Iterator[Finding]:
    mode = stat.S_IMODE(path.stat().st_mode)
    mend = f"chmod 600 {shlex.quote(str(path))}"
    if mode & (stat.S_IROTH | stat.S_IWOTH):
        found = f"every user of this machine may read or change {what} (mode {mode:04o})"
        yield Finding("warning", setting, found, mend)
    elif mode & (stat.S_IRGRP | stat.S_IWGRP):
        found = f"the file's group may read or change {what} (mode {mode:04o})"
        yield Finding("note", setting, found, f"{mend}, unless the server reads it as that group")


def _may_be_secret(path: Path) -> bool:
    """Tell whether the file is anything but the public key that somebody took for the private."""
    try:
        with path.open("rb") as file:
            content = file.read(_KEY_BYTES)
    except OSError:  # nor can the site read it, which its own check tells
        return True
    return b"PRIVATE KEY-----" in content or b"-----BEGIN" not in content


def _path_of(key: object) -> Path | None:
    if not isinstance(key, str | os.PathLike):
        return None
    try:
        path = Path(os.path.expanduser(key.strip() if isinstance(key, str) else key))
        return path if path.is_file() else None
    except (OSError, ValueError):  # the key itself, which is no path
        return None
