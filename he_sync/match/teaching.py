"""What people answered teaches the model about the pairs that nobody was asked about, as far as it proves itself.

Two lessons, each on top of the one before: the answers as evidence in the fit of the classes, and a correction of
doubtful scores. A lesson counts only if it foretells answers that it was not taught, in parts of the answers that are
held out; else the model stays as the file alone made it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from he_sync.match.classes import FIRMS, PEOPLE
from he_sync.match.codes import Bools, Floats, Ints
from he_sync.match.contest import contested
from he_sync.match.correction import correction, doubtful
from he_sync.match.labels import Labels, places
from he_sync.match.latent import Evidence, Model, fitted, start
from he_sync.match.scoring import Scores, judged

FEW = 50
"""Answers below which nothing is learned: half of so few are in no doubt, and the rest may be chance."""
SHARE = 0.3
"""Of the doubtful pairs of a file, the share that all answers together stand for in the fit. Between 0.2 and 0.5 was
best for 100 to 1,000 answers; beyond, the answers' own chance shows."""
FOLDS = 4
MARGIN = 1.0
"""Standard errors by which a lesson must foretell held-out answers better."""
SURE = 0.001
"""Scores count as no surer than this when they are held against an answer: people err too."""
KINDS = {"people": PEOPLE, "companies": FIRMS}


@dataclass(frozen=True)
class Lesson:
    """What answers changed: how many there are of candidates, whether the fit and the correction held, and the gain.

    `gain` is the mean log likelihood that a held-out answer gained.
    """

    answers: int = 0
    refitted: bool = False
    corrected: bool = False
    gain: float = 0.0


def taught(scores: Scores, known: Labels, side: Ints) -> tuple[Scores, Lesson]:
    """Scores that learned from the answers, where that holds; `answered` gives the probabilities that come of them."""
    place = places(scores.pairs, known)
    there = place >= 0
    asked = there & known.asked
    lesson = Lesson(int(there.sum()))
    if asked.sum() < FEW:
        return scores, lesson
    return _learned(scores, place[asked], known.same[asked], side, lesson)


def answered(scores: Scores, known: Labels | None) -> Floats:
    """Probabilities after correction; of answered pairs the answer."""
    found = scores.probability
    if scores.correction:
        found = scores.correction.applied(found, scores.levels)
    if known is not None:
        place = places(scores.pairs, known)
        found = found.copy()
        found[place[place >= 0]] = np.where(known.same[place >= 0], 1.0, 0.0)
    return found


def _learned(scores: Scores, place: Ints, same: Bools, side: Ints, lesson: Lesson) -> tuple[Scores, Lesson]:
    loss = _held_out(scores, place, same, side)
    fit = _better(loss[0], loss[1])
    found, own = (_refitted(scores, place, same, side), loss[1]) if fit else (scores, loss[0])
    correct = _better(own, loss[3 if fit else 2])
    if correct:
        learned = correction(found.probability, found.levels, place, same)
        found, own = replace(found, correction=learned), loss[3 if fit else 2]
    return found, replace(lesson, refitted=fit, corrected=correct, gain=round(float((loss[0] - own).mean()), 6))


def _held_out(scores: Scores, place: Ints, same: Bools, side: Ints) -> Floats:
    """Loss of each answer (columns) untaught, refitted, corrected, and both, by what the other folds teach."""
    loss = np.zeros((4, len(place)))
    fold = np.arange(len(place)) % FOLDS
    for number in range(FOLDS):
        told, held = fold != number, fold == number
        for row, one in enumerate((scores, _refitted(scores, place[told], same[told], side))):
            after = correction(one.probability, one.levels, place[told], same[told])
            loss[row, held] = _loss(one.probability[place[held]], same[held])
            loss[row + 2, held] = _loss(after.applied(one.probability, one.levels)[place[held]], same[held])
    return loss


def _loss(probability: Floats, same: Bools) -> Floats:
    said = np.clip(np.where(same, probability, 1 - probability), SURE, 1 - SURE)
    loss: Floats = -np.log(said)
    return loss


def _better(before: Floats, after: Floats) -> bool:
    gain = before - after
    return float(gain.sum()) > MARGIN * float(gain.std()) * float(np.sqrt(len(gain)))


def _refitted(scores: Scores, place: Ints, same: Bools, side: Ints) -> Scores:
    """Fitted once more with the answers as evidence, from where the fit without them ended."""
    weight = max(1.0, SHARE * float(doubtful(scores.probability).sum()) / len(place))
    models: dict[str, Model] = {}
    for name, model in scores.models.items():
        mine = scores.strata[place] == (name == "companies")
        said = _evidence(scores.row[place[mine]], same[mine], weight)
        chance = {field.name: model.chance[at] for at, field in enumerate(model.fields)}
        begun = start(model.fields, KINDS[name], _weights(chance))
        models[name] = fitted(begun, scores.seen[name], said, model) if len(said.rows) else model
    found = judged(scores, models)
    final = contested(found.pairs, found.before, found.levels["sources"], side)
    return replace(found, probability=final)


def _weights(chance: Mapping[str, Floats]) -> dict[str, Floats]:
    """Chance as the fit starts from it: it writes into what it gets."""
    return {name: table.copy() for name, table in chance.items()}


def _evidence(row: Ints, same: Bools, weight: float) -> Evidence:
    rows, back = np.unique(row, return_inverse=True)
    yes, no = (np.bincount(back, said, minlength=len(rows)).astype(np.float64) for said in (same, ~same))
    return Evidence(rows.astype(np.int64), yes, no, weight)
