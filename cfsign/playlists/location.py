r"""
Resolve the URIs of a playlist, and add a signature to those that a policy covers.

Browsers and other clients disagree about some URIs: for a browser, `/\evil.example/x` is on
another host. A signature must never reach another host, so a URI is resolved only if its URL is
beyond doubt.
WHATWG URL; RFC 3986, section 5.
"""

from __future__ import annotations

import re
from typing import cast

from cfsign.errors import PolicyError
from cfsign.limits import MAX_URL_BYTES
from cfsign.signing.pattern import is_match
from cfsign.signing.signed_policy import SignedPolicy
from cfsign.signing.url import check_length, check_url
from cfsign.signing.url_grammar import is_url

# Nothing that needs a second look: names without `.` and `..`, without a scheme or a query.
_is_plain = re.compile(r"(?:[\w~-][\w.~-]*/)*[\w~-][\w.~-]*", re.ASCII).fullmatch
_SCHEME = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?")
_DOTS = re.compile(r"/\.\.?(?=[/;]|\Z)")
_PRINTABLE_ASCII = "".join(map(chr, range(0x21, 0x7F)))


class Location:
    """
    A URL that the URIs of a playlist are relative to.

    Attributes:
        url: The URL without its query.
    """

    def __init__(self, url: str) -> None:
        """
        Keep the URL, which may be a signed one.

        Raises:
            ResourceError: The URL is not one that browsers send unchanged.
        """
        self.url = check_url(check_length(url).partition("?")[0])
        self._scheme, _, rest = self.url.partition("//")
        self._host = rest.partition("/")[0]
        self._origin = f"{self._scheme}//{self._host}"
        self._folder = self.url[: self.url.rindex("/") + 1]
        self._is_simple = "//" not in self._folder.removeprefix(self._scheme + "//")

    def resolve(self, uri: str) -> str | None:
        """
        Return the URL of a URI that is on the host of this location.

        None if the URI is on another host, if clients may disagree about where it is, or if it is
        too long.

        Args:
            uri: A URI without a fragment, and without white space around it.
        """
        if len(uri) > MAX_URL_BYTES:
            return None
        if _is_plain(uri) and self._is_simple:
            return self._folder + uri
        if not uri.isprintable() or "\\" in uri:
            return None
        if not uri.isascii() or " " in uri:
            from urllib.parse import quote  # imported where it is needed: it takes milliseconds

            uri = quote(uri, safe=_PRINTABLE_ASCII)
        path, mark, query = uri.partition("?")
        absolute = self._resolve_path(path)
        return None if absolute is None else absolute + mark + query

    def _resolve_path(self, path: str) -> str | None:
        scheme = cast(re.Match[str], _SCHEME.match(path))[0]
        if scheme or path.startswith("//"):
            rest = path.removeprefix(scheme)
            return (scheme or self._scheme) + rest if rest.startswith(f"//{self._host}/") else None
        if not path:
            return self.url
        if path.startswith("/"):
            return _resolve_dots(self._origin, path)
        merged = self._folder[len(self._origin) :] + path
        # Python's urljoin drops empty names here; browsers keep them.
        return None if "//" in merged else _resolve_dots(self._origin, merged)


def _resolve_dots(origin: str, path: str) -> str | None:
    """Return the URL of an absolute path; None for `..;x`, which Python takes for a `..`."""
    if not _DOTS.search(path):
        return origin + path
    names: list[str] = []
    for name in path.split("/")[1:]:
        if name.startswith((".;", "..;")):
            return None
        if name == "..":
            names[-1:] = []
        elif name != ".":
            names.append(name)
    if path.endswith(("/.", "/..")):
        names.append("")
    return f"{origin}/{'/'.join(names)}"


class FolderSignature:
    """The signature that is added to the URIs of a playlist."""

    def __init__(self, signed_policy: SignedPolicy) -> None:
        if not isinstance(signed_policy, SignedPolicy):
            raise PolicyError(
                f"a SignedPolicy is needed, got {type(signed_policy).__name__}",
                hint="Distribution.sign_folder returns one",
            )
        query = "&".join(f"{name}={value}" for name, value in signed_policy.params.items())
        self._resource = signed_policy.policy.resource
        self._longest = MAX_URL_BYTES - 1 - len(query)
        self._first, self._further = f"?{query}", f"&{query}"

    def build_suffix(self, url: str) -> str | None:
        """
        Return what the signature adds to a URL; None if `SignedPolicy.url` refuses it.

        It applies the same checks, without the cost of an exception for each foreign URI.
        """
        if len(url) > self._longest or not is_url(url) or not is_match(self._resource, url):
            return None
        return self._further if "?" in url else self._first
