"""One plot: differences by class, found and settled. Small on purpose: it is stored in the event row (under 50 kB)."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping

INK, QUIET, ALERT = "#1f2933", "#9aa5b1", "#c2410c"


def bars(by_class: Mapping[str, tuple[int, int]]) -> str:
    """Base64 PNG of (found, still open) per class."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - 0.4 s, only the close needs it
    from matplotlib.figure import Figure  # noqa: PLC0415 - same
    from PIL import Image  # noqa: PLC0415 - same

    names = sorted(by_class, key=lambda name: (by_class[name][0], name))
    figure = Figure(figsize=(8, max(1.5, 0.28 * len(names) + 0.8)), dpi=80, layout="constrained")
    axes = figure.add_subplot()
    found, still = ([by_class[name][place] for name in names] for place in (0, 1))
    axes.barh(names, found, color=QUIET, label="found")
    axes.barh(names, still, color=ALERT, height=0.4, label="still open")
    axes.set_xlabel("differences", color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=INK, labelsize=8)
    if names:
        axes.legend(frameon=False, loc="lower right")
    FigureCanvasAgg(figure)
    drawn, buffer = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png")
    Image.open(drawn).convert("RGB").quantize(16).save(buffer, format="png", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode()
