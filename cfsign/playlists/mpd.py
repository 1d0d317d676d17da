"""
The parts of an MPD (DASH manifest) that hold URLs, with their places in the document.

The document is edited in place, so that comments, CDATA, quotes and unknown elements stay the same.
ISO/IEC 23009-1, section 5.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import cast
from xml.parsers import expat

from cfsign.errors import ResourceError

SEGMENTS = ("SegmentBase", "SegmentList", "SegmentTemplate")
#: The elements below a Segment* element that hold URLs.
SEGMENT_PARTS = ("Initialization", "RepresentationIndex", "BitstreamSwitching", "SegmentURL")

_CHILDREN: dict[str, tuple[str, ...]] = {
    "MPD": ("BaseURL", "Location", "Period"),
    "Period": ("BaseURL", "AdaptationSet", *SEGMENTS),
    "AdaptationSet": ("BaseURL", "Representation", *SEGMENTS),
    "Representation": ("BaseURL", *SEGMENTS),
    **dict.fromkeys(SEGMENTS, SEGMENT_PARTS),
}
_ENCODINGS = (None, "utf-8", "us-ascii")
_ATTRIBUTE = rb"""\s+[^\s=]+\s*=\s*(?:"[^"]*"|'[^']*')"""
_match_tag = re.compile(rb"<([^\s/>]+)((?:" + _ATTRIBUTE + rb")*)\s*(/?)>").match
# Up to the quote at the end of the value.
_find_attributes = re.compile(rb"""\s+([^\s=]+)\s*=\s*(?:"[^"]*|'[^']*)""").finditer
_TEXT = re.compile(rb"<!--.*?-->|<\?.*?\?>|<!\[CDATA\[(.*?)\]\]>|[^<]+", re.DOTALL)

#: A replacement of the bytes from one place of the document up to another.
Edit = tuple[int, int, bytes]


@dataclass(slots=True, eq=False)
class Element:
    """
    An element of an MPD that holds URLs, or contains such elements.

    Attributes:
        name: Its name, without a prefix.
        attributes: Its attributes, decoded.
        start: Where its start tag begins, in bytes.
        end: Where its content ends, in bytes.
        text: Its text, decoded, without white space around it.
        children: The elements directly below it that hold URLs, by name, in order.
    """

    name: str
    attributes: dict[str, str]
    start: int
    end: int = 0
    text: str = ""
    children: dict[str, list[Element]] = field(default_factory=lambda: defaultdict(list))


class Document:
    """
    An MPD.

    Attributes:
        root: The element `MPD`.
    """

    def __init__(self, data: bytes) -> None:
        """
        Parse the document.

        Raises:
            ResourceError: It is not an MPD in UTF-8, has a DTD, or is ambiguous.
        """
        self._data = data
        self.root = _parse(data)

    def apply(self, edits: Iterable[Edit], start: int = 0, stop: int | None = None) -> bytes:
        """Return the document, or a part of it, after *edits*."""
        pieces = []
        for begin, end, new in sorted(edits, key=lambda edit: edit[0]):
            pieces += [self._data[start:begin], new]
            start = end
        return b"".join([*pieces, self._data[start:stop]])

    def copy(self, element: Element, edits: Iterable[Edit]) -> bytes:
        """Return the text of an element after *edits*."""
        is_empty = self._match_tag(element)[3]
        stop = element.end if is_empty else self._data.index(b">", element.end) + 1
        return self.apply(edits, element.start, stop)

    def append_to_attribute(self, element: Element, name: str, suffix: str) -> Edit:
        """Return the edit that appends a suffix to an attribute."""
        attributes = _find_attributes(self._data, *self._match_tag(element).span(2))
        found = next(each for each in attributes if each[1] == name.encode())
        return _insert(found.start() + len(found[0].rstrip()), _escape(suffix))

    def append_to_text(self, element: Element, suffix: str) -> Edit:
        """Return the edit that appends a suffix to the text of an element."""
        place, new = element.end, _escape(suffix)
        for token in _TEXT.finditer(self._data, self._match_tag(element).end(), element.end):
            group = 1 if token[1] is not None else 0
            if token[group].strip() and (group or not token[0].startswith(b"<")):
                place = token.start(group) + len(token[group].rstrip())
                new = suffix.encode() if group else _escape(suffix)
        return _insert(place, new)

    def add_attributes(self, element: Element, attributes: dict[str, str]) -> Edit:
        """Return the edit that adds attributes to an element."""
        return _insert(self._match_tag(element).end(1), _write_attributes(attributes))

    def add_content(self, element: Element, content: bytes) -> Edit:
        """Return the edit that adds content at the end of an element."""
        tag = self._match_tag(element)
        if not tag[3]:
            return _insert(element.end, content)
        return tag.start(3), tag.end(), b">" + content + b"</" + tag[1] + b">"

    def build_element(
        self, parent: Element, name: str, attributes: dict[str, str], content: bytes
    ) -> bytes:
        """Return a new element, in the namespace of *parent*."""
        prefix, colon, _ = self._match_tag(parent)[1].rpartition(b":")
        tag = prefix + colon + name.encode()
        begin = b"<" + tag + _write_attributes(attributes)
        return begin + (b">" + content + b"</" + tag + b">" if content else b"/>")

    def _match_tag(self, element: Element) -> re.Match[bytes]:
        """Match a start tag. The groups are its name, its attributes and the `/` of `<a/>`."""
        return cast(re.Match[bytes], _match_tag(self._data, element.start))


