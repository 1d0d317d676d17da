"""How text from a request is shown: printable, short, two texts beside each other."""

from __future__ import annotations

_WIDTH = 96


def shown(text: str, limit: int = 60) -> str:
    """Return *text* in printable letters, cut at *limit*: it may hold control characters."""
    cut = f"{text[:limit]}…" if len(text) > limit else text
    return "".join(map(_printable, cut))


def beside(signed: str, requested: str, signed_at: int, requested_at: int) -> str:
    """Return what was signed above what was requested, a caret under each first difference."""
    return "\n".join(
        (
            *_marked("signed:    ", signed, signed_at),
            *_marked("requested: ", requested, requested_at),
        )
    )


def compared(signed: str, requested: str) -> str:
    """Return both texts, marked where they first differ."""
    at = first_difference(signed, requested)
    return beside(signed, requested, at, at)


def first_difference(one: str, other: str) -> int:
    """Return the first position at which two texts differ; the shorter length if none."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _marked(label: str, text: str, at: int) -> tuple[str, str]:
    start = max(0, at - _WIDTH // 2) if len(text) > _WIDTH else 0
    dots = "…" if start else ""
    before = dots + "".join(map(_printable, text[start:at]))
    after = shown(text[at : start + _WIDTH], _WIDTH) + ("…" if start + _WIDTH < len(text) else "")
    return f"{label}{before}{after}", f"{' ' * (len(label) + len(before))}^"


def _printable(letter: str) -> str:
    return letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
