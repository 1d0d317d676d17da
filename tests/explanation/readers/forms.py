"""
One request, written in each form that `cfsign explain` reads.

The layouts are those of the tools: curl 7.88 and 8, Wget 1.21, HTTPie 3.2, the panels and the menu
"Copy" of Chrome and Firefox (2026). The values are those of the test.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

DATE = "Thu, 01 Jan 2026 00:00:00 GMT"
BODIES = {
    200: "a file",
    403: '<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code>'
    "<Message>Access denied</Message></Error>",
}


@dataclass(frozen=True)
class Form:
    """
    A form.

    Attributes:
        name: The name of the test.
        form: How `cfsign explain` names it.
        write: Writes a request: its URL, its `Cookie` header or None, and its method.
        has_method: True if the form contains the method.
        has_cookies: True if the form contains the cookies.
    """

    name: str
    form: str
    write: Callable[[str, str | None, str], str]
    has_method: bool = True
    has_cookies: bool = True


FORMS: list[Form] = []

HTTP_1 = "an HTTP/1 request (curl -v, wget -d, httpie, browsers)"
HTTP_2 = "HTTP/2 headers (:authority and :path, or a browser's panel)"


def form(name: str, label: str, **more: bool) -> Callable[[Callable[..., str]], Callable[..., str]]:
    def add(write: Callable[..., str]) -> Callable[..., str]:
        FORMS.append(Form(name, label, write, **more))
        return write

    return add


def split_url(url: str) -> tuple[str, str, str]:
    """Return the scheme, the host and the target."""
    scheme, _, rest = url.partition("://")
    host, slash, target = rest.partition("/")
    return scheme, host, slash + target


@form("url", "a URL", has_method=False)
def write_url(url: str, cookies: str | None, _: str) -> str:
    return f"{url}\n" + ("" if cookies is None else f"Cookie: {cookies}\n")


@form("curl-v-http-2", HTTP_1)
def write_curl_http_2(url: str, cookies: str | None, method: str) -> str:
    scheme, host, target = split_url(url)
    tls = "* TLSv1.3 (OUT), TLS handshake, Client hello (1):\n" if scheme == "https" else ""
    address = "203.0.113.7:443" if scheme == "https" else "203.0.113.7"
    cookie = "" if cookies is None else f"> cookie: {cookies}\n"
    return (
        f"*   Trying {address}...\n* Connected to {host} (203.0.113.7)\n{tls}* using HTTP/2\n"
        f"* [HTTP/2] [1] [:path: {target}]\n> {method} {target} HTTP/2\n> Host: {host}\n"
        f"> User-Agent: curl/8.5.0\n> Origin: https://other.example\n"
        f"{cookie}> \n* old SSL session\n"
    )


@form("curl-v-http-1", HTTP_1)
def write_curl_http_1(url: str, cookies: str | None, method: str) -> str:
    text = write_curl_http_2(url, cookies, method).replace("HTTP/2", "HTTP/1.1")
    return text.replace("> cookie", "> Cookie").replace("\n", "\r\n")


@form("curl-v-without-notes", HTTP_1)
def write_curl_headers(url: str, cookies: str | None, method: str) -> str:
    text = write_curl_http_2(url, cookies, method)
    lines = "\n".join(line for line in text.split("\n") if line.startswith(">"))
    return to_default_scheme(lines, url)


@form("headers", HTTP_1)
def write_headers(url: str, cookies: str | None, method: str) -> str:
    lines = write_curl_headers(url, cookies, method).split("\n")
    return "\n".join(line.removeprefix(">").strip() for line in lines)


@form("wget-d", HTTP_1)
def write_wget(url: str, cookies: str | None, method: str) -> str:
    _, host, target = split_url(url)
    cookie = "" if cookies is None else f"Cookie: {cookies}\n"
    return (
        "DEBUG output created by Wget 1.21.3 on linux-gnu.\n\nURI encoding = 'UTF-8'\n"
        f"--2026-01-01 00:00:00--  {url}\nConnecting to {host}... connected.\nCreated socket 3.\n\n"
        f"---request begin---\n{method} {target} HTTP/1.1\nHost: {host}\nAccept: */*\n{cookie}\n"
        "---request end---\nHTTP request sent, awaiting response... \n"
    )


@form("httpie", HTTP_1)
def write_httpie(url: str, cookies: str | None, method: str) -> str:
    _, host, target = split_url(url)
    cookie = "" if cookies is None else f"Cookie: {cookies}\n"
    text = f"{method} {target} HTTP/1.1\nAccept: */*\n{cookie}Host: {host}\n\n\n"
    return to_default_scheme(text, url)


@form("absolute-target", HTTP_1)
def write_absolute(url: str, cookies: str | None, method: str) -> str:
    _, host, _ = split_url(url)
    cookie = "" if cookies is None else f"Cookie: {cookies}\n"
    return f"{method} {url} HTTP/1.1\nHost: {host}\n{cookie}\n"


@form("http-2-lines", HTTP_2)
def write_http_2(url: str, cookies: str | None, method: str) -> str:
    scheme, host, target = split_url(url)
    cookie = "" if cookies is None else f"cookie: {cookies}\n"
    return (
        f":authority: {host}\n:method: {method}\n:path: {target}\n:scheme: {scheme}\n"
        f"accept: */*\n{cookie}origin: https://other.example\nreferer: https://other.example/a\n"
    )


@form("chrome-panel", HTTP_2)
def write_panel(url: str, cookies: str | None, method: str) -> str:
    """Write Chrome's panel, where each name and each value is a line."""
    return re.sub("^(:?[a-z]+): ", r"\1\n", write_http_2(url, cookies, method), flags=re.MULTILINE)


