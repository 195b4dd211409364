"""What a fit found, in figures that the next run's can be held against: how fields agree in pairs of one customer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from he_sync.match.latent import Model
from he_sync.match.scoring import Scores

ENOUGH = 200
"""Matches below which a fit says more about chance than about the customers."""
Figures = Mapping[str, Mapping[str, Any]]


def figures(scores: Scores) -> dict[str, Any]:
    """By stratum: matches, the share of each class, how fields agree in one customer's pairs."""
    return {
        name: {
            "matches": round(float(scores.probability[scores.strata == (name == "companies")].sum()), 1),
            "classes": {kind.name: round(float(share), 6) for kind, share in zip(one.kinds, one.shares, strict=True)},
            "levels": {field.name: _levels(one, place) for place, field in enumerate(one.fields)},
        }
        for name, one in scores.models.items()
    }


def _levels(model: Model, place: int) -> dict[str, float]:
    """Of pairs of one customer in which a field can be compared, the share of each level."""
    field, weight = model.fields[place], model.shares[model.matching]
    mixed = sum(share * model.tables[kind][place] for share, kind in zip(weight, model.matching, strict=True))
    said = {level: float(value / weight.sum()) for level, value in zip(field.levels, mixed, strict=True)}
    return {level: round(value, 6) for level, value in said.items() if not (field.blank and level == field.levels[0])}


def drift(before: Figures, now: Figures) -> list[dict[str, Any]]:
    """Each field of both fits with how far its levels moved (total variation), the farthest first.

    Strata with fewer than ENOUGH matches, and fields that only one of the fits has, are not compared.
    """
    return sorted(_moves(before, now), key=lambda row: -row["moved"])


def _moves(before: Figures, now: Figures) -> Iterator[dict[str, Any]]:
    for stratum, model in now.items():
        if stratum not in before or min(run[stratum]["matches"] for run in (before, now)) < ENOUGH:
            continue
        for name, levels in model["levels"].items():
            was = before[stratum]["levels"].get(name, {})
            if set(was) != set(levels) or not levels:
                continue
            moves = {level: abs(share - was[level]) for level, share in levels.items()}
            worst = max(moves, key=lambda level: moves[level])
            yield {
                "of": stratum,
                "field": name,
                "moved": sum(moves.values()) / 2,
                "most in": worst,
                "was": f"{was[worst]:.1%}",
                "is": f"{levels[worst]:.1%}",
            }
