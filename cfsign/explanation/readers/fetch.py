"""A call of JavaScript's `fetch`, as browsers copy it and people type it."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

from cfsign.errors import CfsignError
from cfsign.explanation.readers.exchange import Exchange, check_count, split_lines

_START = re.compile(
    r"^[ \t]*+(?:(?:const|let|var)[ ]\w++[ ]*+=[ ]*+)?(?:await[ ]++)?(?:window\.)?fetch[ ]*+\(",
    re.MULTILINE,
)
_TOKEN = re.compile(
    r"""
      (?P<space>  \s++ | //[^\n]*+ | /\*(?:[^*]|\*(?!/))*+\*/ )
    | (?P<string> "(?:[^"\\\n]|\\.)*+" | '(?:[^'\\\n]|\\.)*+' | `(?:[^`\\]|\\.)*+` )
    | (?P<mark>   [][{}(),:] )
    | (?P<word>   [\w$.+-]++ )
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(
    r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(.))", re.DOTALL
)
_LETTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "0": "\0", "\n": ""}
_WORDS = {"undefined": "null", "null": "null", "true": "true", "false": "false"}
_NUMBER = re.compile("-?[0-9]{1,15}")
# A body is one text, so a call has few tokens.
_MAX_TOKENS = 10_000
_OPEN, _CLOSE = "[{(", "]})"


def read(text: str) -> list[Exchange] | None:
    """
    Return the requests of the `fetch` calls in *text*.

    Raises:
        CfsignError: A call is not complete, or uses a variable.
    """
    exchanges: list[Exchange] = []
    text = text.lstrip()
    start = _START.match(text)  # not later: a page can contain scripts
    while start:
        tokens = list(_list_tokens(text, start.end()))
        exchanges.append(_build(_parse(tokens)))
        check_count(exchanges)
        end = tokens[-1].end()
        start = _START.search(text, end)
        body = text[end : start.start() if start else None]
        exchanges[-1].add_response(split_lines(body))
    return exchanges or None


def _list_tokens(text: str, at: int) -> Iterator[re.Match[str]]:
    """Yield the tokens of the arguments, up to the closing parenthesis."""
    depth = 1
    for count in itertools.count():
        token = _TOKEN.match(text, at)
        if token is None or count == _MAX_TOKENS:
            raise CfsignError(
                "the arguments of fetch are not complete, or have code in them",
                hint="copy the whole call from the browser, or pass a curl command",
            )
        depth += (token[0] in _OPEN) - (token[0] in _CLOSE)
        at = token.end()
        yield token
        if not depth:
            return


def _parse(tokens: list[re.Match[str]]) -> list[Any]:
    """Return the arguments, by way of JSON. The last token is the closing parenthesis."""
    pieces: list[str] = []
    for token in [token for token in tokens[:-1] if token.lastgroup != "space"]:
        if token[0] in _CLOSE and pieces[-1:] == [","]:
            pieces.pop()
        if token.lastgroup == "string":
            pieces.append(json.dumps(_unquote(token[0])))
        elif token.lastgroup == "word" and pieces[-1:] in (["{"], [","]):
            pieces.append(json.dumps(token[0]))  # the name of a member
        elif token.lastgroup == "word":
            pieces.append(_convert_word(token[0]))
        else:
            pieces.append(token[0])
    if pieces[-1:] == [","]:
        pieces.pop()
    try:
        arguments = json.loads(f"[{''.join(pieces)}]")
    except (ValueError, RecursionError):
        arguments = []
    if not arguments or not isinstance(arguments[0], str):
        raise CfsignError(
            "the call of fetch does not start with a URL in quotes",
            hint="write the URL itself into the call, or pass a curl command",
        )
    return list(arguments)


def _build(arguments: list[Any]) -> Exchange:
    options = arguments[1] if len(arguments) > 1 and isinstance(arguments[1], dict) else {}
    url = arguments[0] if arguments[0].lower().startswith(("http://", "https://")) else ""
    exchange = Exchange(url, method=str(options.get("method") or "GET").upper())
    headers = options.get("headers")
    for name, value in headers.items() if isinstance(headers, dict) else ():
        if name.lower() == "cookie" and isinstance(value, str):
            exchange.cookie_headers.append(value)
    # Browsers send their own cookies, and leave them out of the copy.
    is_without = options.get("credentials") == "omit"
    exchange.omits_cookies = not exchange.cookie_headers and not is_without
    return exchange


def _convert_word(word: str) -> str:
    if _NUMBER.fullmatch(word):
        return str(int(word))
    if word not in _WORDS:
        raise CfsignError(
            "the call of fetch uses a variable",
            hint="write its value into the call, or pass a curl command",
        )
    return _WORDS[word]


def _unquote(string: str) -> str:
    if string[0] == "`" and "${" in string:
        _convert_word("$")
    return _ESCAPE.sub(_decode, string[1:-1])


def _decode(escape: re.Match[str]) -> str:
    code = escape[1] or escape[2] or escape[3]
    if code:
        return chr(min(int(code, 16), 0x10FFFF))
    return _LETTERS.get(escape[4], escape[4])
