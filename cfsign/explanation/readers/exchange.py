"""One HTTP request and its response, as far as a pasted text shows them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

from cfsign.errors import CfsignError
from cfsign.limits import COOKIE_PREFIX, PARAMETERS

STATUS_LINE = re.compile(r"(?:< ?)?HTTP/[0-9.]+ ([0-9]{3})(?: .*)?")
HEADER = re.compile(r"(?:[<>] ?)?([A-Za-z0-9-]+):[ \t]*(.*)")

MAX_REQUESTS = 1_000
"""The most requests that are read from one text."""

MAX_BODY = 16_384
"""The most characters of a response's body that are read."""

_SCHEME = re.compile("https?://", re.IGNORECASE)
# Slack's <URL|label>: a label with "=" may be a part of the URL.
_WRAPPED = re.compile(
    r"""'(.*)'|"(.*)"|`(.*)`|\u201c(.*)\u201d|\u2018(.*)\u2019"""
    r"|<([^|]*)(?:\|[^|=]*)?>|<(.*)>|!?\[[^\]]*\]\((.*)\)",
    re.DOTALL,
)
_PARAMETER = re.compile(rf"[?&](?:{'|'.join(PARAMETERS)})=")


@dataclass(slots=True, eq=False)
class Exchange:
    """
    One request and its response.

    Attributes:
        url: The URL; "" if it is not known.
        cookie_headers: The text of each `Cookie` header.
        method: The HTTP method.
        status: The HTTP status of the response; 0 if it is not known.
        at: The time of the response in epoch seconds; None if it is not known.
        body: The body of the response, or "".
        is_from_cloudfront: True if a header of the response shows that CloudFront sent it.
        omits_cookies: True if the form does not contain the request's cookies, even if it had some.
        is_cut: True if the URL ends at an & that is not in quotes, so that a shell cuts it there.
    """

    url: str = field(default="", repr=False)
    cookie_headers: list[str] = field(default_factory=list, repr=False)
    method: str = "GET"
    status: int = 0
    at: float | None = None
    body: str = field(default="", repr=False)
    is_from_cloudfront: bool = False
    omits_cookies: bool = False
    is_cut: bool = False

    @property
    def is_signed(self) -> bool:
        """True if the request has a parameter or a cookie of CloudFront."""
        is_url_signed = _PARAMETER.search(self.url) is not None
        return is_url_signed or COOKIE_PREFIX in (self.cookies or "")

    @property
    def response(self) -> str:
        """The response as HTTP text, for `explain`; "" if it is not known."""
        if self.status:
            return f"HTTP/1.1 {self.status}\n\n{self.body}"
        return self.body

    @property
    def cookies(self) -> str | None:
        """The text of the `Cookie` headers; None without one."""
        # RFC 9113, section 8.2.3: HTTP/2 may send its cookies in several headers.
        return "; ".join(self.cookie_headers) if self.cookie_headers else None

    def add_response_header(self, name: str, value: str) -> None:
        """Use one header of the response."""
        name = name.lower()
        if name == "date":
            self.at = _parse_date(value)
        self.is_from_cloudfront |= name.startswith("x-amz-cf-") or "cloudfront" in value.lower()

    def add_response(self, lines: Iterable[str]) -> None:
        """
        Use the lines of a response. Lines before its status line are part of the body.

        Lines after the first `MAX_BODY` characters of the body are not read.
        """
        body: list[str] = []
        length = 0
        is_in_headers = False
        for line in lines:
            status, header = STATUS_LINE.fullmatch(line), HEADER.fullmatch(line)
            if status:
                self.status = int(status[1])
                is_in_headers = True
            elif header and (is_in_headers or line.startswith("< ")):
                self.add_response_header(header[1], header[2])
            else:
                is_in_headers = False
                body.append(line)
                length += len(line) + 1
            if length > MAX_BODY:
                break
        self.body = "\n".join(body)


def split_lines(text: str) -> list[str]:
    """Return the lines of *text* without the white space around them."""
    # Not `str.splitlines`, which also splits at characters such as U+2028.
    return [line.strip() for line in text.replace("\r", "\n").split("\n")]


def check_count(exchanges: list[Exchange]) -> None:
    """
    Check that there are not too many requests.

    Raises:
        CfsignError: There are more than `MAX_REQUESTS`.
    """
    if len(exchanges) > MAX_REQUESTS:
        raise CfsignError(
            f"the input has more than {MAX_REQUESTS} requests", hint="pass only those to CloudFront"
        )


def build_url(scheme: str, host: str, target: str) -> str:
    """Return the URL of a request line's target; "" if the host is not known."""
    if _SCHEME.match(target):
        return target  # absolute form (RFC 9112, section 3.2.2)
    return f"{scheme}://{host}{target}" if host and target.startswith("/") else ""


def unwrap_url(text: str) -> str:
    """
    Return a pasted URL without what surrounds it.

    This is white space, quotes, <>, a code mark, or the link of Markdown or Slack around it.
    """
    text = text.strip()
    match = _WRAPPED.fullmatch(text)
    inside = "" if match is None else match[match.lastindex or 0].strip()
    return inside if "://" in inside[:9] else text


def _parse_date(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date[:64]).timestamp()
    except (ValueError, OverflowError):
        return None
