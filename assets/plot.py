"""Differences by class, scores by decision, stock by place, balances by date.

Small on purpose: stored in the event row (under 50 kB).
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from he_sync.model.difference import CLASSES

INK, QUIET, SETTLED, OPEN = "#1f2933", "#d3dae1", "#8fb8a4", "#c2410c"
COLOURS = 16
LEGS = tuple(dict.fromkeys(CLASSES.values()))


def bars(by_class: Mapping[str, tuple[int, int]]) -> str:
    """Base64 PNG of (found, still open) per class, the classes of a leg together."""
    names = sorted(by_class, key=lambda name: (LEGS.index(CLASSES[name]), -by_class[name][0], name))
    axes, draw = _axes(max(1.6, 0.27 * len(names) + 0.9))
    for place, name in enumerate(names):
        _bar(axes, place, *by_class[name])
    axes.set_yticks(range(len(names)), [name.replace("_", " ") for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    _legs(axes, [CLASSES[name] for name in names])
    _frame(axes, by_class)
    return draw()


def scores(by_decision: Mapping[str, Sequence[int]]) -> str:
    """Base64 PNG of pairs by score, in bins of one width from 0 to 1, stacked by decision in the order given."""
    axes, draw = _axes(2.6)
    bins = len(next(iter(by_decision.values())))
    places, below = [(place + 0.5) / bins for place in range(bins)], [0] * bins
    for (name, counts), colour in zip(by_decision.items(), (QUIET, OPEN, SETTLED), strict=True):
        axes.bar(places, counts, bottom=below, width=0.9 / bins, color=colour, label=f"{name} {sum(counts):,}")
        below = [one + other for one, other in zip(below, counts, strict=True)]
    axes.set_title(f"{sum(below):,} pairs by score", loc="left", color=INK, fontsize=11)
    axes.set_yscale("symlog", linthresh=10)
    axes.set_xlim(0, 1)
    axes.legend(loc="upper center", frameon=False, fontsize=9, labelcolor=INK, ncols=len(by_decision))
    axes.set_ylim(0, 6 * max(10, *below))
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(QUIET)
    axes.tick_params(colors=INK, labelsize=9, length=0)
    return draw()


def drift_by_place(places: Sequence[tuple[str, int, int]]) -> str:
    """Base64 PNG of worth in minor units by place, the largest first; items that differ stand beside each bar."""
    axes, draw = _axes(max(1.6, 0.27 * len(places) + 0.9))
    for turn, (_, minor, items) in enumerate(places):
        axes.barh(turn, minor, color=OPEN, height=0.7)
        text = f"{minor / 100:,.2f}, {items} item{'' if items == 1 else 's'}"
        axes.annotate(
            text, (minor, turn), xytext=(5, 0), textcoords="offset points", va="center", fontsize=8, color=INK
        )
    axes.set_yticks(range(len(places)), [code for code, _, _ in places])
    axes.set_ylim(len(places) - 0.4, -0.6)
    total = sum(minor for _, minor, _ in places)
    axes.set_title(f"{total / 100:,.2f} apart over {len(places)} places", loc="left", color=INK, fontsize=11)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.spines["left"].set_color(QUIET)
    axes.tick_params(colors=INK, labelsize=9, length=0)
    axes.set_xlim(0, 1.35 * max((minor for _, minor, _ in places), default=1) or 1)
    axes.xaxis.set_visible(False)
    return draw()


def days(by_date: Sequence[tuple[str, int]], marked: Mapping[str, int]) -> str:
    """Base64 PNG of a count by date; dates with alerts are dots with how many there are."""
    axes, draw = _axes(2.6)
    axes.plot(range(len(by_date)), [count for _, count in by_date], color=SETTLED, linewidth=1.4)
    for place, (date, count) in enumerate(by_date):
        if marked.get(date):
            axes.plot(place, count, "o", color=OPEN)
            axes.annotate(f"{marked[date]}", (place, count), xytext=(4, 4), textcoords="offset points", color=INK)
    ends = sorted({0, len(by_date) - 1}) if by_date else []
    axes.set_xticks(ends, [by_date[place][0] for place in ends])
    axes.set_title("tickets a day, and alerts of the last", loc="left", color=INK, fontsize=11)
    axes.set_ylim(bottom=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(QUIET)
    axes.tick_params(colors=INK, labelsize=9, length=0)
    return draw()


def balances(by_account: Mapping[str, Sequence[tuple[str, int, int]]]) -> str:
    """Base64 PNG of (date, balance, open items) by account, minor units: a line, its items as dots, gaps marked."""
    axes, draw = _axes(3.2)
    off = 0
    for account, rows in by_account.items():
        places = range(len(rows))
        axes.plot(places, [balance / 100 for _, balance, _ in rows], color=INK, linewidth=1)
        right = [(place, items) for place, (_, balance, items) in enumerate(rows) if balance == items]
        wrong = [(place, items) for place, (_, balance, items) in enumerate(rows) if balance != items]
        for some, colour, size in ((right, SETTLED, 4), (wrong, OPEN, 8)):
            cents = [cents / 100 for _, cents in some]
            axes.plot([place for place, _ in some], cents, "o", color=colour, markersize=size)
        axes.annotate(
            account, (len(rows) - 1, rows[-1][1] / 100), xytext=(6, -3), textcoords="offset points", color=INK
        )
        off += len(wrong)
    dates = [day[5:] for day, *_ in next(iter(by_account.values()), [])]
    step = max(1, len(dates) // 8)
    axes.set_xticks(range(0, len(dates), step), dates[::step])
    title = f"{off} balances are not their open items" if off else "every balance is its open items"
    axes.set_title(title, loc="left", color=INK, fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(QUIET)
    axes.tick_params(colors=INK, labelsize=9, length=0)
    return draw()


def _axes(height: float) -> tuple[Any, Callable[[], str]]:
    """Axes of a figure of this height in inches, and what draws it as base64 PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - 0.4 s that only two assets need
    from matplotlib.figure import Figure  # noqa: PLC0415 - same

    figure = Figure(figsize=(8, height), dpi=100, layout="constrained")

    def draw() -> str:
        canvas: Any = FigureCanvasAgg(figure)  # its methods carry no types
        canvas.draw()
        return _png(canvas.buffer_rgba())

    return figure.add_subplot(), draw


