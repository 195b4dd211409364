"""Inline pictures of tables that stand beside them: bars of a waterfall, of a share, of days. The table is the text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from he_sync.reconcile.report.waterfall import Step

WIDTH = 1000
THIN = 3
"""A bar of the smallest amount is still seen."""


def waterfall_bars(steps: Sequence[Step]) -> list[str]:
    """One picture a step: totals from the ground, amounts from where the one before ended."""
    level, spans = 0, []
    for step in steps:
        low, high = (0, step.cents) if step.is_total else (level, level + step.cents)
        level = high
        spans.append((min(low, high), max(low, high)))
    left = min(0, *(low for low, _ in spans))
    right = max(1, *(high for _, high in spans))
    scale = WIDTH / (right - left)
    return [
        _bar((low - left) * scale, (high - low) * scale, step) for (low, high), step in zip(spans, steps, strict=True)
    ]


def _bar(start: float, length: float, step: Step) -> str:
    kind = "total" if step.is_total else "up" if step.cents >= 0 else "down"
    length = max(length, THIN if step.cents else 0)
    start = min(start, WIDTH - length)
    return _picture(f'<rect class="{kind}" x="{start:.1f}" y="2" width="{length:.1f}" height="16"/>')


def share_bar(part: int, whole: int) -> str:
    """A bar of part of whole."""
    length = max(WIDTH * part / whole, THIN) if part and whole else 0
    return _picture(f'<rect class="count" x="0" y="4" width="{length:.1f}" height="12"/>')


def _picture(shape: str) -> str:
    return f'<svg viewBox="0 0 {WIDTH} 20" preserveAspectRatio="none" aria-hidden="true">{shape}</svg>'


def days(counts: Mapping[date, int], title: str) -> str:
    """One bar a day from the first to the last."""
    first, last, most = min(counts), max(counts), max(counts.values())
    many = (last - first).days + 1
    step = WIDTH / many
    bars = "".join(
        f'<rect class="count" x="{number * step + step * 0.1:.2f}" y="{100 - 96 * count / most:.1f}"'
        f' width="{step * 0.8:.2f}" height="{96 * count / most:.1f}"/>'
        for number in range(many)
        if (count := counts.get(first + timedelta(number), 0))
    )
    return (
        f'<svg class="days" viewBox="0 0 {WIDTH} 101" preserveAspectRatio="none" role="img" aria-label="{title}">'
        f'<line class="axis" x1="0" x2="{WIDTH}" y1="100" y2="100"/>{bars}</svg>'
    )
