"""A file name that was signed in one encoding and requested in another."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable

import pytest

from cfsign import Mistake, explain
from tests.explanation.makers import CANNED, EXPIRES, NOW, World, canned, custom

httpx = pytest.importorskip("httpx")
yarl = pytest.importorskip("yarl")

ENCODING_MISTAKES = {
    Mistake.PLUS_OR_SPACE,
    Mistake.APOSTROPHE,
    Mistake.TILDE,
    Mistake.HEX_CASE,
    Mistake.RE_ENCODED,
    Mistake.UNENCODED,
    Mistake.ENCODED_TWICE,
}

ENCODERS: dict[str, Callable[[str], str]] = {
    "python": urllib.parse.quote,
    "form": urllib.parse.quote_plus,
    "javascript": lambda text: urllib.parse.quote(text, safe="!'()*~"),
    "go": lambda text: urllib.parse.quote(text, safe="$&+=:@"),
    "lower-case": lambda text: re.sub(
        "%..", lambda match: match[0].lower(), urllib.parse.quote(text, safe="")
    ),
    "httpx": lambda text: str(httpx.URL("https://h/", path=f"/{text}"))[len("https://h/") :],
    "yarl": lambda text: str(yarl.URL.build(path=f"/{text}"))[1:],
}


@pytest.mark.parametrize("requested", ENCODERS)
@pytest.mark.parametrize("signed", ENCODERS)
@pytest.mark.parametrize(
    "name",
    [
        "report (final) v1.2.pdf",
        "O'Brien & Sons, Ltd.pdf",
        "a+b=c;d@e.jpg",
        "größe 100 €.png",
        "[draft] plan: part 1!.docx",
        'say "hi" to {all}.txt',
    ],
    ids=range(6),
)
def test_file_name_in_two_encodings(world: World, name: str, signed: str, requested: str) -> None:
    """Signed as one encoder writes it, and requested as another does; canned and custom."""
    urls = [f"https://media.example.com/{ENCODERS[one](name)}" for one in (signed, requested)]
    if urls[0] == urls[1]:
        return
    signature = world.rsa.sign((CANNED % (urls[0], EXPIRES)).encode())
    for sent in (
        canned(urls[1], signature, world.rsa),
        custom(urls[1], CANNED % (urls[0], EXPIRES), world.rsa),
    ):
        first = explain(sent, world.trusted, at=NOW).causes[0]
        assert first.mistake in ENCODING_MISTAKES
        assert first.certain
