"""Names of invented people and companies: real first names with a made-up frequency, surnames made of syllables."""

from __future__ import annotations

from itertools import accumulate
from random import Random

from nicknames import NickNamer

ONSETS = [
    "b",
    "br",
    "c",
    "ch",
    "cr",
    "d",
    "f",
    "fl",
    "g",
    "gr",
    "h",
    "j",
    "k",
    "kl",
    "l",
    "m",
    "n",
    "p",
    "pr",
    "r",
    "s",
    "sch",
    "sh",
    "st",
    "t",
    "th",
    "tr",
    "v",
    "w",
    "z",
]
VOWELS = ["a", "e", "i", "o", "u", "ai", "au", "ea", "ee", "ie", "oo"]
CODAS = ["n", "r", "l", "s", "t", "ck", "nd", "rt", "ll", "ng", "m", "x", "ss", "rd", "tz"]
ENDINGS = ("", "", "", "son", "er", "man", "ez", "ini", "ski", "berg", "ley", "ton", "well", "ard")
TRADES = (
    "bakery",
    "plumbing",
    "tool rental",
    "hardware",
    "dental",
    "farms",
    "freight",
    "books",
    "garage",
    "labs",
    "market",
)
FORMS = ("llc", "inc", "co", "ltd", "corp", "")


class Choice:
    """Values drawn by a power law of their rank: a few are everywhere, most are rare."""

    def __init__(self, values: list[str], power: float) -> None:
        self.values = values
        self._weights = list(accumulate(1 / (rank + 3) ** power for rank in range(len(values))))

    def draw(self, rng: Random) -> str:
        return rng.choices(self.values, cum_weights=self._weights)[0]


class Names:
    """All names of one world."""

    def __init__(self, rng: Random, surnames: int) -> None:
        table = NickNamer().nickname_lookup
        firsts = sorted(name for name in table if len(name) > 2)
        rng.shuffle(firsts)
        self.short = {name: sorted(short for short in table[name] if len(short) > 1) for name in firsts}
        self.firsts = Choice(firsts, 1.05)
        self.lasts = Choice(
            sorted(dict.fromkeys(_surname(rng) for _ in range(surnames)), key=lambda _: rng.random()), 0.75
        )
        self.roads = [_surname(rng) for _ in range(400)]
        self.towns = [
            (
                f"{_surname(rng)}{rng.choice(('ville', ' falls', '', ' city'))}",
                state,
                f"{prefix + k // 100 % 4}{k % 100:02d}",
            )
            for k, (state, prefix) in enumerate(
                rng.choices((("oh", 430), ("ga", 301), ("or", 972), ("me", 40), ("ut", 841)), k=2000)
            )
        ]

    def company(self, rng: Random) -> str:
        owner = self.lasts.draw(rng)
        return f"{owner}{rng.choice((' & sons ', ' ', ' united ', ' '))}{rng.choice(TRADES)}"


def _surname(rng: Random) -> str:
    stem = rng.choice(ONSETS) + rng.choice(VOWELS) + rng.choice(CODAS)
    if rng.random() < 0.35:
        stem += rng.choice(VOWELS)[0] + rng.choice(CODAS)
    return stem + rng.choice(ENDINGS)
