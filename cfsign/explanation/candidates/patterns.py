"""The patterns that someone may have signed where only one URL can be."""

from __future__ import annotations

from cfsign.checking.matching import ViewerURL
from cfsign.explanation.candidates.candidate import OTHER_SCHEME, Candidate, Candidates
from cfsign.explanation.cause import Mistake

_MAX_FOLDERS = 8


def wildcard_readings(url: ViewerURL) -> Candidates:
    """Give the patterns that someone may have signed where only one URL can be."""
    message = "A canned policy was signed for a pattern with a *, which it takes to the letter"
    hint = (
        "sign a custom policy for the pattern, or the one URL: "
        "sign_url(url, pattern=...) makes a custom policy"
    )
    for scheme in (url.scheme, OTHER_SCHEME[url.scheme], "http*", "*"):
        base = f"{scheme}://{url.host}"
        for folder in _folders(url.path):
            yield Candidate(f"{base}{folder}*", Mistake.WILDCARD_IN_CANNED, message, hint)
    whole = str(url)
    for pattern in (f"{whole}*", f"{whole}?*", f"{url.scheme}://*", "*"):
        yield Candidate(pattern, Mistake.WILDCARD_IN_CANNED, message, hint)


def _folders(path: str) -> list[str]:
    """Return the folders that hold *path*, the deepest first, then the host alone."""
    ends = [at + 1 for at, letter in enumerate(path) if letter == "/"]
    return [path[:end] for end in reversed(ends[:_MAX_FOLDERS])] or ["/"]
