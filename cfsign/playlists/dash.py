"""
MPEG-DASH manifests (MPD).

ISO/IEC 23009-1, sections 5.3 (structure and inheritance) and 5.6 (resolution of URLs).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from cfsign.errors import ResourceError
from cfsign.limits import MAX_URL_BYTES
from cfsign.playlists.location import FolderSignature, Location
from cfsign.playlists.mpd import SEGMENT_PARTS, SEGMENTS, Document, Edit, Element
from cfsign.signing.signed_policy import SignedPolicy
from cfsign.utils.secret import hide_arguments

# The most URLs that are resolved. Several BaseURLs on each level, or segments that many
# Representations inherit, multiply. A day of video in explicit segments of 4 s needs 130,000.
_MAX_URLS = 200_000

_TEMPLATES = ("media", "initialization", "index", "bitstreamSwitching")
_URL_ATTRIBUTES = ("sourceURL", "media", "index")
_IDENTIFIER = re.compile(r"\$(?:(RepresentationID|Bandwidth|Number|Time|SubNumber)(?:%[^$]*)?)?\$")

# The URLs that the URIs of an element may be relative to. None is a URL of another host.
Bases = tuple[Location | None, ...]


@dataclass(slots=True, eq=False)
class _Representation:
    """
    A Representation, and what it inherits.

    Attributes:
        element: The element.
        bases: The URLs that its URIs are relative to.
        levels: The elements that it inherits from, the nearest first; it is the first.
        attributes: For each Segment* element, the attributes that are written on it.
        content: The same for the content.
    """

    element: Element
    bases: Bases
    levels: Sequence[Element]
    attributes: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    content: dict[str, bytes] = field(default_factory=lambda: defaultdict(bytes))


@hide_arguments
def sign_dash(document: bytes | str, url: str, signed_policy: SignedPolicy) -> bytes:
    """
    Return an MPD with a signature on every URL that a policy covers.

    A URL that is on another host, or that clients may read as one on another host, is never signed.
    An attribute that several Representations inherit is signed if it leads all of them to URLs that
    the policy covers. Otherwise it is written, signed, on those that it does.

    Args:
        document: The MPD, in UTF-8.
        url: The URL of the MPD. Its query is ignored.
        signed_policy: What `Distribution.sign_folder` returns.

    Raises:
        ResourceError: The document is not a well-formed MPD in UTF-8, has a DTD, two elements where
            one belongs, or too many URLs; or *url* is not a URL that may be signed.
        PolicyError: *signed_policy* is not a SignedPolicy.
    """
    return _Signing(_encode(document), Location(url), FolderSignature(signed_policy)).sign()


def _encode(document: bytes | str) -> bytes:
    """Return the bytes of a document; raise ResourceError if they are not UTF-8."""
    if isinstance(document, str):
        document = document.encode(errors="surrogatepass")  # refused below
    if not isinstance(document, bytes):
        raise ResourceError(f"an MPD must be bytes or text, got {type(document).__name__}")
    try:
        is_utf_8 = "\0" not in document.decode()  # the parser would detect UTF-16
    except UnicodeDecodeError:
        is_utf_8 = False
    if not is_utf_8:
        raise ResourceError("the MPD is not in UTF-8", hint="convert it to UTF-8")
    return document


class _Signing:
    """One call of `sign_dash`: the document, and the edits so far."""

    def __init__(self, data: bytes, location: Location, signature: FolderSignature) -> None:
        self._document = Document(data)
        self._location = location
        self._signature = signature
        self._edits: list[Edit] = []
        self._resolved = 0

    def sign(self) -> bytes:
        """Return the signed document."""
        root = self._document.root
        for element in root.children["Location"]:
            self._sign_text(element, (self._location,))
        representations = list(self._find_representations(root, (self._location,), ()))
        self._sign_templates(representations)
        self._sign_parts(representations)
        for representation in representations:
            self._write(representation)
        return self._document.apply(self._edits)

    def _find_representations(
        self, element: Element, bases: Bases, levels: tuple[Element, ...]
    ) -> Iterator[_Representation]:
        """Yield the Representations below an element, and sign the BaseURLs on the way."""
        own = element.children["BaseURL"]
        if own:
            resolved = [(each, [self._resolve(base, each.text) for base in bases]) for each in own]
            for each, urls in resolved:
                # A folder is never requested itself.
                if not any(url and url.partition("?")[0].endswith("/") for url in urls):
                    self._sign_text(each, bases)
            bases = tuple({url: _locate(url) for _, urls in resolved for url in urls}.values())
        levels = (element, *levels)
        if element.name == "Representation":
            yield _Representation(element, bases, levels)
        for name in ("Period", "AdaptationSet", "Representation"):
            for child in element.children[name]:
                yield from self._find_representations(child, bases, levels)

    def _sign_text(self, element: Element, bases: Bases) -> None:
        """Sign a BaseURL or Location."""
        suffix = self._find_suffix(element.text, bases)
        if suffix:
            self._edits.append(self._document.append_to_text(element, suffix))

    def _sign_templates(self, representations: Iterable[_Representation]) -> None:
        """Sign the attributes of the SegmentTemplates."""
        inheritors: dict[tuple[Element, str], list[_Representation]] = defaultdict(list)
        for each in representations:
            templates = _find_segments(each, "SegmentTemplate")
            for name in _TEMPLATES:
                for template in templates:
                    if name in template.attributes:
                        inheritors[template, name].append(each)
                        break
        for (template, name), users in inheritors.items():
            value = template.attributes[name]
            suffixes = [
                self._find_suffix(_fill_template(value, each.element), each.bases) for each in users
            ]
            if len(set(suffixes)) == 1:
                if suffixes[0]:
                    edit = self._document.append_to_attribute(template, name, suffixes[0])
                    self._edits.append(edit)
                continue
            for each, suffix in zip(users, suffixes, strict=True):
                if suffix:
                    each.attributes["SegmentTemplate"][name] = value.rstrip(" ") + suffix

    def _sign_parts(self, representations: Iterable[_Representation]) -> None:
        """Sign the attributes of the elements below the Segment* elements."""
        inheritors: dict[tuple[Element, str], list[_Representation]] = defaultdict(list)
        for each in representations:
            for kind in SEGMENTS:
                segments = _find_segments(each, kind)
                for name in SEGMENT_PARTS:
                    for owner in segments:
                        if owner.children[name]:
                            inheritors[owner, name].append(each)
                            break
        for (owner, name), users in inheritors.items():
            parts = owner.children[name]
            # Many Representations have the same bases, and get the same edits.
            edits = {each.bases: self._edit_parts(parts, each.bases) for each in users}
            if len({tuple(map(tuple, each)) for each in edits.values()}) == 1:
                self._edits += [edit for each in edits[users[0].bases] for edit in each]
                continue
            for each in users:
                if any(edits[each.bases]):
                    each.content[owner.name] += b"".join(
                        self._document.copy(part, edit)
                        for part, edit in zip(parts, edits[each.bases], strict=True)
                    )

    def _edit_parts(self, parts: Iterable[Element], bases: Bases) -> list[list[Edit]]:
        """Return the edits of each of *parts* that sign its URLs."""
        return [
            [
                self._document.append_to_attribute(part, name, suffix)
                for name in _URL_ATTRIBUTES
                if (suffix := self._find_suffix(part.attributes.get(name), bases))
            ]
            for part in parts
        ]

    def _write(self, representation: _Representation) -> None:
        """Write what a Representation no longer inherits."""
        new = b""
        for kind in SEGMENTS:
            attributes, content = representation.attributes[kind], representation.content[kind]
            if not attributes and not content:
                continue
            own = representation.element.children[kind]
            if not own:
                new += self._document.build_element(
                    representation.element, kind, attributes, content
                )
                continue
            if attributes:
                self._edits.append(self._document.add_attributes(own[0], attributes))
            if content:
                self._edits.append(self._document.add_content(own[0], content))
        if new:
            self._edits.append(self._document.add_content(representation.element, new))

    def _find_suffix(self, uri: str | None, bases: Bases) -> str | None:
        """Return what signs a URI; None if the policy does not cover it for each of *bases*."""
        if not uri or not uri.strip(" "):
            return None
        suffixes = set()
        for base in bases:
            url = self._resolve(base, uri)
            suffixes.add(None if url is None else self._signature.build_suffix(url))
        return suffixes.pop() if len(suffixes) == 1 else None

    def _resolve(self, base: Location | None, uri: str) -> str | None:
        self._resolved += 1
        if self._resolved > _MAX_URLS:
            raise ResourceError(f"the MPD has more than {_MAX_URLS} URLs to resolve")
        uri = uri.strip(" ")
        if base is None:
            is_absolute = uri.startswith(("http://", "https://"))
            return self._location.resolve(uri) if is_absolute else None
        return base.resolve(uri)


def _locate(url: str | None) -> Location | None:
    try:
        return None if url is None else Location(url)
    except ResourceError:
        return None


def _find_segments(representation: _Representation, kind: str) -> list[Element]:
    """Return the Segment* elements of a kind that a Representation inherits, the nearest first."""
    found = []
    for level in representation.levels:
        own = level.children[kind]
        if len(own) > 1:
            raise ResourceError(f"the {level.name} has more than one {kind}")
        found += own
    return found


def _fill_template(template: str, representation: Element) -> str | None:
    """
    Return a template with values for its identifiers; None if it is too long.

    A player may insert any text for `$RepresentationID$` and `$Bandwidth$`, also another host.
    """
    values = {
        "": "$",  # `$$`
        "RepresentationID": representation.attributes.get("id", ""),
        "Bandwidth": representation.attributes.get("bandwidth", "1"),
    }
    length = sum(len(values.get(name, "1")) for name in _IDENTIFIER.findall(template))
    if len(template) + length > MAX_URL_BYTES:
        return None
    return _IDENTIFIER.sub(lambda match: values.get(match[1] or "", "1"), template)
