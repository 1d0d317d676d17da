"""The steps of `cfsign demo --once`: a viewer's way, and every way around it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx

from cfsign.demo.files import ALBUM, BRIEF, DIARY, FILES, GUIDE, HUTS, PICTURE, PLAN, PrivateFile
from cfsign.demo.origin import Recorder
from cfsign.demo.readers import may_read
from cfsign.demo.stage import Stage
from cfsign.demo.step import Step
from cfsign.demo.tampering import TAMPERINGS, Tampering
from cfsign.demo.viewer import Viewer, digest, fetch, seen
from cfsign.limits import COOKIES, PARAMETERS

# How much longer than it lasts a URL is tried, in seconds.
_PATIENCE = 3

_VIEWS = ("content", "link", "folder")


def all_steps(stage: Stage) -> Iterator[Step]:
    """Yield the steps; each is to be played before the next is asked for."""
    with (
        Viewer(stage.site) as nobody,
        Viewer(stage.site, "ada") as ada,
        Viewer(stage.site, "ben") as ben,
    ):
        for view in _VIEWS:
            yield Step(f"nobody asks for /{view}", "401 'Log in first'", refusal, (nobody, view))
        for view in _VIEWS:
            yield Step(f"Ada asks for Ben's /{view}", "403 'Not yours'", refusal, (ada, view))

        for file in (file for file in FILES if file != BRIEF):
            reader = ada if may_read("ada", file.name) else ben
            expected = f"303 no-store, 200 {digest(file.content)}"
            yield Step(file.name, expected, by_redirect, (reader, file))
        expected = f"200 no-store, 200 {digest(GUIDE.content)}"
        yield Step("by JSON", expected, by_json, (ada, GUIDE))

        size = len(GUIDE.content)
        part = digest(GUIDE.content[1000:2000])
        yield Step("HEAD", f"200, {size} bytes announced, 0 sent", head, (ada,))
        yield Step("Range", f"206 1000-1999/{size} {part}", byte_range, (ada,))
        yield Step("If-None-Match", "304", revalidation, (ada,))

        # One with a canned policy, one with a custom one.
        for kind, file in (("canned", PICTURE), ("custom", GUIDE)):
            for each in TAMPERINGS:
                args = (ada, file, each, stage.plain_url(HUTS))
                yield Step(f"{each.what} ({kind})", f"403 {each.code}", tampered, args)
        expected = f"200 {digest(BRIEF.content)}, then 403 AccessDenied"
        yield Step(f"{BRIEF.name}, until it is", expected, expiry, (ada,))

        yield from cookie_steps(stage, ada)
        yield from origin_steps(stage.recorder, ada)


def refusal(viewer: Viewer, view: str) -> str:
    """Ask for a file that is not the viewer's."""
    answer = viewer.ask(DIARY, view)
    # Nothing is signed for them, and nothing of it slips out with the refusal.
    leak = "Signature" in answer.text or "Signature" in str(answer.headers)
    return f"{seen(answer)}, signed" if leak else seen(answer)


def by_redirect(viewer: Viewer, file: PrivateFile) -> str:
    """Follow the redirect."""
    answer = viewer.ask(file)
    opened = fetch(answer.headers["Location"])
    return f"{_uncached(answer)}, {seen(opened)} {digest(opened.content)}"


def by_json(viewer: Viewer, file: PrivateFile) -> str:
    """Do as a script does that was given the URL."""
    answer = viewer.ask(file, "link")
    opened = fetch(answer.json()["url"])
    return f"{_uncached(answer)}, {seen(opened)} {digest(opened.content)}"


def _uncached(answer: httpx.Response) -> str:
    return f"{seen(answer)} {answer.headers.get('Cache-Control')}"


def head(viewer: Viewer) -> str:
    """Ask for no more than the headers."""
    answer = fetch(viewer.sign(GUIDE), "HEAD")
    announced = answer.headers.get("Content-Length")
    return f"{seen(answer)}, {announced} bytes announced, {len(answer.content)} sent"


