"""Each character in a path and a query, through yarl, the URL parser of aiohttp."""

from __future__ import annotations

import pytest

from cfsign import Distribution
from tests.clients.spellings import CHARACTERS

yarl = pytest.importorskip("yarl")

# yarl decodes the escapes of these. They are encoded all the same; the comment in url.py says why.
DECODED = {"path": "*;", "query": "'*?"}

IDS = [f"U+{ord(character):04X}" for character in CHARACTERS]


def build_url(distribution: Distribution, part: str, text: str) -> str:
    """Return an unsigned URL with *text* in its path or its query."""
    if part == "path":
        return distribution.unsigned_url(text)
    return distribution.unsigned_url("a", query={text: text})


@pytest.mark.parametrize("part", ["path", "query"])
@pytest.mark.parametrize("character", CHARACTERS, ids=IDS)
def test_yarl_keeps_the_url(
    recording_distribution: Distribution, part: str, character: str
) -> None:
    url = build_url(recording_distribution, part, f"a{character}b")
    assert (str(yarl.URL(url)) == url) == (character not in DECODED[part])
    assert str(yarl.URL(url, encoded=True)) == url


@pytest.mark.parametrize("part", ["path", "query"])
def test_yarl_keeps_all_characters_together(
    recording_distribution: Distribution, part: str
) -> None:
    text = "".join(character for character in CHARACTERS if character not in DECODED[part])
    url = build_url(recording_distribution, part, text)
    assert str(yarl.URL(url)) == url
