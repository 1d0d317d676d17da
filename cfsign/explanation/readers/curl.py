"""A curl command, as browsers copy it and people type it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import quote

from cfsign.errors import CfsignError
from cfsign.explanation.readers.exchange import HEADER, Exchange, check_count, split_lines
from cfsign.explanation.readers.shells import split_bash, split_cmd, split_powershell

_Splitter = Callable[[str, int], tuple[list[str], int]]

# A prompt may precede the command.
_START = re.compile(r"^[ \t]*+(?:[^\n]{0,80}?[$#%>][ \t]++)?(?=curl(?:\.exe)?[ \t])", re.MULTILINE)
# What shows the shell, after the name of the command and its first words.
_CMD_MARK = re.compile(r"""curl[^'"\n^]*+(?:\^["\n&]|"[^"\n]*+"[ \t]++\^\n)""")
_POWERSHELL_MARK = re.compile("[ \t]`\n")

# The options with a value (curl --help all).
_SHORT_WITH_VALUE = "AbcCdDeEFhHKmoPQrtTuUwxXyYz"
_OPTIONS_WITH_VALUE = """
abstract-unix-socket alt-svc aws-sigv4 cacert capath cert cert-type ciphers config
connect-timeout connect-to continue-at cookie cookie-jar create-file-mode crlfile curves data
data-ascii data-binary data-raw data-urlencode delegation dns-interface dns-ipv4-addr
dns-ipv6-addr dns-servers doh-url dump-header ech egd-file engine etag-compare etag-save
expect100-timeout form form-string ftp-account ftp-alternative-to-user ftp-method ftp-port
ftp-ssl-ccc-mode happy-eyeballs-timeout-ms haproxy-clientip header help hostpubmd5 hostpubsha256
hsts interface ip-tos ipfs-gateway json keepalive-cnt keepalive-time key key-type krb libcurl
limit-rate local-port login-options mail-auth mail-from mail-rcpt max-filesize max-redirs
max-time netrc-file noproxy oauth2-bearer output output-dir parallel-max pass pinnedpubkey
preproxy proto proto-default proto-redir proxy proxy-cacert proxy-capath proxy-cert
proxy-cert-type proxy-ciphers proxy-crlfile proxy-header proxy-key proxy-key-type proxy-pass
proxy-pinnedpubkey proxy-service-name proxy-tls13-ciphers proxy-tlsauthtype proxy-tlspassword
proxy-tlsuser proxy-user proxy1.0 pubkey quote random-file range rate referer request
request-target resolve retry retry-delay retry-max-time sasl-authzid service-name
signature-algorithms socks4 socks4a socks5 socks5-gssapi-service socks5-hostname speed-limit
speed-time stderr telnet-option tftp-blksize time-cond tls-max tls13-ciphers tlsauthtype
tlspassword tlsuser trace trace-ascii trace-config unix-socket upload-file url url-query user
user-agent variable vlan-priority write-out
"""
_LONG_WITH_VALUE = frozenset(_OPTIONS_WITH_VALUE.split())
_SHORT_NAMES = {"b": "cookie", "d": "data", "G": "get", "g": "globoff", "H": "header", "I": "head"}
_SHORT_NAMES |= {"F": "form", "T": "upload-file", "X": "request", ":": "next"}
_BODIES = ("data", "data-ascii", "data-binary", "data-raw", "data-urlencode", "form", "json")

_SCHEME = re.compile("https?://", re.IGNORECASE)
# What follows a URL that is not in quotes: bash and cmd end the command at "&".
_CUT_PARAMETER = re.compile("&[A-Za-z][A-Za-z0-9_.-]{0,80}=")
_END_OF_HOST = re.compile("[/?#]")
_END_OF_PATH = re.compile("[?#]")
_GLOB = re.compile(r"(?<!\\)[\[\]{}]")
_ESCAPED_GLOB = re.compile(r"\\([\[\]{}])")


def read_bash(text: str) -> list[Exchange] | None:
    """Return the requests of the curl commands in *text*, in the syntax of bash."""
    return _read(text, split_bash)


def read_cmd(text: str) -> list[Exchange] | None:
    """Return the requests of the curl commands in *text*, if it has marks of Windows' cmd."""
    start = _START.search(text)
    is_cmd = start is not None and _CMD_MARK.match(text, start.end())
    return _read(text, split_cmd) if is_cmd else None


def read_powershell(text: str) -> list[Exchange] | None:
    """Return the requests of the curl commands in *text*, if it has marks of PowerShell."""
    return _read(text, split_powershell) if _POWERSHELL_MARK.search(text) else None


def _read(text: str, split: _Splitter) -> list[Exchange] | None:
    exchanges: list[Exchange] = []
    end = 0
    start = _START.search(text)
    while start:
        if exchanges:
            exchanges[-1].add_response(split_lines(text[end : start.start()]))
        words, end = split(text, start.end())
        exchanges += _read_words(words[1:])
        if exchanges and _CUT_PARAMETER.match(text, end):
            exchanges[-1].is_cut = True
        check_count(exchanges)
        start = _START.search(text, end)
    if exchanges:
        exchanges[-1].add_response(split_lines(text[end:]))
    return exchanges or None


def _read_words(words: Sequence[str]) -> Iterator[Exchange]:
    command = _Command()
    for name, value in _list_options(words):
        if name == "next":
            yield from command.build()
            command = _Command()
        else:
            command.add(name, value)
    yield from command.build()


def _list_options(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the names and values of the options. An argument has the name "url"."""
    following = iter(words)
    for word in following:
        if word.startswith("--") and len(word) > 2:
            name = word[2:]
            yield name, next(following, "") if name in _LONG_WITH_VALUE else ""
        elif word.startswith("-") and len(word) > 1:
            for at, letter in enumerate(word[1:], 2):
                name = _SHORT_NAMES.get(letter, letter)
                if letter in _SHORT_WITH_VALUE:
                    yield name, word[at:] or next(following, "")
                    break
                yield name, ""
        else:
            yield "url", word


class _Command:
    """The options of one curl command, up to --next."""

    def __init__(self) -> None:
        self._values: dict[str, list[str]] = {}

    def add(self, name: str, value: str) -> None:
        self._values.setdefault(name, []).append(value)

    def build(self) -> Iterator[Exchange]:
        """
        Yield one request for each URL.

        Raises:
            CfsignError: A URL stands for several.
        """
        headers = [match.groups() for match in map(HEADER.fullmatch, self._get("header")) if match]
        host = next((value for name, value in headers if name.lower() == "host"), "")
        from_headers = [value for name, value in headers if name.lower() == "cookie"]
        values = self._get("cookie")
        for url in self._get("url"):
            if not _is_url(url):
                continue  # such as the 2 of 2>&1
            exchange = Exchange(self._build_url(url, host), method=self._find_method())
            # curl ignores --cookie if there is such a header.
            for cookies in from_headers or (value for value in values if "=" in value):
                exchange.cookie_headers.append(cookies)
            # Without "=", it is the name of a file.
            exchange.omits_cookies = not exchange.cookie_headers and bool(values)
            yield exchange

    def _get(self, name: str) -> list[str]:
        return self._values.get(name, [])

    def _find_method(self) -> str:
        if self._get("request"):
            return self._get("request")[-1]
        if self._get("head"):
            return "HEAD"
        if self._get("upload-file"):
            return "PUT"
        has_body = any(self._get(name) for name in _BODIES)
        return "POST" if has_body and not self._get("get") else "GET"

    def _build_url(self, url: str, host: str) -> str:
        scheme, _, rest = (url if _SCHEME.match(url) else f"http://{url}").partition("://")
        authority = _END_OF_HOST.split(rest, maxsplit=1)[0]
        rest = rest.removeprefix(authority)
        if not self._get("globoff"):
            if _GLOB.search(rest):
                raise CfsignError(
                    "the URL of the curl command has [ ] or { }, so curl sends several requests",
                    hint="pass one of them, or the output of curl -v",
                )
            authority, rest = (_ESCAPED_GLOB.sub(r"\1", part) for part in (authority, rest))
        if not self._get("path-as-is"):
            path = _END_OF_PATH.split(rest, maxsplit=1)[0]
            rest = _remove_dot_segments(path) + rest.removeprefix(path)
        return f"{scheme}://{host or authority}{self._add_query(rest)}"

    def _add_query(self, rest: str) -> str:
        parts = [_encode(value) for value in self._get("url-query")]
        if self._get("get"):
            parts += [one for name in ("data", "data-ascii", "data-raw") for one in self._get(name)]
            parts += [_encode(value) for value in self._get("data-urlencode")]
        if not parts:
            return rest
        rest, hash_sign, fragment = rest.partition("#")
        return rest + ("&" if "?" in rest else "?") + "&".join(parts) + hash_sign + fragment


def _is_url(word: str) -> bool:
    return _SCHEME.match(word) is not None or any(mark in word for mark in "./:")


def _remove_dot_segments(path: str) -> str:
    """Return the path without its `.` and `..` segments, as clients do (RFC 3986, 5.2.4)."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1:] in (["."], [".."]):
        kept.append("")
    return "/" * bool(segments) + "/".join(kept)


def _encode(value: str) -> str:
    """
    Return a parameter of --data-urlencode, if it has no character that curl would encode.

    Raises:
        CfsignError: curl encodes it, and its versions do so differently (+ or %20, %2f or %2F).
    """
    name, equals, content = value.partition("=")
    content = content if equals else name
    if quote(content, safe="") != content:
        raise CfsignError(
            "the curl command leaves the encoding of a parameter to curl",
            hint="pass the output of curl -v, which shows it encoded",
        )
    return value.removeprefix("=")
