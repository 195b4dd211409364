"""Cost against size as a picture: seconds and memory of two programs over the same books, beside a straight line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from tests.bench.process import Process

MEBIBYTE = 1024 * 1024
MILLION = 1_000_000
OURS, PEER = "tab:blue", "tab:orange"
Taken = dict[int, dict[str, Process]]
"""By size, what each program took; `ours` and one other."""


def draw(taken: Taken, known: int, path: Path) -> None:
    """Write the picture; a straight line goes through our processor time at the smallest size and at `known`."""
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    seconds, memory = figure.subplots(1, 2)
    figure.suptitle("The settlement chain, payments to bank and ledger: cost against size, two cores")
    sizes = sorted(taken)
    for name, colour in zip(taken[sizes[0]], (OURS, PEER), strict=True):
        runs = [taken[size][name] for size in sizes]
        label = "he-sync: every link, class and cut-off" if name == "ours" else name
        seconds.loglog(sizes, [one.processor_seconds for one in runs], "o-", color=colour, label=f"{label}, processor")
        seconds.loglog(sizes, [one.seconds for one in runs], "--", color=colour, label="the same, wall")
        memory.loglog(sizes, [one.peak / MEBIBYTE for one in runs], "o-", color=colour, label=label)
    _straight(seconds, taken, known)
    _each(seconds, taken, known)
    _axis(seconds, sizes, "seconds, the less of two runs")
    _axis(memory, sizes, "peak memory, MiB")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)


def _straight(axis: Any, taken: Taken, known: int) -> None:
    """The straight line that the smallest size and `known` lie on, drawn to the largest."""
    sizes = sorted(taken)
    first, then = (taken[size]["ours"].processor_seconds for size in (sizes[0], known))
    each = (then - first) / (known - sizes[0])
    start = first - each * sizes[0]
    label = f"straight line: {start:.1f} s + {each * MILLION:.1f} s a million"
    axis.loglog(sizes, [start + each * one for one in sizes], ":", color="grey", label=label)


def _each(axis: Any, taken: Taken, known: int) -> None:
    """What a million payments cost, beside each point from `known` on."""
    for size, programs in taken.items():
        if size >= known:
            spent = programs["ours"].processor_seconds
            text, beside = f"{spent / size * MILLION:.2f} s a million", {"textcoords": "offset points", "ha": "right"}
            axis.annotate(text, (size, spent), xytext=(-8, 6), fontsize=8, color=OURS, **beside)


def _axis(axis: Any, sizes: list[int], what: str) -> None:
    axis.set_xlabel("payments; 4.6 rows each with lines, batches, postings, orders")
    axis.set_ylabel(what)
    axis.set_xticks(sizes, [_short(one) for one in sizes])
    axis.minorticks_off()
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.yaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    axis.grid(visible=True, alpha=0.3)
    axis.margins(y=0.09)
    axis.set_ylim(bottom=axis.get_ylim()[0] / 3)  # the legend's place
    axis.legend(fontsize=8, loc="lower right")


def _short(size: int) -> str:
    return f"{size // MILLION} M" if size >= MILLION else f"{size // 1000} k"
