"""The plots, each as an SVG for light themes and one for dark themes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from benchmarks.formatting import format_duration, format_number
from benchmarks.names import (
    BARE,
    CFSIGN,
    CFSIGN_PATH,
    COOKIES,
    GROW_KEYS,
    GROW_ONE,
    GROW_SEGMENTS,
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

Style = dict[str, Any]


@dataclass(frozen=True)
class Theme:
    """The colors of GitHub's light or dark theme."""

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
    URL_PURE: "RSA-2048, pure Python",
    COOKIES: "Cookies, RSA-2048",
    OUR_PART: "URL without the signature",
    MANY: "Many URLs under one policy",
    STABLE: "The same URL again",
}
_OVERVIEW = (URL_RSA, URL_P256, URL_PURE, MANY, STABLE)


def write_plots(results: Results, folder: Path) -> None:
    """Draw all plots into *folder*."""
    plots: dict[str, Callable[[Results, Theme], Figure]] = {
        "speed": lambda results, theme: draw_speed(results, theme, _OVERVIEW),
        "speed-all": lambda results, theme: draw_speed(results, theme, SINGLES),
        "redirects": draw_redirects,
        "growth": draw_growth,
    }
    style: Style = {
        "svg.hashsalt": "cfsign",  # the same results make the same file
        "font.family": "DejaVu Sans",  # it comes with matplotlib
        "font.size": 9,
        "axes.linewidth": 0.8,
    }
    for theme in THEMES:
        colors: Style = {"text.color": theme.text, "axes.labelcolor": theme.muted}
        with mpl.rc_context({**style, **colors}):
            for name, draw in plots.items():
                figure = draw(results, theme)
                _save(figure, folder / f"{name}-{theme.name}.svg", theme, results.is_quick)


def _save(figure: Figure, path: Path, theme: Theme, is_quick: bool) -> None:
    if is_quick:
        warning: Style = {"color": theme.muted, "alpha": 0.4, "fontsize": 28, "rotation": 20}
        figure.text(0.5, 0.5, "quick run: do not quote", ha="center", va="center", **warning)
    options: Style = {"facecolor": theme.page, "bbox_inches": "tight", "pad_inches": 0.15}
    figure.savefig(path, metadata={"Date": None}, **options)


def draw_speed(results: Results, theme: Theme, cases: Sequence[str]) -> Figure:
    """Draw the URLs per second of each subject: a dot with its spread, on a logarithmic axis."""
    groups = [(case, results.of(case)) for case in cases if results.of(case)]
    height = 0.235 * sum(len(measured) + 1.6 for _, measured in groups) + 0.3
    figure = Figure(figsize=(8.2, height))
    axes = figure.subplots()
    y = 0.0
    for case, measured in groups:
        y += 0.6
        _draw_name(axes, _TITLES.get(case, case), y, theme.text, "bold")
        for each in measured:
            y += 1
            _draw_dot(axes, theme, each, y)
        y += 1
    axes.set_xscale("log")
    axes.set_ylim(y - 0.3, -0.2)
    _remove_frame(axes, theme)
    axes.grid(axis="x", color=theme.faint, linewidth=0.6)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_yticks([])
    axes.margins(x=0.12)
    axes.set_xlabel(
        "signed per second on one core (logarithmic); lines show the middle half of the rounds"
    )
    return figure


def _draw_name(axes: Axes, text: str, y: float, color: str, weight: str) -> None:
    """Draw the name of a row to the left of the axes."""
    style: Style = {"ha": "right", "va": "center", "color": color, "fontweight": weight}
    axes.text(-0.005, y, text, transform=axes.get_yaxis_transform(), fontsize=8.5, **style)


def _draw_dot(axes: Axes, theme: Theme, each: Measurement, y: float) -> None:
    is_ours, is_limit = each.subject in (CFSIGN, CFSIGN_PATH), each.subject in LIMITS
    color = theme.ours if is_ours else theme.text if is_limit else theme.muted
    slow, fast = (1 / seconds for seconds in reversed(each.spread))
    middle = 1 / each.median
    axes.plot([slow, fast], [y, y], color=color, linewidth=1.6, zorder=2)
    face = theme.page if is_limit else color
    axes.plot(middle, y, "o", color=color, markerfacecolor=face, markersize=5.5, zorder=3)
    _draw_label(axes, format_number(middle), (fast, y), color, 8)
    _draw_name(axes, each.subject, y, color, "bold" if is_ours else "normal")


