"""The private files: what they are called, what is in them, and the folder they are served from."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

ALBUM = "A day at the lake"


@dataclass(frozen=True, slots=True)
class PrivateFile:
    """
    One file of the demo.

    Attributes:
        name: Its path in the private folder, as a person would write it.
        asset: The packaged file that holds its content.
        note: What it is there to show.
    """

    name: str
    asset: str
    note: str

    @property
    def content(self) -> bytes:
        """The bytes that the viewer must receive, no more and no fewer."""
        return (files("cfsign.demo") / "assets" / self.asset).read_bytes()

    @property
    def kind(self) -> str:
        """What the page shows it as: "picture", "document" or "text"."""
        return {"svg": "picture", "pdf": "document"}.get(self.name.rpartition(".")[2], "text")

    @property
    def folder(self) -> str:
        """The folder that it lies in, or "" at the top."""
        return self.name.rpartition("/")[0]

    @property
    def title(self) -> str:
        """Its name without its folder."""
        return self.name.rpartition("/")[2]


PICTURE = PrivateFile("Polar lights over the fjord.svg", "polar-lights.svg", "Spaces in its name")
GUIDE = PrivateFile("Führer über die Gipfel.pdf", "guide.pdf", "Umlauts; lent to one address")
BRIEF = PrivateFile("Gone in two seconds.txt", "brief.txt", "Lent for two seconds at a time")
LETTER = PrivateFile("Ada's letter.txt", "letter.txt", "For Ada alone")
DIARY = PrivateFile("Ben's diary.txt", "diary.txt", "For Ben alone")
HUTS = PrivateFile("Huts + passes.txt", "huts.txt", "A plus sign, which is not a space")
# Its folder begins with the album's name: what opens the one must not open the other.
PLAN = PrivateFile(f"{ALBUM} house/plan.txt", "plan.txt", "Its folder is named like the album")

FILES = (
    PICTURE,
    GUIDE,
    HUTS,
    PrivateFile("100% wool.txt", "wool.txt", "A percent sign, which is no escape"),
    PrivateFile("Rated 4* and up.txt", "rated.txt", "An asterisk, which is no wildcard"),
    BRIEF,
    LETTER,
    DIARY,
    PrivateFile(f"{ALBUM}/1 dawn.svg", "dawn.svg", "In the album"),
    PrivateFile(f"{ALBUM}/2 noon.svg", "noon.svg", "In the album"),
    PrivateFile(f"{ALBUM}/3 dusk.svg", "dusk.svg", "In the album"),
    PrivateFile(f"{ALBUM}/4 night.svg", "night.svg", "In the album"),
    PLAN,
)


@contextmanager
def private_folder() -> Iterator[Path]:
    """Make the folder with all the files in it, and remove it at the end."""
    with tempfile.TemporaryDirectory(prefix="cfsign-demo-") as name:
        folder = Path(name)
        for file in FILES:
            path = folder / file.name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(file.content)
        yield folder
