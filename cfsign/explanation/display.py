"""Show text from a request: printable, shortened, and two texts one below the other."""

from __future__ import annotations

_WIDTH = 96


def to_printable(text: str, limit: int = 60) -> str:
    """Return *text* with control characters escaped, cut after *limit* characters."""
    cut = f"{text[:limit]}…" if len(text) > limit else text
    return "".join(map(_escape, cut))


def compare(signed: str, requested: str) -> str:
    """Return both texts, one below the other, with a mark where they first differ."""
    at = find_difference(signed, requested)
    return show_both(signed, requested, at, at)


def find_difference(signed: str, requested: str) -> int:
    """Return the position of the first difference."""
    pairs = enumerate(zip(signed, requested, strict=False))
    shorter = min(len(signed), len(requested))
    return next((at for at, (one, other) in pairs if one != other), shorter)


def show_both(signed: str, requested: str, signed_at: int, requested_at: int) -> str:
    """Return both texts, one below the other, each with a mark below the given position."""
    return "\n".join(
        (
            *_mark("signed:    ", signed, signed_at),
            *_mark("requested: ", requested, requested_at),
        )
    )


def _mark(label: str, text: str, at: int) -> tuple[str, str]:
    start = max(0, at - _WIDTH // 2) if len(text) > _WIDTH else 0
    before = ("…" if start else "") + "".join(map(_escape, text[start:at]))
    end = "…" if start + _WIDTH < len(text) else ""
    after = to_printable(text[at : start + _WIDTH], _WIDTH) + end
    return f"{label}{before}{after}", f"{' ' * (len(label) + len(before))}^"


def _escape(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")
