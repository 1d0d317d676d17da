"""The private files, and the folder that the edge serves them from."""

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
    One private file.

    Attributes:
        name: Its plain path in the folder.
        asset: The name of the packaged file with its content.
        note: A short note for the pages: what makes the file special.
    """

    name: str
    asset: str
    note: str

    @property
    def content(self) -> bytes:
        """The content."""
        return (files("cfsign.demo") / "assets" / self.asset).read_bytes()

    @property
    def kind(self) -> str:
        """The kind of the file, for the pages: "picture", "document" or "text"."""
        return {"svg": "picture", "pdf": "document"}.get(self.name.rpartition(".")[2], "text")

    @property
    def folder(self) -> str:
        """The path of its folder; "" at the top level."""
        return self.name.rpartition("/")[0]

    @property
    def title(self) -> str:
        """The name without the folder."""
        return self.name.rpartition("/")[2]


PICTURE = PrivateFile("Polar lights over the fjord.svg", "polar-lights.svg", "A name with spaces")
GUIDE = PrivateFile(
    "Führer über die Gipfel.pdf", "guide.pdf", "Umlauts; signed for your IP address only"
)
BRIEF = PrivateFile("Gone in two seconds.txt", "brief.txt", "Signed for two seconds")
LETTER = PrivateFile("Ada's letter.txt", "letter.txt", "Only for Ada")
DIARY = PrivateFile("Ben's diary.txt", "diary.txt", "Only for Ben")
HUTS = PrivateFile("Huts + passes.txt", "huts.txt", "A plus sign, which is not a space")
# The folder's name starts like the album's: a signature for one must not open the other.
PLAN = PrivateFile(f"{ALBUM} house/plan.txt", "plan.txt", "In a folder named almost like the album")

FILES = (
    PICTURE,
    GUIDE,
    HUTS,
    PrivateFile("100% wool.txt", "wool.txt", "A percent sign, which is not an escape"),
    PrivateFile("Rated 4* and up.txt", "rated.txt", "An asterisk, which is not a wildcard"),
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
def create_private_folder() -> Iterator[Path]:
    """Create a temporary folder with all the files; it is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="cfsign-demo-") as name:
        folder = Path(name)
        for file in FILES:
            path = folder / file.name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(file.content)
        yield folder