def _parse(data: bytes) -> Element:
    """Return the root; raise ResourceError as `Document`."""
    parser = expat.ParserCreate("utf-8", namespace_separator=" ")
    parser.buffer_text = True
    stack: list[Element | None] = []
    roots: list[Element] = []
    namespaces: list[str] = []

    def start(full_name: str, attributes: dict[str, str]) -> None:
        namespace, _, name = full_name.rpartition(" ")
        if not stack:
            if name != "MPD":
                raise ResourceError(
                    "the document is not an MPD: its root is another element",
                    hint="sign_hls signs HLS playlists",
                )
            namespaces.append(namespace)
        parent = stack[-1] if stack else None
        element = None
        if not stack or (parent and name in _CHILDREN.get(parent.name, ())):
            if namespace != namespaces[0]:
                # A player that ignores the namespace would read another URL than one that does not.
                raise ResourceError(f"the MPD has an element {name} of another namespace")
            element = Element(name, attributes, parser.CurrentByteIndex)
            (parent.children[name] if parent else roots).append(element)
        elif parent and parent.name in ("BaseURL", "Location"):
            parent.text = "\\"  # no URI has a backslash, so it is never signed
        stack.append(element)

    def end(_: str) -> None:
        element = stack.pop()
        if element:
            element.end = parser.CurrentByteIndex
            element.text = element.text.strip(" \t\r\n")

    def add_text(text: str) -> None:
        element = stack[-1]
        if element and element.name in ("BaseURL", "Location"):
            element.text += text

    def check_declaration(version: str, encoding: str | None, standalone: int) -> None:
        if (encoding and encoding.lower()) not in _ENCODINGS:
            raise ResourceError("the MPD is not in UTF-8", hint="convert it to UTF-8")

    def refuse_doctype(*_: object) -> None:
        raise ResourceError("the MPD has a DTD, which may define entities", hint="remove it")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = add_text
    parser.XmlDeclHandler = check_declaration
    parser.StartDoctypeDeclHandler = refuse_doctype
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code)
        place = f"line {error.lineno}, column {error.offset + 1}"
        raise ResourceError(f"the MPD is not well-formed XML: {reason}, {place}") from None
    return roots[0]


def _insert(place: int, new: bytes) -> Edit:
    return place, place, new


def _escape(text: str) -> bytes:
    """Escape text for an element or for an attribute in double quotes."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return escaped.encode()


def _write_attributes(attributes: dict[str, str]) -> bytes:
    return b"".join(
        b" " + name.encode() + b'="' + _escape(value) + b'"' for name, value in attributes.items()
    )
