"""
Redaction: cut signatures and keys out of paths, for logs and events.

A client can put anything into a path, and a URL that was escaped once too often has its query in
the path. A log is read by more people than may open the file.
"""

from __future__ import annotations

import re

from cfsign.limits import MAX_URL_BYTES, PARAMETERS

# The start of a credential inside a path whose `?` was escaped; of PEM; and of a private key's DER
# in base64: the length, the version 0 or 1 (RFC 5208, RFC 5915, RFC 8017).
_SECRET = re.compile(
    rf"(?i:(?:{'|'.join(PARAMETERS)})(?:=|%(?:25)*3D))"
    r"|(?i:-----BEGIN)"
    r"|M[A-P].CAQ|MI[GH].AgE|MII..[AQgw]IB"
)

# A long run of base64 letters may be a signature, so its middle is cut. The shortest one (P-256)
# has 92 letters. Some tools wrap base64 into lines; no name of a file has a line break.
_LONG_RUN = re.compile(r"[\w+=~%/\r\n-]{90,}", re.ASCII)
_LONG_SEGMENT = re.compile(r"[\w+=~%\r\n-]{90,}", re.ASCII)
# Standard base64 has "/", too, so a deep path is such a run. Random text changes between upper
# case, lower case and digits far more often than names do: of 60,000 signatures, each had at least
# 35 such parts in 84 letters and digits. Names with capitals and numbers have about 25.
_PART = re.compile(r"[a-z]+|[A-Z]+|[0-9]+")
_SEPARATORS = re.compile(r"[^a-zA-Z0-9]+")
_PARTS, _WINDOW = 34, 84
_ENDS = 24


def redact_path(path: str) -> str:
    """
    Return *path*, cut off at the first credential or private key; signatures are shortened.

    Args:
        path: A path, plain or percent-encoded, without its query. Only its first 8,192 characters
            are read: CloudFront accepts no longer URL.
    """
    # Cut before the regular expressions, so that a huge path is cheap.
    return cut_signatures(_SECRET.split(path[:MAX_URL_BYTES], maxsplit=1)[0])


def cut_signatures(text: str) -> str:
    """Return *text* with the middle of each long run of base64 letters replaced by `...`."""
    return _LONG_RUN.sub(_cut_run, text)


def _cut_run(run: re.Match[str]) -> str:
    text = run[0]
    if "/" in text and not _is_random(text):
        return _LONG_SEGMENT.sub(_cut_run, text)
    return f"{text[:_ENDS]}...{text[-_ENDS:]}"


def _is_random(text: str) -> bool:
    """Return True if some part of *text* looks like base64 of random bytes."""
    letters = _SEPARATORS.sub("", text)
    starts = [part.start() for part in _PART.finditer(letters)]
    pairs = zip(starts, starts[_PARTS - 1 :], strict=False)
    return any(last - first < _WINDOW for first, last in pairs)
