"""The same file at another scheme, host, port or path; and patterns that cover it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import product

from cfsign.checking.matching import ViewerURL
from cfsign.explanation.candidates.candidate import OTHER_SCHEME, Candidate, Candidates
from cfsign.explanation.cause import Mistake
from cfsign.explanation.display import to_printable

_PORTS = {"http": ":80", "https": ":443"}
_PORT = re.compile(":[0-9]+$")
_THIS_MACHINE = ("127.0.0.1", "localhost", "[::1]")
_MAX_FOLDERS = 8
_MAX_LABELS = 3


def vary_scheme(url: ViewerURL) -> Candidates:
    """Yield the URL with http and https swapped."""
    other = OTHER_SCHEME[url.scheme]
    message = f"The URL was signed for {other}:// and is requested over {url.scheme}://"
    hint = f"sign the {url.scheme}:// URL, or let clients request {other}:// without a redirect"
    yield Candidate(str(replace(url, scheme=other)), Mistake.SCHEME, message, hint)


def vary_host(url: ViewerURL, hosts: Sequence[str]) -> Candidates:
    """Yield the URL at other hosts and ports, at the S3 bucket, and without its host."""
    requested = to_printable(url.host)
    for host in (*hosts, *_list_related_hosts(url.host)):
        signed = to_printable(host)
        message = f"The URL was signed for the host {signed} and is requested from {requested}"
        hint = f"sign the URL with the host that clients use, {requested}"
        for scheme in (url.scheme, OTHER_SCHEME[url.scheme]):
            changed = str(replace(url, host=host, scheme=scheme))
            yield Candidate(changed, Mistake.HOST, message, hint)
    bare, port = _split_port(url.host)
    host = bare if port else f"{bare}{_PORTS[url.scheme]}"
    yield Candidate(
        str(replace(url, host=host)),
        Mistake.PORT,
        f"The URL was signed for {to_printable(host)} and is requested from {requested}",
        "sign the host and port exactly as clients request them",
    )
    target = str(replace(url, scheme="", host=""))[len("://") :]
    for origin in (f"{bare}.s3.amazonaws.com", f"s3.amazonaws.com/{bare}"):
        message = "The URL of the S3 bucket was signed"
        hint = f"sign the URL that clients request, at {requested}"
        yield Candidate(f"{url.scheme}://{origin}{target}", Mistake.ORIGIN_URL, message, hint)
    for text in (target, target.removeprefix("/"), f"{url.host}{target}", f"//{url.host}{target}"):
        message = "Only a part of the URL was signed, without its scheme or host"
        hint = "sign the whole URL, starting with https://"
        yield Candidate(text, Mistake.RELATIVE_URL, message, hint)


def _list_related_hosts(host: str) -> list[str]:
    bare, port = _split_port(host)
    if bare in _THIS_MACHINE:
        return [f"{other}{port}" for other in _THIS_MACHINE if other != bare]
    if host.startswith("www."):
        return [host.removeprefix("www.")]
    return [f"www.{host}"]


def _split_port(host: str) -> tuple[str, str]:
    """Return *host* without its port, and the port with its colon or ""."""
    port = _PORT.search(host)
    return (host[: port.start()], port[0]) if port else (host, "")


def vary_path(url: ViewerURL) -> Candidates:
    """Yield the URL with its path as servers and file systems rewrite it."""
    hint = "sign the path exactly as it is requested"
    path = url.path.removesuffix("/") if url.path.endswith("/") else f"{url.path}/"
    message = 'The signed path ends with "/" and the requested one does not, or the reverse'
    yield Candidate(str(replace(url, path=path)), Mistake.TRAILING_SLASH, message, hint)
    others = [
        url.path.removesuffix("index.html"),
        re.sub("/{2,}", "/", url.path),
        f"/{url.path}",
        url.path.lower(),
    ]
    if url.path.endswith("/"):
        others.insert(0, f"{url.path}index.html")
    message = "The path was signed with a backslash, which browsers send as /"
    names = url.path.removeprefix("/")
    for path in (names.replace("/", "\\"), "\\".join(names.rsplit("/", 1))):
        yield Candidate(str(replace(url, path=f"/{path}")), Mistake.PATH_REWRITTEN, message, hint)
    message = "The signed path differs from the requested one"
    for path in others:
        yield Candidate(str(replace(url, path=path)), Mistake.PATH_REWRITTEN, message, hint)


def list_patterns(url: ViewerURL) -> Candidates:
    """Yield the patterns that may have been signed with a canned policy."""
    whole = str(url)
    patterns = []
    for scheme in (url.scheme, OTHER_SCHEME[url.scheme], "http*", "*"):
        patterns += [f"{scheme}://{url.host}{folder}*" for folder in _list_folders(url.path)]
    for pattern in (*patterns, f"{whole}*", f"{whole}?*", f"{url.scheme}://*", "*"):
        yield Candidate(
            pattern,
            Mistake.WILDCARD_IN_CANNED,
            "A pattern with a * was signed with a canned policy, which CloudFront builds again "
            "from the requested URL",
            "sign the one URL, or use a custom policy for the pattern: sign_url(url, pattern=...)",
        )


def _list_folders(path: str) -> list[str]:
    """Return the folders that contain *path*, the deepest first, then the root."""
    ends = [at + 1 for at, character in enumerate(path) if character == "/"]
    return [path[:end] for end in reversed(ends[:_MAX_FOLDERS])] or ["/"]


def capitalize_host(url: ViewerURL) -> Candidates:
    """Yield the URL with capitals in its host, which browsers send in lower case."""
    labels = url.host.split(".")
    forms = [list(dict.fromkeys((label, label.title(), label.upper()))) for label in labels]
    hosts = [url.host.upper(), url.host.title(), url.host.capitalize()]
    if len(labels) <= _MAX_LABELS:
        hosts += map(".".join, product(*forms))
    for host in dict.fromkeys(hosts):
        yield Candidate(
            str(replace(url, host=host)),
            Mistake.HOST,
            "The URL was signed with capital letters in its host, which clients send in lower case",
            "write the host in lower case before you sign",
        )
