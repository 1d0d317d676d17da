"""The steps of `cfsign demo --once`: allowed requests, and attempts to bypass the signature."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx

from cfsign.demo.browser import Browser, describe, describe_content, fetch
from cfsign.demo.files import ALBUM, BRIEF, DIARY, FILES, GUIDE, HUTS, PICTURE, PLAN, PrivateFile
from cfsign.demo.servers import Recorder, Servers
from cfsign.demo.tampering import TAMPERINGS, Tampering
from cfsign.demo.users import can_read
from cfsign.limits import COOKIES, PARAMETERS

# How long after its expiry a URL is requested until it is refused, in seconds.
_EXPIRY_TIMEOUT = 3

_VIEWS = ("content", "link", "folder")


@dataclass(frozen=True, slots=True)
class Result:
    """
    The result of one step; its text is the line that is printed.

    Attributes:
        title: A short description of the step.
        expected: The expected result.
        actual: The actual result.
    """

    title: str
    expected: str
    actual: str

    @property
    def ok(self) -> bool:
        """True if the actual result is the expected one."""
        return self.actual == self.expected

    def __str__(self) -> str:
        verdict = "ok" if self.ok else "FAILED"
        return f"{verdict:6}  {self.title:50}  expected {self.expected:42}  got {self.actual}"


@dataclass(frozen=True, slots=True)
class Step:
    """
    One step.

    Attributes:
        title: A short description.
        expected: The expected result.
        action: A function that returns the actual result.
        args: Its arguments.
    """

    title: str
    expected: str
    action: Callable[..., str]
    args: tuple[object, ...] = ()

    def run(self) -> Result:
        """Return the result; an exception is a result too, and does not end the other steps."""
        try:
            actual = self.action(*self.args)
        except Exception as error:  # the demo reports any failure, and goes on
            actual = f"{type(error).__name__}: {error}"
        return Result(self.title, self.expected, actual)


def build_steps(servers: Servers) -> Iterator[Step]:
    """Yield the steps; run each one before the next is requested."""
    with (
        Browser(servers.site) as logged_out,
        Browser(servers.site, "ada") as ada,
        Browser(servers.site, "ben") as ben,
    ):
        for view in _VIEWS:
            title, args = f"/{view} without login", (logged_out, view)
            yield Step(title, "401 'Log in first'", request_refused_file, args)
        for view in _VIEWS:
            title, args = f"/{view} of Ben's file, as Ada", (ada, view)
            yield Step(title, "403 'Not allowed'", request_refused_file, args)

        for file in FILES:
            if file != BRIEF:
                user = ada if can_read("ada", file.name) else ben
                expected = f"303 no-store, 200 {describe_content(file.content)}"
                yield Step(file.name, expected, follow_redirect, (user, file))
        expected = f"200 no-store, 200 {describe_content(GUIDE.content)}"
        yield Step("signed URL as JSON", expected, fetch_by_json, (ada, GUIDE))

        size = len(GUIDE.content)
        part = describe_content(GUIDE.content[1000:2000])
        yield Step("HEAD", f"200, length {size}, 0 bytes of content", request_head, (ada,))
        yield Step("Range", f"206 1000-1999/{size} {part}", request_range, (ada,))
        yield Step("If-None-Match", "304", request_unchanged, (ada,))

        # The picture has a canned policy, the guide a custom one.
        for kind, file in (("canned", PICTURE), ("custom", GUIDE)):
            for tampering in TAMPERINGS:
                title = f"{tampering.description} ({kind})"
                tampered_args = (ada, file, tampering, servers.unsigned_url(HUTS))
                yield Step(title, f"403 {tampering.code}", request_tampered, tampered_args)
        expected = f"200 {describe_content(BRIEF.content)}, then 403 AccessDenied"
        yield Step(f"{BRIEF.name}, until it expires", expected, wait_for_expiry, (ada,))

        yield from build_cookie_steps(servers, ada)
        yield from build_origin_steps(servers.recorder, ada)


def request_refused_file(browser: Browser, view: str) -> str:
    """Request a file that the user may not read."""
    response = browser.request_file(PLAN, view)
    # The refusal must not contain a signed URL or cookies.
    is_signed = "Signature" in response.text or "Signature" in str(response.headers)
    return f"{describe(response)}, signed" if is_signed else describe(response)


def follow_redirect(browser: Browser, file: PrivateFile) -> str:
    """Request a file and follow the redirect to the edge."""
    response = browser.request_file(file)
    opened = fetch(response.headers["Location"])
    return f"{_describe_caching(response)}, {describe(opened)} {describe_content(opened.content)}"


def fetch_by_json(browser: Browser, file: PrivateFile) -> str:
    """Request the signed URL of a file as JSON and fetch it."""
    response = browser.request_file(file, "link")
    opened = fetch(response.json()["url"])
    return f"{_describe_caching(response)}, {describe(opened)} {describe_content(opened.content)}"


def _describe_caching(response: httpx.Response) -> str:
    return f"{describe(response)} {response.headers.get('Cache-Control')}"


def request_head(browser: Browser) -> str:
    """Request a file by HEAD."""
    response = fetch(browser.get_signed_url(GUIDE), "HEAD")
    length = response.headers.get("Content-Length")
    return f"{describe(response)}, length {length}, {len(response.content)} bytes of content"


def request_range(browser: Browser) -> str:
    """Request 1,000 bytes of a file."""
    response = fetch(browser.get_signed_url(GUIDE), Range="bytes=1000-1999")
    content_range = response.headers.get("Content-Range", "").removeprefix("bytes ")
    return f"{describe(response)} {content_range} {describe_content(response.content)}"


def request_unchanged(browser: Browser) -> str:
    """Request a file conditionally, with a new signature."""
    etag = fetch(browser.get_signed_url(GUIDE)).headers["ETag"]
    return describe(fetch(browser.get_signed_url(GUIDE), If_None_Match=etag))


def request_tampered(browser: Browser, file: PrivateFile, tampering: Tampering, other: str) -> str:
    """Request a changed URL by GET and by HEAD, which must be refused with the same status."""
    url = tampering.apply(browser.get_signed_url(file), other)
    response = fetch(url)
    head_status = fetch(url, "HEAD").status_code
    if head_status != response.status_code:
        return f"{describe(response)}, but HEAD {head_status}"
    return describe(response)


def wait_for_expiry(browser: Browser) -> str:
    """Request a file that is signed for two seconds, until it is refused."""
    # Sign at the start of a second, because expiries are whole seconds.
    time.sleep(1 - time.time() % 1)
    url = browser.get_signed_url(BRIEF)
    first = last = fetch(url)
    end = time.monotonic() + 2 + _EXPIRY_TIMEOUT
    while last.status_code == 200 and time.monotonic() < end:
        time.sleep(0.1)
        last = fetch(url)
    return f"{describe(first)} {describe_content(first.content)}, then {describe(last)}"


def build_cookie_steps(servers: Servers, ada: Browser) -> Iterator[Step]:
    """Yield the steps that show that cookies open the album and nothing else."""
    album = [file for file in FILES if file.folder == ALBUM]
    cookies: list[str] = []

    def request_cookies() -> str:
        response = ada.request_file(album[0], "folder")
        cookies.extend(
            cookie.partition(";")[0] for cookie in response.headers.get_list("Set-Cookie")
        )
        location = response.headers.get("Location")
        target = "the unsigned URL" if location == first else location
        return f"{_describe_caching(response)}, to {target}"

    def open_with_cookies(url: str) -> str:
        response = ada.open(url)
        if not response.is_success:
            return describe(response)
        return f"{describe(response)} {describe_content(response.content)}"

    def send_cookies_elsewhere(url: str) -> str:
        return describe(fetch(url, Cookie="; ".join(cookies)))

    first = servers.unsigned_url(album[0])
    yield Step("the album without cookies", "403 MissingKey", open_with_cookies, (first,))
    yield Step("cookies for the album", "303 no-store, to the unsigned URL", request_cookies)
    for file in album:
        title, expected = f"with cookies: {file.title}", f"200 {describe_content(file.content)}"
        yield Step(title, expected, open_with_cookies, (servers.unsigned_url(file),))
    for file in (PLAN, PICTURE, DIARY):
        title, args = f"album cookies for {file.name}", (servers.unsigned_url(file),)
        yield Step(title, "403 AccessDenied", send_cookies_elsewhere, args)


def build_origin_steps(recorder: Recorder, ada: Browser) -> Iterator[Step]:
    """Yield the steps that check what the origin has received."""

    def request_with_query_and_cookies() -> str:
        url = ada.get_signed_url(PICTURE, "?lang=de&Policy=none&page=2")
        response = fetch(url, Cookie="theme=dark; CloudFront-Policy=none")
        received = recorder.requests[-1]
        return f"{describe(response)}, {received.query}, {received.cookies}"

    def count_credentials() -> str:
        names = (*(f"{name}=" for name in PARAMETERS), *COOKIES)
        texts = ["\n".join(request) for request in recorder.requests]
        count = sum(any(name in text for name in names) for text in texts)
        return f"{count} of more than {len(FILES)}" if len(texts) > len(FILES) else "too few"

    expected = "200, lang=de, theme=dark"
    yield Step("query and cookies at the origin", expected, request_with_query_and_cookies)
    expected = f"0 of more than {len(FILES)}"
    yield Step("requests with a credential at the origin", expected, count_credentials)