def byte_range(viewer: Viewer) -> str:
    """Ask for a thousand bytes in the middle."""
    answer = fetch(viewer.sign(GUIDE), Range="bytes=1000-1999")
    which = answer.headers.get("Content-Range", "").removeprefix("bytes ")
    return f"{seen(answer)} {which} {digest(answer.content)}"


def revalidation(viewer: Viewer) -> str:
    """Ask whether what is there already is still good, with a new signature."""
    tag = fetch(viewer.sign(GUIDE)).headers["ETag"]
    return seen(fetch(viewer.sign(GUIDE), If_None_Match=tag))


def tampered(viewer: Viewer, file: PrivateFile, tampering: Tampering, other: str) -> str:
    """Try a URL that was tampered with; by HEAD too, which must not get further."""
    url = tampering.apply(viewer.sign(file), other)
    answer = fetch(url)
    status = fetch(url, "HEAD").status_code
    return seen(answer) if status == answer.status_code else f"{seen(answer)}, but HEAD {status}"


def expiry(viewer: Viewer) -> str:
    """Open a file that is lent for two seconds, again and again until it is over."""
    # From the start of a second on, or a good part of the two would be over already.
    time.sleep(1 - time.time() % 1)
    url = viewer.sign(BRIEF)
    first = last = fetch(url)
    give_up = time.monotonic() + 2 + _PATIENCE
    while last.status_code == 200 and time.monotonic() < give_up:
        time.sleep(0.1)
        last = fetch(url)
    return f"{seen(first)} {digest(first.content)}, then {seen(last)}"


def cookie_steps(stage: Stage, ada: Viewer) -> Iterator[Step]:
    """Yield the steps by which cookies open the album, and nothing else."""
    album = [file for file in FILES if file.folder == ALBUM]
    jar: list[str] = []

    def take() -> str:
        answer = ada.ask(album[0], "folder")
        jar.extend(cookie.partition(";")[0] for cookie in answer.headers.get_list("Set-Cookie"))
        where = answer.headers.get("Location")
        return f"{_uncached(answer)}, to {'the plain URL' if where == first else where}"

    def open_by_cookies(url: str) -> str:
        answer = ada.open(url)
        return f"{seen(answer)} {digest(answer.content)}" if answer.is_success else seen(answer)

    def send_elsewhere(url: str) -> str:
        return seen(fetch(url, Cookie="; ".join(jar)))

    first = stage.plain_url(album[0])
    yield Step("the album, before its cookies", "403 MissingKey", open_by_cookies, (first,))
    yield Step("cookies for the album", "303 no-store, to the plain URL", take)
    for file in album:
        expected = f"200 {digest(file.content)}"
        yield Step(f"by cookies: {file.title}", expected, open_by_cookies, (stage.plain_url(file),))
    for file in (PLAN, PICTURE, DIARY):
        url = stage.plain_url(file)
        yield Step(f"its cookies: {file.name}", "403 AccessDenied", send_elsewhere, (url,))


def origin_steps(recorder: Recorder, ada: Viewer) -> Iterator[Step]:
    """Yield the steps that look at what the origin saw, of these requests and of all before."""

    def own() -> str:
        url = ada.sign(PICTURE, "?lang=de&Policy=none&page=2")
        answer = fetch(url, Cookie="theme=dark; CloudFront-Policy=none")
        return f"{seen(answer)}, {recorder.requests[-1].query}, {recorder.requests[-1].cookies}"

    def credentials() -> str:
        names = (*(f"{name}=" for name in PARAMETERS), *COOKIES)
        texts = ["\n".join(request) for request in recorder.requests]
        bearing = sum(any(name in text for name in names) for text in texts)
        return f"{bearing} of more than {len(FILES)}" if len(texts) > len(FILES) else "too few"

    yield Step("what the origin sees of a request", "200, lang=de, theme=dark", own)
    yield Step("of CloudFront's names it has seen", f"0 of more than {len(FILES)}", credentials)