def _bar(axes: Any, place: int, found: int, still: int) -> None:
    axes.barh(place, found - still, color=SETTLED, height=0.7)
    axes.barh(place, still, left=found - still, color=OPEN, height=0.7)
    text = f"{found} open" if still == found else f"{found}, {still} open" if still else f"{found}"
    axes.annotate(text, (found, place), xytext=(5, 0), textcoords="offset points", va="center", fontsize=8, color=INK)


def _legs(axes: Any, legs: list[str]) -> None:
    """A line between two legs, and the leg's name at the right of its first class."""
    for place, leg in enumerate(legs):
        if place == 0 or legs[place - 1] != leg:
            axes.axhline(place - 0.5, color=QUIET, linewidth=0.8)
            axes.annotate(
                leg, (1, place), xycoords=("axes fraction", "data"), ha="right", va="center", color=INK, weight="bold"
            )


def _frame(axes: Any, by_class: Mapping[str, tuple[int, int]]) -> None:
    found, still = (sum(pair[side] for pair in by_class.values()) for side in (0, 1))
    axes.set_title(f"{found} differences: {found - still} settled, {still} open", loc="left", color=INK, fontsize=11)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.spines["left"].set_color(QUIET)
    axes.tick_params(colors=INK, labelsize=9, length=0)
    axes.set_xlim(0, 1.35 * max((pair[0] for pair in by_class.values()), default=1))
    axes.xaxis.set_visible(False)


def _png(pixels: Any) -> str:
    import numpy as np  # noqa: PLC0415 - as above
    from PIL import Image  # noqa: PLC0415 - as above

    buffer = io.BytesIO()
    Image.fromarray(np.asarray(pixels)).convert("RGB").quantize(COLOURS).save(buffer, format="png", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode()
