"""Learns the weights of suggestions from our own pairs and writes them down: `python -m tests.suggest_world.learn`.

Each source field chooses among all targets and `none` (conditional logit). The calibration is learned from choices that
weights made without the systems of the pair. The second domain (`untouched`) and no sample of anybody are read here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from he_sync.mapping.suggest.scoring import FILE, WIDTH, Weights, assigned, facts, twins, utilities
from he_sync.mapping.suggest.signs import Signs, signs
from tests.suggest_world.labelled import Labelled, names_only, own, scrambled, thinned

HOLD_BACK = 8.0
"""Weight of squared weights against the log loss; 3 to 8 give the same figures within one field."""
LEFT_OUT = {"same", "target_only", "source_only", "valued", "sizes", "name_and_sizes", "meant_last"}
"""Signs that another one says already: their weights were below 0.08."""


@dataclass(frozen=True)
class Case:
    """One labelled pair of tables: its signs, and which pairs of fields are right."""

    label: Labelled
    signs: Signs
    right: np.ndarray
    none: np.ndarray


def case(label: Labelled, known=None) -> Case:
    """The signs of a pair of tables, in the order of its fields."""
    names, right = label.target.names(), np.zeros((len(label.source.fields), len(label.target.fields)))
    for row, name in enumerate(label.source.names()):
        for accepted in label.right[name]:
            if accepted in names:
                right[row, names.index(accepted)] = 1
    return Case(label, signs(label.source, label.target, known), right, right.sum(1) == 0)


def learned(cases: Sequence[Case], calibration=(1.0, 0.0, 0.0, 0.0)) -> Weights:
    """Weights by conditional logit, not yet calibrated."""
    names = sorted(set(cases[0].signs.arrays) - LEFT_OUT)
    stacked = [(one.signs.stacked(names), one) for one in cases]
    start = np.zeros(len(names) + 2)
    best = minimize(_loss, start, args=(stacked,), jac=True, method="L-BFGS-B", options={"maxiter": 500}).x.round(4)
    return Weights(dict(zip(names, best[:-2].tolist(), strict=True)), tuple(best[-2:].tolist()), calibration)


def _loss(at, stacked):
    loss, slope = HOLD_BACK * (at[:-2] @ at[:-2]), np.zeros_like(at)
    slope[:-2] = 2 * HOLD_BACK * at[:-2]
    for array, one in stacked:
        width = np.log(array.shape[1] / WIDTH)
        pairs, none = array @ at[:-2], at[-2] + at[-1] * width
        top = np.maximum(pairs.max(1), none)
        each, nothing = np.exp(pairs - top[:, None]), np.exp(none - top)
        total, good = each.sum(1) + nothing, (each * one.right).sum(1) + nothing * one.none
        loss -= np.log(good / total).sum()
        slope[:-2] += np.einsum("st,stf->f", each / total[:, None] - each * one.right / good[:, None], array)
        off = (nothing / total - nothing * one.none / good).sum()
        slope[-2:] += off, off * width
    return loss, slope


def calibrated(folds: Sequence[tuple[Weights, Case]]) -> tuple[float, ...]:
    """Logistic regression of being right on the facts of each first choice."""
    found = [_choices(weights, one) for weights, one in folds]
    facts_, right = np.vstack([one for one, _ in found]), np.concatenate([one for _, one in found])
    wide = np.hstack([facts_, np.ones((len(facts_), 1))])

    def loss(at):
        odds = wide @ at
        value = np.logaddexp(0, -odds * (2 * right - 1)).sum() + (at[:-1] ** 2).sum()
        return value, wide.T @ (1 / (1 + np.exp(-odds)) - right) + np.append(2 * at[:-1], 0)

    return tuple(minimize(loss, np.zeros(4), jac=True, method="L-BFGS-B").x.round(4).tolist())


def _choices(weights, one):
    pairs, none = utilities(one.signs, weights)
    first = assigned(pairs, none).argmax(1)
    return facts(pairs, none, first, twins(one.signs)), one.right[np.arange(len(first)), first]


def without_systems(cases: Sequence[Case]) -> list[tuple[Weights, Case]]:
    """Every case with weights learned without all cases of its two systems."""
    found = []
    for systems in sorted({one.label.systems for one in cases}):
        weights = learned([one for one in cases if one.label.systems != systems])
        found += [(weights, one) for one in cases if one.label.systems == systems]
    return found


def all_learned(cases: Sequence[Case]) -> Weights:
    """Weights of all cases, calibrated by those of the left-out systems."""
    return learned(cases, calibrated(without_systems(cases)))


def main() -> None:
    """Learn from our pairs as they are, with nothing shared, with unused fields, and from names alone; write."""
    labels = own()
    valued = all_learned([case(label) for label in (*labels, *map(scrambled, labels), *map(thinned, labels))])
    named = all_learned([case(names_only(label)) for label in labels])
    found = {"valued": valued, "named": named}
    content = {
        kind: {"signs": one.signs, "none": one.none, "calibration": one.calibration} for kind, one in found.items()
    }
    FILE.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