@form("chrome-general", HTTP_2)
def write_general(url: str, cookies: str | None, method: str) -> str:
    cookie = "" if cookies is None else f"cookie\n{cookies}\n"
    return (
        f"Request URL\n{url}\nRequest Method\n{method}\nRemote Address\n203.0.113.7:443\n"
        f"Referrer Policy\nstrict-origin\n{cookie}origin\nhttps://other.example\n"
    )


def quote_posix(text: str) -> str:
    """Quote as Chrome and Firefox do for bash."""
    if not re.search(r"[\0-\x1f\x7f-\x9f!']", text):
        return f"'{text}'"
    text = text.replace("\\", "\\\\").replace("'", "\\'")
    escaped = re.sub(r"[\0-\x1f\x7f-\x9f!]", lambda one: f"\\u{ord(one[0]):04x}", text)
    return f"$'{escaped}'"


def quote_cmd(text: str) -> str:
    """Quote as Chrome does for Windows' cmd. It doubles backslashes; programs keep both."""
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    text = re.sub(r"([^a-zA-Z0-9\s_\-:=+~'/.',?;()*`])", r"^\1", text)
    return f'^"{re.sub("%(?=[a-zA-Z0-9_])", "%^", text)}^"'


def quote_powershell(text: str) -> str:
    """Quote as Chrome does for PowerShell."""
    escaped = re.sub('([`$"])', r"`\1", text)
    return '"' + re.sub("[^ -~]", lambda one: f"$([char]{ord(one[0])})", escaped) + '"'


def escape_globs(url: str) -> str:
    """Escape as Chrome does, because curl reads brackets in a URL as a list."""
    return re.sub(r"([\[\]{}])", r"\\\1", url)


@form("chrome-curl-bash", "a curl command (bash)")
def write_chrome_bash(url: str, cookies: str | None, method: str) -> str:
    words = [
        f"curl {escape_globs(quote_posix(url))}",
        f"-H {quote_posix('accept: */*')}",
        *([] if cookies is None else [f"-b {quote_posix(cookies)}"]),
        f"-H {quote_posix('origin: https://other.example')}",
        *([] if method == "GET" else [f"-X {quote_posix(method)}"]),
        "--compressed",
    ]
    return " \\\n  ".join(words)


@form("firefox-curl-bash", "a curl command (bash)")
def write_firefox_bash(url: str, cookies: str | None, method: str) -> str:
    words = ["curl", "--globoff", quote_posix(url), f"--compressed -X {method}"]
    words += ["-H", quote_posix("User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:146.0)")]
    if cookies is not None:
        words += ["-H", quote_posix(f"Cookie: {cookies}")]
    return " ".join(words)


@form("chrome-curl-cmd", "a curl command (Windows cmd)")
def write_cmd(url: str, cookies: str | None, method: str) -> str:
    words = [
        f"curl {escape_globs(quote_cmd(url))}",
        f"-H {quote_cmd('accept: */*')}",
        *([] if cookies is None else [f"-b {quote_cmd(cookies)}"]),
        *([] if method == "GET" else [f"-X {quote_cmd(method)}"]),
        f"-H {quote_cmd('referer: https://other.example/?a=%41')}",
    ]
    return " ^\r\n  ".join(words)


@form("curl-powershell", "a curl command (PowerShell)")
def write_curl_powershell(url: str, cookies: str | None, method: str) -> str:
    words = [f"curl.exe -g -X {method} {quote_powershell(url)}"]
    if cookies is not None:
        words.append("--cookie '" + cookies.replace("'", "''") + "'")
    return " `\r\n  ".join([*words, "-v"])


@form("invoke-webrequest", "an Invoke-WebRequest command (PowerShell)")
def write_invoke(url: str, cookies: str | None, method: str) -> str:
    _, host, target = split_url(url)
    cookie = "" if cookies is None else f'  "cookie"={quote_powershell(cookies)}\n'
    verb = "" if method == "GET" else f'-Method "{method}" `\n'
    return (
        "$session = New-Object Microsoft.PowerShell.Commands.WebRequestSession\n"
        '$session.UserAgent = "Mozilla/5.0"\n'
        f"Invoke-WebRequest -UseBasicParsing -Uri {quote_powershell(url)} `\n{verb}"
        f'-WebSession $session `\n-Headers @{{\n"authority"="{host}"\n'
        f'  "path"={quote_powershell(target)}\n{cookie}  "origin"="https://other.example"\n}}'
    )


