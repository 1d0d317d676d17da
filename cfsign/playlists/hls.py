"""
HLS playlists.

RFC 8216 and draft-pantos-hls-rfc8216bis, sections 4.1 to 4.4.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cfsign.errors import ResourceError
from cfsign.limits import MAX_URL_BYTES
from cfsign.playlists.location import FolderSignature, Location
from cfsign.signing.signed_policy import SignedPolicy
from cfsign.utils.secret import hide_arguments

_TAGS = (
    "I-FRAME-STREAM-INF|IMAGE-STREAM-INF|KEY|MAP|MEDIA|PART|PRELOAD-HINT|RENDITION-REPORT"
    "|SESSION-DATA|SESSION-KEY"
)
# What some clients take for the end of a line, such as Python's splitlines and JavaScript's `.`. A
# line with one of these is left as it is: its second half could be a URI of another host.
_CONTROL = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
# A line with one of the tags, or with a URI. A `#` starts all other tags and comments.
_LINE = re.compile(
    rf"^(?:#EXT-X-(?:{_TAGS}):(?P<attributes>[^{_CONTROL}]*+)|(?P<uri>(?!#)[^{_CONTROL}]++))\r?$",
    re.MULTILINE,
)
_DEFINITION = re.compile(r"^#EXT-X-DEFINE:(.*)$", re.MULTILINE)
_has_hidden_line = re.compile(rf"(?!\t|\r?\n)[{_CONTROL}]").search
_match_attribute = re.compile(r'[ ,]*+([^=," ]++) *+=(?:"([^"]*+)"|[^",]*+) *+(?=,|\Z)').match
_match_rest = re.compile(r"[ ,]*+\Z").match
_REFERENCE = re.compile(r"\{\$([A-Za-z0-9_-]+)\}")
# A client that knows no variables would send a signature to the host `{$name}.evil.example`. So an
# absolute URI has no reference in its host, or one that is the whole host.
_is_relative_or_has_clear_host = re.compile(
    r"(?![A-Za-z][A-Za-z0-9+.-]*:|//)|(?:https?:)?//(?:[^/?{]*+|\{\$[A-Za-z0-9_-]+\})/"
).match


@hide_arguments
def sign_hls(text: str, url: str, signed_policy: SignedPolicy, *, absolute: bool = False) -> str:
    """
    Return an HLS playlist with a signature on every URI that a policy covers.

    Everything else stays byte for byte. A URI that is on another host, or that clients may
    read as one on another host, is never signed.

    Args:
        text: A master, media or I-frame playlist.
        url: The URL of the playlist. Its query is ignored.
        signed_policy: What `Distribution.sign_folder` returns.
        absolute: Also write the URIs that are on the host of *url* as absolute ones, for a playlist
            that is served from another host.

    Raises:
        ResourceError: *text* is not text, or *url* is not a URL that may be signed.
        PolicyError: *signed_policy* is not a SignedPolicy.
    """
    if not isinstance(text, str):
        raise ResourceError(
            f"a playlist must be text (str), got {type(text).__name__}",
            hint="decode it from UTF-8 first",
        )
    signature = FolderSignature(signed_policy)
    location = Location(url)
    variables = _read_variables(text)
    pieces, end = [], 0
    for start, uri in _find_uris(text):
        resolved = _resolve(uri, location, variables)
        if resolved is None:
            continue
        written, sent = resolved
        suffix = signature.build_suffix(sent) or ""
        if absolute or suffix:
            pieces += [text[end:start], written if absolute else uri, suffix]
            end = start + len(uri)
    return "".join([*pieces, text[end:]])


def _find_uris(text: str) -> Iterator[tuple[int, str]]:
    """Yield the URIs that may be signed, without fragments, and where they start."""
    for line in _LINE.finditer(text):
        span: tuple[int, int] | None = line.span("uri")
        if span == (-1, -1):
            span = _find_value(text, *line.span("attributes"), "URI")
        if span is None:
            continue
        start, stop = span
        uri = text[start:stop].rstrip(" ").partition("#")[0]
        bare = uri.lstrip(" ")
        if bare:
            yield start + len(uri) - len(bare), bare


def _find_value(text: str, start: int, stop: int, name: str) -> tuple[int, int] | None:
    """
    Return where the value of an attribute is, without its quotes.

    None if the attribute has no value in quotes or is there twice, or if text[start:stop] is not an
    attribute list: clients may disagree about what it means.
    """
    found = None
    while attribute := _match_attribute(text, start, stop):
        start = attribute.end()
        if attribute[1] == name:
            if found or attribute[2] is None:
                return None
            found = attribute.span(2)
    return found if _match_rest(text, start, stop) else None


def _read_variables(text: str) -> dict[str, str]:
    """Return the variables that the playlist defines itself, each exactly once."""
    if "{$" not in text or _has_hidden_line(text):
        return {}
    variables: dict[str, str] = {}
    twice = set()
    for line in _DEFINITION.finditer(text):
        spans = [_find_value(text, *line.span(1), name) for name in ("NAME", "VALUE")]
        name, value = (text[slice(*span)] if span else "" for span in spans)
        if name in variables:
            twice.add(name)
        variables[name] = value
    return {name: value for name, value in variables.items() if name not in twice}


def _resolve(uri: str, location: Location, variables: dict[str, str]) -> tuple[str, str] | None:
    """
    Return the absolute form of a URI, and the URL that is sent for it. None as for `resolve`.

    They differ by the references to variables in the query, which may be of any value.
    """
    if "{$" not in uri:
        resolved = location.resolve(uri)
        return None if resolved is None else (resolved, resolved)
    length = sum(len(variables.get(name, "")) for name in _REFERENCE.findall(uri))
    if len(uri) + length > MAX_URL_BYTES or not _is_relative_or_has_clear_host(uri):
        return None
    path, mark, query = uri.partition("?")
    # The backslash stands for an unknown value: no URI with one is resolved.
    resolved = location.resolve(_substitute(path, variables, "\\"))
    if resolved is None:
        return None
    return f"{resolved}{mark}{query}", f"{resolved}{mark}{_substitute(query, variables, 'x')}"


def _substitute(text: str, variables: dict[str, str], unknown: str) -> str:
    return _REFERENCE.sub(lambda reference: variables.get(reference[1], unknown), text)
