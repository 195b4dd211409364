"""How alike two fields are, pair by pair: one array per sign, every sign from 0 to 1, names and values apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from he_sync.mapping.suggest.meanings import Meanings
from he_sync.mapping.suggest.profiles import Floats, Profile
from he_sync.mapping.suggest.spelling import spelling

Words = tuple[str, ...]
EXCHANGE = np.array(
    [
        # empty bool   int   dec   date  time  text
        [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5],
        [0.5, 1.0, 0.2, 0.0, 0.0, 0.0, 0.2],
        [0.5, 0.2, 1.0, 0.6, 0.0, 0.0, 0.5],
        [0.5, 0.0, 0.6, 1.0, 0.0, 0.0, 0.1],
        [0.5, 0.0, 0.0, 0.0, 1.0, 0.9, 0.1],
        [0.5, 0.0, 0.0, 0.0, 0.9, 1.0, 0.1],
        [0.5, 0.2, 0.5, 0.1, 0.1, 0.1, 1.0],
    ]
)
"""How well a value of one kind is taken by a field of another, in the order of KINDS."""


SMALL_WORDS = {"to", "of", "the", "is", "has", "for", "in", "and", "money", "set"}
MOSTLY = 0.5
LITTLE = 0.2
"""What a word counts that only joins others, against its rarity."""


@dataclass(frozen=True)
class Side:
    """One table's fields: their words and their profiles, in one order."""

    words: tuple[Words, ...]
    profiles: tuple[Profile, ...]


def rarity(sides: Sequence[Side]) -> dict[str, float]:
    """How telling a word is: one that few fields of both tables have tells more."""
    fields = [set(words) for side in sides for words in side.words]
    counts: dict[str, int] = {}
    for words in fields:
        for word in words:
            counts[word] = counts.get(word, 0) + 1
    return {
        word: float(np.log(1 + len(fields) / count)) * (LITTLE if word in SMALL_WORDS else 1.0)
        for word, count in counts.items()
    }


def name_signs(source: Side, target: Side, meanings: Meanings) -> dict[str, Floats]:
    """Signs of the names alone."""
    rare = rarity((source, target))
    left, right = _known_words(source.words), _known_words(target.words)
    letters = spelling(left, right)
    spelt = _covered(source.words, target.words, rare, letters)
    meant = _covered(source.words, target.words, rare, meanings.alike(left, right, letters))
    whole = meanings.fields(source.words, target.words)
    return {
        "spelt": spelt[0] * spelt[1],
        "spelt_source": spelt[0],
        "meant": meant[0] * meant[1],
        "meant_source": meant[0],
        "meant_target": meant[1],
        "meant_last": meant[2],
        "called": whole,
        "called_here": _called_here(source, target, meanings),
        "letters": _letters(source.words, target.words),
        "same": _same(source.words, target.words),
    }


def _called_here(source: Side, target: Side, meanings: Meanings) -> Floats:
    """As `called`, with what the tables are about written before every name that does not say it."""
    about = meanings.about((source.words, target.words))
    if not about:
        return np.zeros((len(source.words), len(target.words)))
    left, right = (
        [words if about in words else (about, *words) for words in side] for side in (source.words, target.words)
    )
    return meanings.fields(left, right)