@form("invoke-webrequest-session", "an Invoke-WebRequest command (PowerShell)")
def write_invoke_session(url: str, cookies: str | None, method: str) -> str:
    _, host, _ = split_url(url)
    lines = ["$session = New-Object Microsoft.PowerShell.Commands.WebRequestSession"]
    for pair in [] if cookies is None else cookies.split("; "):
        name, _, value = pair.partition("=")
        arguments = ", ".join(map(quote_powershell, (name, value, "/", host)))
        lines.append(f"$session.Cookies.Add((New-Object System.Net.Cookie({arguments})))")
    lines.append(f"Invoke-WebRequest -UseBasicParsing -Uri {quote_powershell(url)} `")
    return "\n".join([*lines, f'-Method "{method}" `', "-WebSession $session"])


@form("chrome-fetch-node", "a fetch call (JavaScript)")
def write_fetch_node(url: str, cookies: str | None, method: str) -> str:
    headers = {"accept": "*/*", "Referer": "https://other.example/"}
    if cookies is not None:
        headers["cookie"] = cookies
    options = {"headers": headers, "body": None, "method": method}
    return f"fetch({json.dumps(url)}, {json.dumps(options, indent=2)});"


@form("firefox-fetch", "a fetch call (JavaScript)")
def write_fetch_firefox(url: str, cookies: str | None, method: str) -> str:
    options = {
        "credentials": "include",
        "headers": {"User-Agent": "Mozilla/5.0"} | ({} if cookies is None else {"Cookie": cookies}),
        "referrer": "https://other.example/",
        "method": method,
        "mode": "cors",
    }
    return f"await fetch({json.dumps(url)}, {json.dumps(options, indent=4)});"


@form("typed-fetch", "a fetch call (JavaScript)")
def write_fetch_typed(url: str, cookies: str | None, method: str) -> str:
    def quote(text: str) -> str:
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

    cookie = "" if cookies is None else f"cookie: {quote(cookies)},"
    return (
        f"const response = await fetch({quote(url)}, {{ // a comment\n"
        f"  method: '{method}', headers: {{ {cookie} }},\n}});"
    )


def build_entry(url: str, cookies: str | None, method: str, status: int = 0) -> dict[str, object]:
    headers = [{"name": "Origin", "value": "https://other.example"}]
    if cookies is not None:
        headers.append({"name": "Cookie", "value": cookies})
    response = [{"name": "date", "value": DATE}, {"name": "server", "value": "CloudFront"}]
    return {
        "startedDateTime": "2026-01-01T00:00:00.000Z",
        "request": {"method": method, "url": url, "headers": headers, "cookies": []},
        "response": {
            "status": status,
            "headers": response if status else [],
            "content": {"mimeType": "application/xml", "text": BODIES.get(status, "")},
        },
    }


@form("har", "a HAR file")
def write_har(url: str, cookies: str | None, method: str) -> str:
    entries = [build_entry(url, cookies, method)]
    return json.dumps({"log": {"version": "1.2", "entries": entries}}, indent=2)


@form("har-cookies", "a HAR file")
def write_har_cookies(url: str, cookies: str | None, method: str) -> str:
    """Write one entry alone, with its cookies only as a list."""
    entry = build_entry(url, None, method)
    pairs = [pair.partition("=") for pair in cookies.split("; ")] if cookies else []
    entry["request"]["cookies"] = [{"name": name, "value": value} for name, _, value in pairs]  # type: ignore[index]
    return json.dumps(entry)


def to_default_scheme(text: str, url: str) -> str:
    """Add port 80 if *url* has the scheme http, because the form contains no scheme."""
    scheme, host, _ = split_url(url)
    return text.replace(f"Host: {host}", f"Host: {host}:80") if scheme == "http" else text


def add_response(text: str, name: str, status: int) -> str:
    """Append a response, in the form of the tool *name*."""
    if name == "http-2-lines":
        return f"{text}\n:status: {status}\ndate: {DATE}\nserver: CloudFront\n"
    if name.startswith("chrome-panel") or name == "chrome-general":
        return f"{text}\nStatus Code\n{status} Reason\ndate\n{DATE}\nserver\nCloudFront\n"
    mark = "< " if name.startswith("curl-v") else ""
    lines = [f"HTTP/1.1 {status} Reason", f"Date: {DATE}", "Server: CloudFront", ""]
    return f"{text}\n" + "\n".join(mark + line for line in lines) + f"\n{BODIES[status]}\n"
