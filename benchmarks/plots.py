"""The plots, each as SVG and PNG, for readers in the light and in the dark."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from benchmarks.figures import digits, duration
from benchmarks.names import (
    BARE,
    CFSIGN,
    CFSIGN_PATH,
    COOKIES,
    GROW_KEYS,
    GROW_ONE,
    GROW_SECTIONS,
    GROW_STUB,
    GROW_TWO,
    GROW_URLS,
    LIMITS,
    MANY,
    OUR_PART,
    RATE,
    SIGNED_P256,
    SIGNED_RSA,
    SINGLES,
    STABLE,
    STABLE_WARM,
    URL_P256,
    URL_PURE,
    URL_RSA,
)
from benchmarks.results import Measurement, Results
from benchmarks.sites import FLAVOURS

Style = dict[str, Any]


@dataclass(frozen=True)
class Theme:
    """The colours of a page: those of GitHub's, light and dark."""

    name: str
    page: str
    text: str
    muted: str
    faint: str
    ours: str
    second: str
    third: str


THEMES = (
    Theme("light", "#ffffff", "#1f2328", "#59636e", "#d8dee4", "#0969da", "#1a7f37", "#8250df"),
    Theme("dark", "#0d1117", "#f0f6fc", "#9198a1", "#30363d", "#4493f8", "#3fb950", "#ab7df8"),
)

_TITLES = {
    URL_RSA: "RSA-2048, SHA-1",
    URL_P256: "P-256, SHA-1",
    URL_PURE: "RSA-2048 in pure Python",
    COOKIES: "Cookies, RSA-2048",
    OUR_PART: "All but the signature",
    MANY: "One policy over many URLs",
    STABLE: "The same URL again",
}
_README = (URL_RSA, URL_P256, URL_PURE, MANY, STABLE)


def write(results: Results, folder: Path) -> None:
    """Draw all plots of what was measured."""
    plots: dict[str, Callable[[Results, Theme], Figure]] = {
        "speed": lambda results, theme: speed(results, theme, _README),
        "speed-all": lambda results, theme: speed(results, theme, SINGLES),
        "redirects": redirects,
        "growth": growth,
    }
    style: Style = {
        "svg.hashsalt": "cfsign",  # the same figures give the same file
        "font.family": "DejaVu Sans",  # matplotlib brings it
        "font.size": 9,
        "axes.linewidth": 0.8,
    }
    for theme in THEMES:
        colours: Style = {"text.color": theme.text, "axes.labelcolor": theme.muted}
        with mpl.rc_context({**style, **colours}):
            for name, draw in plots.items():
                figure = draw(results, theme)
                _save(figure, folder / f"{name}-{theme.name}", theme, results.is_quick)


def _save(figure: Figure, path: Path, theme: Theme, is_quick: bool) -> None:
    if is_quick:
        warning: Style = {"color": theme.muted, "alpha": 0.4, "fontsize": 28, "rotation": 20}
        figure.text(0.5, 0.5, "a quick run: means nothing", ha="center", va="center", **warning)
    options: Style = {"facecolor": theme.page, "bbox_inches": "tight", "pad_inches": 0.15}
    figure.savefig(f"{path}.svg", metadata={"Date": None}, **options)
    figure.savefig(f"{path}.png", dpi=160, metadata={"Software": None}, **options)


def speed(results: Results, theme: Theme, cases: Sequence[str]) -> Figure:
    """Draw who signs how many URLs a second: a dot each, on a logarithmic axis, with its spread."""
    groups = [(case, results.of(case)) for case in cases if results.of(case)]
    height = 0.235 * sum(len(found) + 1.6 for _, found in groups) + 0.3
    figure = Figure(figsize=(8.2, height))
    axes = figure.subplots()
    y = 0.0
    for case, found in groups:
        y += 0.6
        _name(axes, _TITLES.get(case, case), y, theme.text, "bold")
        for each in found:
            y += 1
            _dot(axes, theme, each, y)
        y += 1
    axes.set_xscale("log")
    axes.set_ylim(y - 0.3, -0.2)
    _bare(axes, theme)
    axes.grid(axis="x", color=theme.faint, linewidth=0.6)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_yticks([])
    axes.margins(x=0.12)
    axes.set_xlabel("signed a second on one core (logarithmic); the line is the middle half")
    return figure


def _name(axes: Axes, text: str, y: float, colour: str, weight: str) -> None:
    """Write the name of a row, left of the axes."""
    style: Style = {"ha": "right", "va": "center", "color": colour, "fontweight": weight}
    axes.text(-0.005, y, text, transform=axes.get_yaxis_transform(), fontsize=8.5, **style)


def _dot(axes: Axes, theme: Theme, each: Measurement, y: float) -> None:
    is_ours, is_limit = each.subject in (CFSIGN, CFSIGN_PATH), each.subject in LIMITS
    colour = theme.ours if is_ours else theme.text if is_limit else theme.muted
    slow, fast = (1 / seconds for seconds in reversed(each.spread))
    middle = 1 / each.median
    axes.plot([slow, fast], [y, y], color=colour, linewidth=1.6, zorder=2)
    face = theme.page if is_limit else colour
    axes.plot(middle, y, "o", color=colour, markerfacecolor=face, markersize=5.5, zorder=3)
    _label(axes, digits(middle), (fast, y), colour, 8)
    _name(axes, each.subject, y, colour, "bold" if is_ours else "normal")