def _covered(
    source: Sequence[Words],
    target: Sequence[Words],
    rare: dict[str, float],
    alike: Floats,
) -> tuple[Floats, Floats, Floats]:
    """Shares of a name's weight that the other name has too, from both sides, and how alike the last words are."""
    left, right = _known_words(source), _known_words(target)
    near = np.pad(alike, ((0, 1), (0, 1)))  # the last place is that of a name's missing word
    rows, columns = _places(source, left), _places(target, right)
    weights = [np.array([*(rare[word] for word in some), 0.0]) for some in (left, right)]
    best_left = np.zeros((rows.shape[1], len(source), len(target)))
    best_right = np.zeros((columns.shape[1], len(source), len(target)))
    for i in range(rows.shape[1]):
        for j in range(columns.shape[1]):
            pair = near[rows[:, i]][:, columns[:, j]]
            np.maximum(best_left[i], pair, out=best_left[i])
            np.maximum(best_right[j], pair, out=best_right[j])
    from_left = (best_left * weights[0][rows].T[:, :, None]).sum(0) / weights[0][rows].sum(1)[:, None]
    from_right = (best_right * weights[1][columns].T[:, None, :]).sum(0) / weights[1][columns].sum(1)[None, :]
    ends = [
        [places[row, len(words) - 1] for row, words in enumerate(_cut(side))]
        for places, side in ((rows, source), (columns, target))
    ]
    last = near[np.ix_(*ends)]
    return from_left, from_right, last


def _known_words(side: Sequence[Words]) -> list[str]:
    return sorted({word for words in side for word in words})


LONGEST = 8
"""Words of a name that count; the longest of Epicor's has nine."""


def _cut(side: Sequence[Words]) -> list[Words]:
    return [words[-LONGEST:] for words in side]


def _places(side: Sequence[Words], words: Sequence[str]) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    place = {word: number for number, word in enumerate(words)}
    cut = _cut(side)
    found = np.full((len(side), max(len(one) for one in cut)), len(words))
    for row, one in enumerate(cut):
        found[row, : len(one)] = [place[word] for word in one]
    return found


def _letters(source: Sequence[Words], target: Sequence[Words]) -> Floats:
    """Cosine of the names' groups of three letters, rare groups counting more."""
    grams = [[_grams(words) for words in side] for side in (source, target)]
    known = {gram: place for place, gram in enumerate(sorted({one for side in grams for some in side for one in some}))}
    count = np.zeros(len(known))
    for some in grams[0] + grams[1]:
        count[[known[one] for one in some]] += 1
    weight = np.log(1 + (len(source) + len(target)) / np.maximum(count, 1))
    left, right = (_unit(_sparse(side, known, weight)) for side in grams)
    return np.asarray((left @ right.T).todense())


def _grams(words: Words) -> set[str]:
    text = f" {' '.join(words)} "
    return {text[place : place + 3] for place in range(len(text) - 2)}


def _sparse(sides: Sequence[set[str] | frozenset[str]], known: dict[str, int], weight: Floats) -> csr_array:
    rows = [row for row, some in enumerate(sides) for one in some if one in known]
    columns = [known[one] for some in sides for one in some if one in known]
    return csr_array((weight[columns], (rows, columns)), shape=(len(sides), len(known)))


def _unit(matrix: csr_array) -> csr_array:
    size = np.sqrt(matrix.multiply(matrix).sum(axis=1))
    size = np.asarray(size).ravel()
    scale = csr_array((1 / np.where(size > 0, size, 1), (range(len(size)), range(len(size)))), shape=(len(size),) * 2)
    return scale @ matrix


def _same(source: Sequence[Words], target: Sequence[Words]) -> Floats:
    left, right = (np.array(["".join(words) for words in side]) for side in (source, target))
    found: Floats = np.equal.outer(left, right).astype(np.float64)
    return found


