"""
Rules for settings that work but are probably not intended.

Settings that cannot work are errors, found by the checks in `cfsign.config.fields`. These rules
find the rest, as warnings and notes. `cfsign doctor` and Django's system checks show them.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cfsign.config.configuration import load_values
from cfsign.config.fields import get_host
from cfsign.config.settings import Settings
from cfsign.errors import CfsignError, Problem
from cfsign.keyring.document import KeyPair
from cfsign.keyring.ring import build_source
from cfsign.keyring.source import ListedPairs, RingSource
from cfsign.keys import choose_backend, is_async, is_blocking, is_key_path, is_key_text
from cfsign.keys.source import MAX_KEY_BYTES
from cfsign.limits import DISTRIBUTION_ID, LEGACY_KEY_PAIR_ID, is_loopback
from cfsign.signing.times import to_seconds
from cfsign.utils.files import read_file

#: The name of a folder whose files the site serves to the public, and its path.
PublicFolder = tuple[str, str | os.PathLike[str]]

_DAY = 86400


@dataclass(frozen=True, slots=True)
class Ring:
    """
    The key ring that settings name; its private keys are not loaded.

    Attributes:
        setting: The setting that names it, "keys" or "key_ring".
        documents: The files that list its key pairs.
        pairs: The key pairs, the oldest first.
    """

    setting: str
    documents: tuple[Path, ...]
    pairs: tuple[KeyPair, ...]


@dataclass(frozen=True, slots=True)
class GivenKey:
    """
    A key pair of the settings, unchecked.

    Attributes:
        id_setting: The setting that gives its id.
        key_setting: The setting that gives its private key.
        key_pair_id: The id, or None.
        private_key: The private key: a path, the key itself, or an object; or None.
        prefix: How a message about the key starts: with its id, if it is one of several.
    """

    id_setting: str
    key_setting: str
    key_pair_id: object
    private_key: object
    prefix: str = ""

    @property
    def file(self) -> Path | None:
        """The file with the private key; None if the file is missing or the key is not in one."""
        return _find_file(self.private_key)


@dataclass(frozen=True, slots=True)
class Context:
    """
    The settings and files that the rules examine.

    Attributes:
        settings: The settings.
        ring: The key ring that they name, or None.
        keys: The one key pair, or those of the ring.
        public_folders: The folders whose files the site serves to the public.
    """

    settings: Settings
    ring: Ring | None
    keys: tuple[GivenKey, ...]
    public_folders: tuple[PublicFolder, ...]


def load_ring(settings: Settings) -> Ring | None:
    """Return the key ring in *settings*; None without one, or if it cannot be read."""
    try:
        if "keys" in settings.values:
            setting: str = "keys"
            source: RingSource = ListedPairs(settings.values["keys"])
        elif "key_ring" in settings.values:
            setting, source = "key_ring", build_source(settings.values["key_ring"])
        else:
            return None
        pairs = source.read_pairs(source.read_state())
    except CfsignError:  # reported by the check of the setting itself
        return None
    return Ring(
        setting, source.files, tuple(sorted(pairs, key=lambda pair: pair.active_from_seconds))
    )


def check_config(settings: Settings, public_folders: Iterable[PublicFolder] = ()) -> list[Problem]:
    """
    Return all problems of *settings*: errors, warnings and notes.

    Args:
        settings: The settings; the keys that they name are loaded.
        public_folders: The folders whose files the site serves to the public.
    """
    _, problems = load_values(settings)
    return problems + find_risks(settings, load_ring(settings), public_folders)


def find_risks(
    settings: Settings, ring: Ring | None, public_folders: Iterable[PublicFolder] = ()
) -> list[Problem]:
    """
    Return the warnings and notes on *settings*.

    Args:
        settings: The settings, which may have errors.
        ring: The key ring that they name, as `load_ring` returns it.
        public_folders: The folders whose files the site serves to the public.
    """
    values = settings.values
    keys = [
        GivenKey("key_pair_id", "private_key", values.get("key_pair_id"), values.get("private_key"))
    ]
    if ring is not None:
        keys += [
            GivenKey(
                ring.setting,
                ring.setting,
                pair.key_pair_id,
                pair.private_key,
                f"{pair.key_pair_id}: ",
            )
            for pair in ring.pairs
        ]
    context = Context(settings, ring, tuple(keys), tuple(public_folders))
    return [problem for rule in RULES for problem in rule(context)]


def check_scheme(context: Context) -> Iterator[Problem]:
    """Yield a warning if the domain uses plain http, except for this machine."""
    domain = context.settings.values.get("domain")
    if (
        isinstance(domain, str)
        and domain.lower().startswith("http://")
        and not is_loopback(get_host(domain))
    ):
        yield context.settings.build_problem(
            "domain",
            "plain http is not encrypted: others on the network can read the URL and the file",
            "use https://, and let the distribution redirect or refuse http",
            "warning",
            "plain-http",
        )


def check_key_pair_ids(context: Context) -> Iterator[Problem]:
    """Yield a warning for an id of something else than a public key, without the id itself."""
    for key in context.keys:
        if not isinstance(key.key_pair_id, str):
            continue
        if re.fullmatch(DISTRIBUTION_ID, key.key_pair_id):
            yield context.settings.build_problem(
                key.id_setting,
                f"{key.prefix}the key pair id starts with E, like the ID of a distribution",
                "use the public key's ID (CloudFront, Key management, Public keys), such as "
                "K2JCJMDEHXQW5F",
                "warning",
                "distribution-id",
            )
        elif re.fullmatch(LEGACY_KEY_PAIR_ID, key.key_pair_id):
            yield context.settings.build_problem(
                key.id_setting,
                f"{key.prefix}the key pair id starts with APKA, like a legacy key pair of the root "
                "account, which no key group accepts",
                "create a key for a key group: cfsign aws create-key",
                "warning",
                "legacy-key-pair",
            )


def check_key_files(context: Context) -> Iterator[Problem]:
    """Yield a problem for each private key that other users can read or change."""
    for key in context.keys:
        if key.file is not None and _may_be_private(key.file):
            access = "read or change the private key's file"
            yield from _check_mode(context, key.key_setting, key.file, access, key.prefix)


def check_ring_documents(context: Context) -> Iterator[Problem]:
    """Yield a problem for a key ring document that others can change, or read its secrets."""
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
        path = _find_file(context.settings.values.get(name))
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


def check_backend(context: Context) -> Iterator[Problem]:
    """Yield a warning if a key in this process signs without `cryptography`."""
    local = [key for key in context.keys if _signs_here(key.private_key)]
    if local and choose_backend() == "rsa":
        yield context.settings.build_problem(
            local[0].key_setting,
            "the pure-Python rsa package signs, which takes several milliseconds per URL",
            "pip install cryptography, which takes about 0.2 ms",
            "warning",
            "slow-backend",
        )


def check_expiry(context: Context) -> Iterator[Problem]:
    """Yield a note if signatures are valid for an unusually long or short time."""
    try:
        seconds = to_seconds(context.settings.values.get("expires_in", 60), "expires_in")
    except CfsignError:  # reported by the check of the setting itself
        return
    if seconds > _DAY:
        message = f"a URL works for {seconds / _DAY:.3g} days, for everyone who has it"
        hint = "a few minutes are enough for a redirect"
        yield context.settings.build_problem("expires_in", message, hint, "note", "long-expiry")
    elif seconds < 10:
        message = f"a URL works for {seconds} s, which is too short for slow clients"
        yield context.settings.build_problem(
            "expires_in", message, "60 s is usual", "note", "short-expiry"
        )


#: Every rule. Each yields the problems that it finds in a `Context`.
RULES: tuple[Callable[[Context], Iterator[Problem]], ...] = (
    check_scheme,
    check_key_pair_ids,
    check_key_files,
    check_ring_documents,
    check_paths,
    check_public_folders,
    check_backend,
    check_expiry,
)


def _find_file(source: object) -> Path | None:
    """Return the file that *source* names; None if it is not a path, or there is no such file."""
    if not is_key_path(source):
        return None
    try:
        path = Path(os.path.expanduser(source.strip() if isinstance(source, str) else source))
        return path if path.is_file() else None
    except (OSError, ValueError):  # such as a damaged key, which is not a path
        return None


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
    """Return *path* as given, with its folder resolved, and resolved: servers follow links."""
    given = Path(os.path.abspath(os.fsdecode(path)))
    return given, given.parent.resolve() / given.name, given.resolve()


def _signs_here(key: Any) -> bool:
    """Return True if *key* is loaded into this process: not None, not in KMS, not remote."""
    if key is None or is_key_path(key) or is_key_text(key):
        return key is not None
    return not isinstance(key, str) and not is_async(key) and not is_blocking(key)
