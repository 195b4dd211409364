"""A night as a picture: seconds by stage, what of them is the wire and what the engine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

COLOURS = {"wire": "tab:orange", "engine": "tab:blue", "Dagster": "tab:gray"}
ROOM = 1.6
"""Of the longest bar, for the words beside it and the legend."""


def draw(told: Mapping[str, Any], title: str, path: Path) -> None:
    """Write the picture. `told` has `stages` (name to seconds by colour), `seconds`, `wire`, `engine`, `Dagster`."""
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    axis = figure.subplots()
    stages = {**told["stages"], "Dagster's own": {"Dagster": told["Dagster"]}}
    total = told["seconds"]
    figure.suptitle(f"{title[0].upper()}{title[1:]}: {total:,.0f} s through Dagster, sandbox and all on two cores")
    for place, parts in enumerate(stages.values()):
        left = 0.0
        for what, colour in COLOURS.items():
            seconds = parts.get(what, 0.0)
            axis.barh(place, seconds, left=left, color=colour)
            left += seconds
        calls = f", {parts['calls']:,.0f} calls" if parts.get("calls") else ""
        axis.annotate(f" {left:,.0f} s{calls}", (left, place), va="center", fontsize=9)
    axis.set_yticks(range(len(stages)), list(stages))
    axis.invert_yaxis()
    axis.set_xlabel("seconds; the wire is any call to another system under way")
    axis.set_xlim(0, ROOM * max(sum(parts.get(what, 0.0) for what in COLOURS) for parts in stages.values()))
    for what, colour in COLOURS.items():
        label = {"wire": "the wire and the other systems", "engine": "he-sync", "Dagster": "Dagster"}[what]
        axis.barh(0, 0, color=colour, label=f"{label}: {told[what]:,.0f} s, {told[what] / total:.0%}")
    axis.legend(loc="lower right")
    axis.grid(visible=True, axis="x", alpha=0.3)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)
