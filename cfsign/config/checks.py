"""Cautions: settings that work, and cost or give away more than was probably meant."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cfsign.config.configuration import Configuration
from cfsign.keys import choose_backend

# Where a local edge listens; nothing leaves the machine.
_LOOPBACK = re.compile(r"http://(localhost|127(\.[0-9]+){3})(:[0-9]+)?")

Folder = str | os.PathLike[str]


@dataclass(frozen=True, slots=True)
class Caution:
    """
    One thing to be told of.

    Attributes:
        kind: What it is about.
        text: What is so, and why that matters.
        mend: What to do about it.
    """

    kind: Literal["plain http", "slow backend", "public key file"]
    text: str
    mend: str


def cautions_of(
    configuration: Configuration, key: object, public_folders: Iterable[tuple[str, Folder]]
) -> Iterator[Caution]:
    """
    Yield what to be told of.

    Args:
        configuration: The settings, checked.
        key: The private key as they state it: only a path says where it lies.
        public_folders: Folders whose files the site gives to everybody, each behind its name.
    """
    domain = configuration.domain
    if domain.startswith("http:") and not _LOOPBACK.fullmatch(domain):
        yield Caution(
            "plain http",
            "CLOUDFRONT_DOMAIN is plain http: who listens on the way gets the URL and the file.",
            "Write https://, and let the distribution redirect or refuse http.",
        )
    if choose_backend() == "rsa":
        yield Caution(
            "slow backend",
            "URLs are signed by the pure-Python rsa package, at milliseconds each (rsa's own way "
            "takes about 19 ms).",
            "pip install cryptography, which takes about 0.2 ms.",
        )
    if not isinstance(key, str | os.PathLike) or "-----BEGIN" in os.fsdecode(key):
        return
    places = _places_of(os.path.expanduser(key))
    for name, folder in public_folders:
        roots = _places_of(folder)
        if any(place.is_relative_to(root) for place in places for root in roots):
            yield Caution(
                "public key file",
                f"The private key lies below {name}, whose files the site gives to everybody.",
                "Move the key to where only the site's process can read it.",
            )


def _places_of(path: Folder) -> tuple[Path, Path, Path]:
    """Return where *path* is, by any name, and where it leads: file servers follow links."""
    stated = Path(os.path.abspath(os.fsdecode(path)))
    return stated, stated.parent.resolve() / stated.name, stated.resolve()