def draw_redirects(results: Results, theme: Theme) -> Figure:
    """Draw the redirects per second of each adapter, bare and signed."""
    kinds = {
        BARE: theme.muted,
        STABLE_WARM: theme.ours,
        SIGNED_P256: theme.second,
        SIGNED_RSA: theme.third,
    }
    figure = Figure(figsize=(8.2, 3.4))
    axes = figure.subplots()
    marks = {}
    adapters = results.list_adapters()
    for row, adapter in enumerate(adapters):
        for number, (kind, color) in enumerate(kinds.items()):
            measured = results.find(f"{RATE}: {adapter}", kind)
            if measured is None:
                continue
            y = row + (number - 1.5) * 0.17
            axes.plot(measured.spread, [y, y], color=color, linewidth=1.6)
            (marks[kind],) = axes.plot(measured.median, y, "o", color=color, markersize=5)
            _draw_label(axes, format_number(measured.median), (measured.spread[1], y), color, 6.5)
    axes.set_yticks(range(len(adapters)), adapters)
    axes.set_ylim(len(adapters) - 0.5, -0.5)
    axes.set_xlim(left=0)
    axes.margins(x=0.1)
    _remove_frame(axes, theme)
    axes.tick_params(axis="y", labelcolor=theme.text)
    axes.grid(axis="x", color=theme.faint, linewidth=0.6)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_xlabel("redirects per second; the server runs on one core")
    if marks:
        legend: Style = {"bbox_to_anchor": (0, 1), "ncols": 4, "frameon": False}
        axes.legend(
            list(marks.values()), list(marks), loc="lower left", handletextpad=0.2, **legend
        )
    return figure


def draw_growth(results: Results, theme: Theme) -> Figure:
    """Draw the growth of the cost with URLs, path segments and keys."""
    figure = Figure(figsize=(9.6, 3.6))
    many, segments, keys = figure.subplots(
        1, 3, width_ratios=(2.2, 1, 1), gridspec_kw={"wspace": 0.3}
    )
    _draw_url_curves(many, results, theme)
    _style_panel(many, theme, "Time for a number of URLs", "URLs")
    _draw_curve_from_zero(
        segments, results.growth(GROW_SEGMENTS), results.exponent(GROW_SEGMENTS), theme
    )
    _style_panel(segments, theme, "µs per URL\nunder one policy", "path segments in the policy")
    _draw_curve_from_zero(keys, results.growth(GROW_KEYS), results.exponent(GROW_KEYS), theme)
    _style_panel(keys, theme, "µs per URL\nwithout the signature", "keys in the ring")
    return figure


def _draw_url_curves(axes: Axes, results: Results, theme: Theme) -> None:
    lines = {
        GROW_ONE: ("P-256, 1 worker", theme.third),
        GROW_TWO: ("P-256, 2 workers", theme.second),
        GROW_STUB: ("without the signature", theme.muted),
        GROW_URLS: ("under one policy", theme.ours),
    }
    axes.set_xscale("log")
    axes.set_yscale("log")
    labels = []
    for case, (name, color) in lines.items():
        points, exponent = results.growth(case), results.exponent(case)
        if exponent is None:
            continue
        _draw_curve(axes, points, color, 1.0)
        at, last = points[-1]
        labels.append((last.median, at, f"{name}: $n^{{{exponent:.2f}}}$", color))
    if labels:
        left, right = axes.get_xlim()
        axes.set_xlim(left, right * (right / left) ** 0.75)  # room for the labels
        bottom, top = axes.get_ylim()
        lowest = bottom
        for y, at, text, color in sorted(labels):
            lowest = max(y, lowest)
            _draw_label(axes, text, (at, lowest), color)
            lowest *= (top / bottom) ** 0.06  # the height of a label
    axes.set_xticks(sorted({at for case in lines for at, _ in results.growth(case)}))
    axes.minorticks_off()
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: format_duration(value)))


def _draw_curve_from_zero(
    axes: Axes, points: list[tuple[int, Measurement]], exponent: float | None, theme: Theme
) -> None:
    if exponent is None:
        return
    _draw_curve(axes, points, theme.ours, 1e6)
    axes.set_xticks([at for at, _ in points if at == 1 or at > points[-1][0] / 10])
    axes.set_ylim(0, max(each.spread[1] for _, each in points) * 1.3e6)
    style: Style = {"color": theme.ours, "fontsize": 7.5, "va": "top", "ha": "left"}
    axes.text(0, 0.98, f" exponent {exponent:.2f}", transform=axes.transAxes, **style)


def _draw_curve(
    axes: Axes, points: list[tuple[int, Measurement]], color: str, times: float
) -> None:
    x = [at for at, _ in points]
    y = [each.median * times for _, each in points]
    axes.plot(x, y, "o-", color=color, markersize=4, linewidth=1.4)
    for at, each in points:
        axes.plot([at, at], [edge * times for edge in each.spread], color=color, linewidth=1.6)


def _draw_label(
    axes: Axes, text: str, place: tuple[float, float], color: str, size: float = 7.5
) -> None:
    """Draw a label to the right of a point."""
    style: Style = {"va": "center", "color": color, "fontsize": size}
    axes.annotate(text, place, (7, 0), textcoords="offset points", annotation_clip=False, **style)


def _style_panel(axes: Axes, theme: Theme, title: str, label: str) -> None:
    _remove_frame(axes, theme)
    axes.grid(axis="y", color=theme.faint, linewidth=0.6)
    axes.set_title(title, loc="left", fontsize=9, fontweight="bold")
    axes.set_xlabel(label)


def _remove_frame(axes: Axes, theme: Theme) -> None:
    """Remove the frame and the ticks."""
    axes.set_facecolor(theme.page)
    axes.set_axisbelow(True)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0, labelcolor=theme.muted, labelsize=8)
