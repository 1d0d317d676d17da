"""
The words of a command line, as each shell splits them. No shell is run.

    bash        "GNU Bash manual", 3.1.2 Quoting
    cmd         Microsoft, "cmd", and "Parsing C command-line arguments"
    PowerShell  Microsoft, "about_Quoting_Rules" and "about_Special_Characters"
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NoReturn

from cfsign.errors import CfsignError

# The character after the $ of a variable or a substitution.
_AFTER_DOLLAR = r"[A-Za-z0-9_{(@*\#?!$-]"

# A body in quotes is one piece, so a command has few of them.
_MAX_PIECES = 20_000

_BASH = re.compile(
    rf"""
      (?P<space>  (?:[ \t]|\\\n)++ )
    | (?P<end>    [;&|\n()<>] )
    | '(?P<single>  [^']*+ )'
    | \$'(?P<ansi>  (?:[^'\\]|\\.)*+ )'
    | \$?"(?P<double> (?:[^"\\]|\\.)*+ )"
    | \\(?P<escaped> . )
    | (?P<variable> \${_AFTER_DOLLAR} | ` )
    | (?P<bare>   [^ \t\n;&|()<>'"\\$`]++ | \$ )
    """,
    re.VERBOSE | re.DOTALL,
)
_BASH_ESCAPE = re.compile(r'\\([$`"\\\n])')
_HAS_VARIABLE = re.compile(
    rf"(?:[^\\$`]|\\.|\$(?!{_AFTER_DOLLAR}))*+(?:\${_AFTER_DOLLAR}|`)", re.DOTALL
)
_ANSI_ESCAPE = re.compile(
    r"\\(?:x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|([0-7]{1,3})|(.))", re.DOTALL
)
_ANSI_LETTERS = {"a": 7, "b": 8, "e": 27, "E": 27, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}

# "^%^": Chrome wrote that inside of quotes, where a caret has no meaning.
_CMD = re.compile(
    r"""\^\n(?P<newline>\n?)|\^(?P<escaped>.)|"(?P<quoted>[^"\n]*+)"?|[^"^\n&|<>]++""", re.DOTALL
)
_CMD_END = re.compile(r"[\n&|<>]")
_ARGUMENT = re.compile(
    r'(?P<backslashes>\\*+)(?P<quote>"{1,2})|(?P<space>[ \t]++)|[^" \t\\]++|\\++'
)

_POWERSHELL = re.compile(
    r"""
      (?P<space>  (?:[ \t]|`\n)++ )
    | (?P<end>    [;&|\n<>] )
    | '(?P<single>  (?:[^']|'')*+ )'
    | "(?P<double>  (?:[^"`]|`.|"")*+ )"
    | `(?P<escaped> . )
    | (?P<bare>   [^ \t\n;&|<>'"`]++ )
    """,
    re.VERBOSE | re.DOTALL,
)
_POWERSHELL_ESCAPE = re.compile(r'`(.)|""|\$\(\[char\]([0-9]{1,7})\)|(\$)', re.DOTALL)
_POWERSHELL_LETTERS = {"0": "\0", "n": "\n", "r": "\r", "t": "\t"}


def split_bash(text: str, start: int) -> tuple[list[str], int]:
    """
    Return the words of the command that begins at *start*, and the position where it ends.

    Raises:
        CfsignError: A quote is not closed, or a variable is used.
    """
    return _split(_BASH, _convert_bash, text, start)


def split_cmd(text: str, start: int) -> tuple[list[str], int]:
    """
    Return the words of the command that begins at *start*, and the position where it ends.

    First as cmd removes its carets, then as a program splits its arguments.

    Raises:
        CfsignError: The command is too large.
    """
    line = _Words()
    at = start
    while at < len(text) and not _CMD_END.match(text, at):
        match = _CMD.match(text, at)
        if match is None:  # a caret at the end
            break
        at = match.end()
        if match["newline"] is not None:
            line.add(match["newline"])
        elif match["escaped"] is not None:
            line.add(match["escaped"])
        else:
            line.add(match[0].replace("^%^", "%") if match["quoted"] else match[0])
    return _split_arguments("".join(line.end())), at


def split_powershell(text: str, start: int) -> tuple[list[str], int]:
    """
    Return the words of the command that begins at *start*, and the position where it ends.

    Raises:
        CfsignError: A quote is not closed, or a variable is used.
    """
    return _split(_POWERSHELL, _convert_powershell, text, start)


def unquote_powershell(string: str) -> str:
    """
    Return the value of one quoted string of PowerShell.

    Raises:
        CfsignError: It uses a variable.
    """
    if string[0] == "'":
        return string[1:-1].replace("''", "'")
    return _POWERSHELL_ESCAPE.sub(_decode_powershell, string[1:-1])


def _split(
    pattern: re.Pattern[str], convert: Callable[[re.Match[str]], str], text: str, start: int
) -> tuple[list[str], int]:
    """Split at the groups `space`, up to the group `end`; other pieces are converted."""
    words = _Words()
    at = start
    while at < len(text):
        match = pattern.match(text, at)
        if match is None:
            _refuse_open_quote()
        if match.lastgroup == "end":
            break
        at = match.end()
        if match.lastgroup == "space":
            words.end()
        else:
            words.add(convert(match))
    return words.end(), at


def _convert_bash(match: re.Match[str]) -> str:
    kind, value = match.lastgroup, match[match.lastgroup or 0]
    if kind == "variable" or (kind == "double" and _HAS_VARIABLE.match(value)):
        _refuse_variable()
    if kind == "ansi":
        return _ANSI_ESCAPE.sub(_decode_ansi, value)
    if kind == "double":
        return _BASH_ESCAPE.sub(lambda escape: escape[1].strip("\n"), value)
    return value


def _convert_powershell(match: re.Match[str]) -> str:
    if match.lastgroup in ("single", "double"):
        return unquote_powershell(match[0])
    return match[match.lastgroup or 0]


class _Words:
    """The words of a command. A word can consist of several pieces."""

    def __init__(self) -> None:
        self._words: list[str] = []
        self._pieces: list[str] = []
        self._count = 0

    def add(self, piece: str) -> None:
        self._count += 1
        if self._count > _MAX_PIECES:
            raise CfsignError(
                f"the command consists of more than {_MAX_PIECES} pieces",
                hint="remove its body, or pass the output of curl -v",
            )
        self._pieces.append(piece)

    def end(self) -> list[str]:
        """End a word, and return all words."""
        if self._pieces:
            self._words.append("".join(self._pieces))
            self._pieces = []
        return self._words


def _split_arguments(line: str) -> list[str]:
    words = _Words()
    is_quoted = False
    for match in _ARGUMENT.finditer(line):
        if match["quote"]:
            backslashes, quotes = len(match["backslashes"]), len(match["quote"])
            words.add("\\" * (backslashes // 2))
            if backslashes % 2:
                words.add('"')
                quotes -= 1
            if quotes == 2 and is_quoted:
                words.add('"')
            elif quotes == 1:
                is_quoted = not is_quoted
        elif match["space"] and not is_quoted:
            words.end()
        else:
            words.add(match[0])
    return words.end()


def _decode_ansi(escape: re.Match[str]) -> str:
    code = escape[1] or escape[2] or escape[3]
    if code:
        return chr(min(int(code, 16), 0x10FFFF))
    if escape[4]:
        return chr(int(escape[4], 8) & 0xFF)
    if escape[5] in _ANSI_LETTERS:
        return chr(_ANSI_LETTERS[escape[5]])
    return escape[5] if escape[5] in "\\'\"?" else escape[0]


def _decode_powershell(escape: re.Match[str]) -> str:
    if escape[3]:
        _refuse_variable()
    if escape[2]:
        return chr(min(int(escape[2]), 0x10FFFF))
    return _POWERSHELL_LETTERS.get(escape[1], escape[1]) if escape[1] else '"'


def _refuse_open_quote() -> NoReturn:
    raise CfsignError(
        "the command ends inside of a quoted text", hint="copy the whole command, to its last quote"
    )


def _refuse_variable() -> NoReturn:
    raise CfsignError(
        "the command uses a variable of the shell",
        hint="replace it with its value, or pass the output of curl -v",
    )
