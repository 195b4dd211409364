"""The report of a run as one page without scripts: score histogram, waterfalls of borderline pairs, blocking cost."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import numpy as np

from he_sync.match.explain import Waterfall, waterfalls
from he_sync.match.run import Outcome

BORDERLINE = 12
"""Pairs nearest to even odds that are shown with their waterfall."""
BINS = 20
SHOWN = ("first_name", "last_name", "company", "email", "phone", "street", "city", "state", "zip")
STYLE = """body{font:15px system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;margin:.5rem 0 1.5rem}
td,th{padding:.2rem .6rem;border-bottom:1px solid #ddd;text-align:left}
td.n{text-align:right;font-variant-numeric:tabular-nums}.for{fill:#2a7}.against{fill:#c43}small{color:#666}"""


def page(outcome: Outcome, told: dict[str, Any]) -> str:
    """The page as HTML."""
    parts = [
        "<h1>Customers matched</h1>",
        _facts(told),
        "<h2>Fields</h2>",
        _fields(told),
        "<h2>Traps</h2>",
        _traps(told),
        "<h2>Scores</h2>",
        _histogram(outcome),
        "<h2>Borderline pairs</h2>",
        *_borderline(outcome),
        "<h2>Blocking</h2>",
        _blocking(outcome),
    ]
    head = f'<meta charset="utf-8"><title>Customers matched</title><style>{STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>\n'


def _facts(told: dict[str, Any]) -> str:
    rows = [
        ("records", ", ".join(f"{count:,} {side}" for side, count in told["records"].items())),
        ("customers", f"{told['customers']:,}"),
        ("households", f"{told['households']:,}"),
        ("decisions", ", ".join(f"{count:,} {word}" for word, count in told["decisions"].items())),
        ("links by itself from", f"{told['match_from']:.4f}"),
        ("a person looks from", f"{told['review_from']:.4f}"),
        ("largest cluster", f"{told['largest_cluster']:,} records"),
        ("blocks skipped", f"{told['skipped_blocks']:,} with {told['skipped_pairs']:,} pairs"),
        *((f"shared {one['field']}", _shared(one)) for one in told["contacts"]),
    ]
    return _table(("", ""), rows)


def _fields(told: dict[str, Any]) -> str:
    """How many records say nothing in a field."""
    sides = told["filled"]
    names = list(next(iter(sides.values())))
    rows = [(name, *(f"{1 - shares[name]:.1%}" for shares in sides.values())) for name in names]
    return _table(("missing in", *sides), rows)


def _traps(told: dict[str, Any]) -> str:
    """Pairs that are easily mistaken, by what they look like."""
    names = ("candidates", "expected", "match", "review", "no")
    rows = [(trap, *(found[name] for name in names)) for trap, found in told["traps"].items()]
    return _table(("looks like", "candidates", "one customer, expected", *names[2:]), rows)


def _shared(one: dict[str, Any]) -> str:
    worst = f"; worst {one['worst']}" if one["worst"] else ""
    return (
        f"{one['shared']:,} on several names, {one['junk']:,} dropped as junk ({one['junk_records']:,} records){worst}"
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    top = "".join(f"<th>{html.escape(name)}</th>" for name in head) if any(head) else ""
    return f"<table><tr>{top}</tr>{''.join(f'<tr>{_cells(row)}</tr>' for row in rows)}</table>"


def _cells(row: Sequence[object]) -> str:
    return "".join(
        f'<td class="n">{cell:,}</td>' if isinstance(cell, int) else f"<td>{html.escape(str(cell))}</td>"
        for cell in row
    )


def _histogram(outcome: Outcome) -> str:
    """Candidates by score on a log scale; most are far below a half."""
    counts, _ = np.histogram(outcome.score, bins=BINS, range=(0, 1))
    heights = np.log10(counts + 1) * 30
    bars = "".join(
        f'<rect x="{k * 36}" y="{220 - height:.1f}" width="32" height="{height:.1f}" class="for">'
        f"<title>{count:,} pairs</title></rect>"
        f'<text x="{k * 36 + 16}" y="236" font-size="10" text-anchor="middle">{k / BINS:.2f}</text>'
        for k, (height, count) in enumerate(zip(heights.tolist(), counts.tolist(), strict=True))
    )
    return f'<svg width="730" height="245" role="img" aria-label="Candidate pairs by score">{bars}</svg>'


def _borderline(outcome: Outcome) -> list[str]:
    apart = np.abs(outcome.score - 0.5)
    limit = np.partition(apart, BORDERLINE)[BORDERLINE] if len(apart) > BORDERLINE else 1.0
    near = np.flatnonzero(apart <= limit)
    nearest = near[np.lexsort((near, apart[near]))][:BORDERLINE]
    return [_one(outcome, int(place)) for place in nearest]


def _one(outcome: Outcome, place: int) -> str:
    scores = outcome.scores
    name = "companies" if scores.strata[place] else "people"
    row = scores.row[[place]]
    fall = waterfalls(scores.models[name], scores.seen[name], row)[0]
    title = f"<h3>score {outcome.score[place]:.2f} <small>against {html.escape(fall.against)}</small></h3>"
    rows = [_record(outcome, int(end[place])) for end in (scores.pairs.left, scores.pairs.right)]
    return title + _table(("id", *SHOWN), rows) + _bars(fall)


def _record(outcome: Outcome, position: int) -> tuple[str, ...]:
    found = outcome.records.row(position, named=True)
    return (found["id"], *(found[name] for name in SHOWN))


def _bars(fall: Waterfall) -> str:
    """Weights as bars to the right (for) and left (against)."""
    steps = [("how common", fall.start), *((f"{step.field}: {step.level}", step.weight) for step in fall.steps)]
    lines = []
    for k, (label, weight) in enumerate(steps):
        width, kind = min(abs(weight), 8) * 30, "for" if weight > 0 else "against"
        start = 500 if weight > 0 else 500 - width
        lines.append(
            f'<text x="250" y="{k * 18 + 13}" font-size="12" text-anchor="end">{html.escape(label)}</text>'
            f'<rect x="{start:.0f}" y="{k * 18 + 3}" width="{width:.0f}" height="12" class="{kind}"/>'
            f'<text x="745" y="{k * 18 + 13}" font-size="12">{weight:+.1f}</text>'
        )
    return f'<svg width="790" height="{len(steps) * 18 + 6}">{"".join(lines)}</svg>'


def _blocking(outcome: Outcome) -> str:
    head = (
        "rule",
        "blocks",
        "pairs",
        "by this rule alone",
        "largest block",
        "like",
        "split",
        "skipped",
        "pairs skipped",
    )
    rows = [
        (c.rule, c.blocks, c.pairs, c.alone, c.largest, c.example, c.split, c.skipped, c.skipped_pairs)
        for c in outcome.costs
    ]
    return _table(head, rows)