def redirects(results: Results, theme: Theme) -> Figure:
    """Draw the redirects a second of each flavour, from the bare one's to the signed one's."""
    kinds = {
        BARE: theme.muted,
        STABLE_WARM: theme.ours,
        SIGNED_P256: theme.second,
        SIGNED_RSA: theme.third,
    }
    figure = Figure(figsize=(8.2, 3.4))
    axes = figure.subplots()
    marks = {}
    for row, flavour in enumerate(FLAVOURS):
        for number, (kind, colour) in enumerate(kinds.items()):
            found = results.find(f"{RATE}: {flavour}", kind)
            if found is None:
                continue
            y = row + (number - 1.5) * 0.17
            axes.plot(found.spread, [y, y], color=colour, linewidth=1.6)
            (marks[kind],) = axes.plot(found.median, y, "o", color=colour, markersize=5)
            _label(axes, digits(found.median), (found.spread[1], y), colour, 6.5)
    axes.set_yticks(range(len(FLAVOURS)), list(FLAVOURS))
    axes.set_ylim(len(FLAVOURS) - 0.5, -0.5)
    axes.set_xlim(left=0)
    axes.margins(x=0.1)
    _bare(axes, theme)
    axes.tick_params(axis="y", labelcolor=theme.text)
    axes.grid(axis="x", color=theme.faint, linewidth=0.6)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_xlabel("redirects a second, the server on one core")
    if marks:
        legend: Style = {"bbox_to_anchor": (0, 1), "ncols": 4, "frameon": False}
        axes.legend(
            list(marks.values()), list(marks), loc="lower left", handletextpad=0.2, **legend
        )
    return figure


def growth(results: Results, theme: Theme) -> Figure:
    """Draw how the cost grows with URLs, workers, path sections and keys."""
    figure = Figure(figsize=(9.6, 3.6))
    many, sections, keys = figure.subplots(
        1, 3, width_ratios=(2.2, 1, 1), gridspec_kw={"wspace": 0.3}
    )
    _of_urls(many, results, theme)
    _panel(many, theme, "Time for so many URLs", "URLs")
    _of_one(sections, results.growth(GROW_SECTIONS), results.exponent(GROW_SECTIONS), theme)
    _panel(sections, theme, "One URL, µs,\none signature for all", "path sections in the policy")
    _of_one(keys, results.growth(GROW_KEYS), results.exponent(GROW_KEYS), theme)
    _panel(keys, theme, "One URL, µs,\nno signature", "keys in the ring")
    return figure


def _of_urls(axes: Axes, results: Results, theme: Theme) -> None:
    lines = {
        GROW_ONE: ("P-256, 1 worker", theme.third),
        GROW_TWO: ("P-256, 2 workers", theme.second),
        GROW_STUB: ("no signature", theme.muted),
        GROW_URLS: ("one signature for all", theme.ours),
    }
    axes.set_xscale("log")
    axes.set_yscale("log")
    labels = []
    for case, (name, colour) in lines.items():
        points, exponent = results.growth(case), results.exponent(case)
        if exponent is None:
            continue
        _curve(axes, points, colour, 1.0)
        at, last = points[-1]
        labels.append((last.median, at, f"{name}: $n^{{{exponent:.2f}}}$", colour))
    if labels:
        left, right = axes.get_xlim()
        axes.set_xlim(left, right * (right / left) ** 0.75)  # room for the labels
        bottom, top = axes.get_ylim()
        lowest = bottom
        for y, at, text, colour in sorted(labels):
            lowest = max(y, lowest)
            _label(axes, text, (at, lowest), colour)
            lowest *= (top / bottom) ** 0.06  # the height of a label
    axes.set_xticks(sorted({at for case in lines for at, _ in results.growth(case)}))
    axes.minorticks_off()
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: duration(value)))


def _of_one(
    axes: Axes, points: list[tuple[int, Measurement]], exponent: float | None, theme: Theme
) -> None:
    if exponent is None:
        return
    _curve(axes, points, theme.ours, 1e6)
    axes.set_xticks([at for at, _ in points if at == 1 or at > points[-1][0] / 10])
    axes.set_ylim(0, max(each.spread[1] for _, each in points) * 1.3e6)
    style: Style = {"color": theme.ours, "fontsize": 7.5, "va": "top", "ha": "left"}
    axes.text(0, 0.98, f" exponent {exponent:.2f}", transform=axes.transAxes, **style)


def _curve(axes: Axes, points: list[tuple[int, Measurement]], colour: str, times: float) -> None:
    x = [at for at, _ in points]
    y = [each.median * times for _, each in points]
    axes.plot(x, y, "o-", color=colour, markersize=4, linewidth=1.4)
    for at, each in points:
        axes.plot([at, at], [edge * times for edge in each.spread], color=colour, linewidth=1.6)


def _label(
    axes: Axes, text: str, place: tuple[float, float], colour: str, size: float = 7.5
) -> None:
    """Write beside a point what it is."""
    style: Style = {"va": "center", "color": colour, "fontsize": size}
    axes.annotate(text, place, (7, 0), textcoords="offset points", annotation_clip=False, **style)


def _panel(axes: Axes, theme: Theme, title: str, label: str) -> None:
    _bare(axes, theme)
    axes.grid(axis="y", color=theme.faint, linewidth=0.6)
    axes.set_title(title, loc="left", fontsize=9, fontweight="bold")
    axes.set_xlabel(label)


def _bare(axes: Axes, theme: Theme) -> None:
    """Leave out what says nothing: the box and the ticks."""
    axes.set_facecolor(theme.page)
    axes.set_axisbelow(True)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0, labelcolor=theme.muted, labelsize=8)
