"""The characters, file names and URL spellings that clients must send unchanged."""

from __future__ import annotations

import string

#: ASCII from the space to `~`, and a few others.
CHARACTERS = [chr(number) for number in range(0x20, 0x7F)] + list("\u00a0é日🎬")

#: Plain names, for `Distribution`.
NAMES = [
    "user@host.img",
    "dt=2024-01-01.parquet",
    "My, File (1).pdf",
    "it's.pdf",
    "R&D.pdf",
    "price $5.txt",
    "wow!.txt",
    "12:30.log",
    "a~b.txt",
    "a_b-c.txt",
    "a;v=1.txt",
    "a*.txt",
    "what?.txt",
    "100%.txt",
    "%41.txt",
    "a+b.txt",
    "a#1.txt",
    '"quoted".txt',
    "a<b>.txt",
    "a\\b.txt",
    "a[1].txt",
    "a{1}.txt",
    "a|b.txt",
    "a^b.txt",
    "a`b.txt",
    "größe.pdf",
    "e\u0301.pdf",
    "日本.pdf",
    "🎬.mp4",
    ".hidden",
    "a..b",
    "year=2024/month=01/part-0.parquet",
    "archive.tar.gz",
    "a b  c.txt",
]

_ESCAPES = [f"%{ord(character):02X}" for character in f" {string.punctuation}"]

#: Encoded paths and queries, for `Signer`: each character that it takes raw, and each escape.
SPELLINGS = [
    *(f"/a{character}b" for character in "!$&'()+,-./:;=@[]_~"),
    *(f"/a{escape}b" for escape in _ESCAPES),
    *(f"/a?q=a{character}b" for character in "!$&()+,-./:;=@[]_~"),
    *(f"/a?q=a{escape}b" for escape in _ESCAPES),
    "/",
    "/docs/",
    "/caf%C3%A9",
    "/caf%c3%a9",
    "/a?q=%C3%A9",
    "/a?b&c=&=d",
]
