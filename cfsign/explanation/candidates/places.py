"""The same file elsewhere: another scheme, host, port or path."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from cfsign.checking.matching import ViewerURL
from cfsign.explanation.candidates.candidate import OTHER_SCHEME, Candidate, Candidates
from cfsign.explanation.cause import Mistake
from cfsign.explanation.display import shown

_PORTS = {"http": ":80", "https": ":443"}
_PORT = re.compile(":[0-9]+$")
_THIS_MACHINE = ("127.0.0.1", "localhost", "[::1]")


def scheme_readings(url: ViewerURL) -> Candidates:
    """Give the URL over the other of http and https."""
    other = OTHER_SCHEME[url.scheme]
    message = f"It was signed for {other}:// and is requested over {url.scheme}://"
    hint = (
        f"sign the {url.scheme}:// URL, or let the viewer use {other}://, with no redirect between"
    )
    yield Candidate(str(replace(url, scheme=other)), Mistake.SCHEME, message, hint)


def host_readings(url: ViewerURL, hosts: Sequence[str]) -> Candidates:
    """Give the URL at another host, with and without its port, at its origin, and without any."""
    for host in (*hosts, *_kindred_hosts(url.host)):
        for scheme in (url.scheme, OTHER_SCHEME[url.scheme]):
            yield Candidate(
                str(replace(url, host=host, scheme=scheme)),
                Mistake.HOST,
                f"It was signed for the host {shown(host)} and is requested from {shown(url.host)}",
                f"sign the host that the viewer uses, {shown(url.host)}",
            )
    bare, _ = _split_port(url.host)
    for host in _other_ports(url):
        message = f"It was signed for {shown(host)} and is requested from {shown(url.host)}"
        hint = "sign the URL with the port just as the viewer has it"
        yield Candidate(str(replace(url, host=host)), Mistake.PORT, message, hint)
    target = str(replace(url, scheme="", host=""))[len("://") :]
    origins = (f"{bare}.s3.amazonaws.com", f"s3.amazonaws.com/{bare}")
    for origin in origins:
        message = "It was signed for the URL of the S3 bucket"
        hint = f"sign the URL that the viewer requests, at {shown(url.host)}"
        yield Candidate(f"{url.scheme}://{origin}{target}", Mistake.ORIGIN_URL, message, hint)
    for text in (target, target.removeprefix("/"), f"{url.host}{target}", f"//{url.host}{target}"):
        message = "Only a part of the URL was signed, not its scheme and host"
        hint = "sign the whole URL, from https:// on"
        yield Candidate(text, Mistake.RELATIVE_URL, message, hint)


def _kindred_hosts(host: str) -> list[str]:
    bare, port = _split_port(host)
    if bare in _THIS_MACHINE:
        return [f"{other}{port}" for other in _THIS_MACHINE if other != bare]
    if host.startswith("www."):
        return [host.removeprefix("www.")]
    return [f"www.{host}"]


def _other_ports(url: ViewerURL) -> list[str]:
    bare, port = _split_port(url.host)
    return [bare] if port else [f"{bare}{_PORTS[url.scheme]}"]


def _split_port(host: str) -> tuple[str, str]:
    """Return *host* without its port, and the port with its colon, or ""."""
    port = _PORT.search(host)
    return (host[: port.start()], port[0]) if port else (host, "")


def path_readings(url: ViewerURL) -> Candidates:
    """Give the URL with its path as servers and file systems rewrite it."""
    message = 'A "/" at the end was signed and is not requested, or the other way about'
    hint = "sign the path just as it is requested"
    path = url.path.removesuffix("/") if url.path.endswith("/") else f"{url.path}/"
    yield Candidate(str(replace(url, path=path)), Mistake.TRAILING_SLASH, message, hint)
    index = f"{url.path}index.html" if url.path.endswith("/") else None
    others = (
        index,
        url.path.removesuffix("index.html"),
        re.sub("/{2,}", "/", url.path),
        f"/{url.path}",
        url.path.lower(),
    )
    message = "Another path was signed than the one requested"
    for other in others:
        if other is not None:
            yield Candidate(str(replace(url, path=other)), Mistake.PATH_REWRITTEN, message, hint)