def value_signs(source: Side, target: Side) -> dict[str, Floats]:
    """Signs of the values; all 0 or the middle where one side has none."""
    left, right = ({name: _stack(side, name) for name in STACKED} for side in (source, target))
    known = np.outer(left["figures"][:, 1] > 0, right["figures"][:, 1] > 0).astype(float)
    filled = 1 - np.abs(left["figures"][:, [1]] - right["figures"][:, 1])
    lengths = np.exp(-np.abs(left["figures"][:, [4]] - right["figures"][:, 4]))
    distinct = 1 - np.abs(left["figures"][:, [2]] - right["figures"][:, 2])
    shared, within = _overlap(source, target)
    return {
        "kind": left["kinds"] @ EXCHANGE @ right["kinds"].T,
        "shape": left["shapes"] @ right["shapes"].T,
        "sort": _sorts(left["sorts"], right["sorts"]),
        "shared": shared,
        "within": within,
        "vocabulary": _vocabulary(source, target),
        "sizes": _sizes(left["numbers"], right["numbers"]),
        "days": _days(left["days"], right["days"]),
        "filled": known * filled,
        "lengths": known * lengths,
        "distinct": known * distinct,
        "valued": known,
        "target_blank": np.broadcast_to(right["figures"][:, 5], known.shape),
        "target_constant": np.broadcast_to(right["figures"][:, 3], known.shape),
        "source_only": np.outer(left["figures"][:, 1] > 0, (right["figures"][:, 1] == 0) & (right["figures"][:, 0] > 0))
        * 1.0,
        "target_only": np.outer((left["figures"][:, 1] == 0) & (left["figures"][:, 0] > 0), right["figures"][:, 1] > 0)
        * 1.0,
    }


STACKED = ("kinds", "shapes", "sorts", "figures", "numbers", "days")


def _stack(side: Side, name: str) -> Floats:
    return np.vstack([getattr(one, name) for one in side.profiles])


def _sorts(left: Floats, right: Floats) -> Floats:
    """The known sort of text that most values of both have, a rare one counting more."""
    weight = 1 / np.sqrt(1 + (right > MOSTLY).sum(0) + (left > MOSTLY).sum(0))
    found = np.zeros((len(left), len(right)))
    for place in range(left.shape[1]):
        np.maximum(found, np.minimum.outer(left[:, place], right[:, place]) * weight[place], out=found)
    return found


def _overlap(source: Side, target: Side) -> tuple[Floats, Floats]:
    """Shares of common values, rare ones counting more: of all values of both, and of the source's."""
    left, right = ([one.values for one in side.profiles] for side in (source, target))
    known = {value: place for place, value in enumerate(sorted({one for some in (*left, *right) for one in some}))}
    count = np.zeros(len(known))
    for some in (*left, *right):
        count[[known[one] for one in some]] += 1
    weight = np.log(1 + (len(left) + len(right)) / np.maximum(count, 1)) ** 2
    ones = np.ones(len(known))
    a, b = _sparse(left, known, weight), _sparse(right, known, ones)
    common = np.asarray((a @ b.T).todense())
    size_left, size_right = (np.asarray(_sparse(one, known, weight).sum(axis=1)).ravel() for one in (left, right))
    union = size_left[:, None] + size_right[None, :] - common
    return common / np.maximum(union, 1e-9), common / np.maximum(size_left[:, None], 1e-9)


def _vocabulary(source: Side, target: Side) -> Floats:
    left, right = ([one.words for one in side.profiles] for side in (source, target))
    known = {value: place for place, value in enumerate(sorted({one for some in (*left, *right) for one in some}))}
    if not known:
        return np.zeros((len(left), len(right)))
    count = np.zeros(len(known))
    for some in (*left, *right):
        count[[known[one] for one in some]] += 1
    weight = np.log(1 + (len(left) + len(right)) / np.maximum(count, 1))
    return np.asarray((_unit(_sparse(left, known, weight)) @ _unit(_sparse(right, known, weight)).T).todense())


def _sizes(left: Floats, right: Floats) -> Floats:
    """How near the quantiles of log sizes are, and the shares with cents, below zero and zero."""
    return np.nan_to_num(np.exp(-_apart(left[:, :5], right[:, :5]) - _apart(left[:, 5:], right[:, 5:])))


def _days(left: Floats, right: Floats) -> Floats:
    """How near the quantiles of days are; a month apart counts a third."""
    return np.nan_to_num(np.exp(-_apart(left[:, :5], right[:, :5]) / 30))


def _apart(left: Floats, right: Floats) -> Floats:
    found: Floats = np.zeros((len(left), len(right)))
    for place in range(left.shape[1]):
        found += np.abs(np.subtract.outer(left[:, place], right[:, place]))
    found /= left.shape[1]
    return found
