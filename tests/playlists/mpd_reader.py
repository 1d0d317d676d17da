"""An independent reader of MPDs, on lxml: it reads what a player reads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest

etree = pytest.importorskip("lxml.etree")

NAMESPACE = "{urn:mpeg:dash:schema:mpd:2011}"
SEGMENTS = ("SegmentBase", "SegmentList", "SegmentTemplate")


@dataclass
class Representation:
    """The BaseURLs of each level, from the MPD on, and the URLs of its segments by their place."""

    id: str
    bandwidth: str
    base_urls: list[list[str]]
    values: dict[str, str]


def read(document: bytes) -> list[Representation]:
    """Return all Representations of an MPD, in order."""
    root = etree.fromstring(document)
    return [read_one(element) for element in root.iter(f"{NAMESPACE}Representation")]


def read_one(element: Any) -> Representation:
    levels = [*reversed(list(element.iterancestors())), element]
    texts = [
        ["".join(each.itertext(with_tail=False)) for each in level.findall(f"{NAMESPACE}BaseURL")]
        for level in levels
    ]
    values: dict[str, str] = {}
    for level in levels:  # what is nearer replaces what was inherited
        for kind in SEGMENTS:
            for segments in level.findall(f"{NAMESPACE}{kind}"):
                for name in ("media", "initialization", "index"):
                    if name in segments.attrib:
                        values[f"{kind}@{name}"] = segments.get(name)
                for part in ("Initialization", "RepresentationIndex", "SegmentURL"):
                    found = segments.findall(f"{NAMESPACE}{part}")
                    if found:
                        prefix = f"{kind}/{part}"
                        values = {k: v for k, v in values.items() if not k.startswith(prefix)}
                    for number, each in enumerate(found):
                        for name in {"sourceURL", "media", "index"} & set(each.attrib):
                            values[f"{prefix}[{number}]@{name}"] = each.get(name)
    base_urls = [[text.strip() for text in level] for level in texts if level]
    return Representation(element.get("id", ""), element.get("bandwidth", ""), base_urls, values)


def fill(template: str, representation: Representation) -> str:
    """Return a template with values for its identifiers."""
    for name, value in (
        ("RepresentationID", representation.id),
        ("Bandwidth", representation.bandwidth),
        ("Number", "7"),
        ("Time", "900"),
    ):
        template = re.sub(rf"\${name}(%0\d+d)?\$", value.replace("\\", r"\\"), template)
    return template
