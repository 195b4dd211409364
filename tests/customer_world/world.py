"""Customers of an invented retailer as two systems know them, with the truth: households, namesakes, branches, moves.

Nothing here is read off the samples in use: names, rates and habits differ from world to world, so that what the
matcher learns on one cannot be tuned to it. `python -m tests.customer_world.world DIR --size 1000 --seed 1` writes one.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import polars as pl

from tests.customer_world.names import FORMS, Names

HOSTS = ("gmail.com", "yahoo.com", "outlook.com", "icloud.com", "aol.com", "comcast.net")
COLUMNS = ("id", "first_name", "last_name", "company", "email", "phone", "street", "city", "state", "zip", "created")


Home = tuple[str, str, str, str]


@dataclass(frozen=True)
class Habits:
    """Rates of one world. Defaults are middling; `worlds` has others."""

    overlap: float = 0.55
    households: float = 0.5
    companies: float = 0.08
    branches: float = 0.4
    duplicates: float = 0.06
    typo: float = 0.04
    missing_left: float = 0.35
    missing_right: float = 0.12
    moved: float = 0.08
    married: float = 0.03
    nickname: float = 0.08
    shared_phone: float = 0.45
    shared_mail: float = 0.12
    generations: float = 0.03
    surnames: int = 6000
    junk: float = 0.01
    twins: float = 0.0


WORLDS = {
    "middling": Habits(),
    "dirty": Habits(typo=0.09, missing_left=0.5, missing_right=0.25, duplicates=0.12, nickname=0.15),
    "clean": Habits(typo=0.01, missing_left=0.15, missing_right=0.05, households=0.2, duplicates=0.01),
    "families": Habits(households=0.85, shared_phone=0.7, shared_mail=0.25, generations=0.06),
    "few names": Habits(surnames=400, overlap=0.4),
    "trade": Habits(companies=0.5, branches=0.7),
    "strangers": Habits(overlap=0.1, households=0.0, companies=0.0),
}


MIXES = {
    "everybody in both": Habits(overlap=1.0),
    "one in ten in both": Habits(overlap=0.1),
    "many duplicates": Habits(duplicates=0.3),
    "slips everywhere": Habits(typo=0.15),
    "short forms everywhere": Habits(nickname=0.35),
    "one mailbox a family": Habits(households=0.8, shared_phone=0.9, shared_mail=0.6),
    "many generations": Habits(households=0.8, generations=0.15),
    "nearly all companies": Habits(companies=0.9, branches=0.3),
    "one in five made up": Habits(junk=0.2),
    "twins in every fourth house": Habits(twins=0.25),
}
"""Habits that go far in one direction each."""


@dataclass(frozen=True)
class Entity:
    """One customer as it is: the record that a system would have if it knew everything and wrote it well."""

    key: int
    trap: str
    first: str
    last: str
    company: str = ""
    mails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    homes: tuple[tuple[str, str, str, str], ...] = ()
    generation: str = ""
    maiden: str = ""


@dataclass
class Maker:
    """Entities and their records, from one seed."""

    habits: Habits
    rng: Random
    names: Names = field(init=False)
    entities: list[Entity] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.names = Names(self.rng, self.habits.surnames)

    def chance(self, rate: float) -> bool:
        return self.rng.random() < rate

    def phone(self) -> str:
        area, exchange = self.rng.choice(("614", "404", "503", "207", "801")), self.rng.randint(200, 989)
        return f"{area}{exchange}{self.rng.randint(0, 9999):04d}"

    def home(self) -> tuple[str, str, str, str]:
        town, state, zip5 = self.rng.choice(self.names.towns)
        road = f"{self.rng.choice(self.names.roads)} {self.rng.choice(('street', 'avenue', 'road', 'lane', 'drive'))}"
        unit = f" apt {self.rng.randint(1, 40)}" if self.chance(0.15) else ""
        return f"{self.rng.randint(1, 2400)} {road}{unit}", town, state, f"{int(zip5):05d}"

    def mail(self, first: str, last: str) -> str:
        """A mailbox of its own: hosts give an address to one person."""
        made = self.wish(first, last)
        while made in self.taken:
            user, host = self.wish(first, last).split("@")
            made = f"{user}{self.rng.randint(1, 9999)}@{host}"
        self.taken.add(made)
        return made

    def wish(self, first: str, last: str) -> str:
        style, number = self.rng.randint(0, 6), self.rng.randint(1, 99)
        user = (
            f"{first}.{last}",
            f"{first[0]}{last}{number}",
            f"{first}{last}",
            f"{last}{first[0]}{number}",
            f"{self.rng.choice(self.names.roads)}{self.rng.randint(100, 99999)}",
            f"{first}_{last}{number}",
            f"{first}{number}",
        )[style]
        return f"{user.replace(' ', '')}@{self.rng.choice(HOSTS)}"

    def add(self, trap: str, first: str, last: str, **known: object) -> Entity:
        made = Entity(len(self.entities), trap, first, last, **known)  # type: ignore[arg-type] - keywords of Entity
        self.entities.append(made)
        return made

    def household(self) -> None:
        """One to five people of one surname at one home, some with the mailbox and number of another."""
        last, home, line = self.names.lasts.draw(self.rng), self.home(), self.phone()
        size = 1 + (
            self.chance(self.habits.households) + self.chance(self.habits.households / 2) * self.rng.randint(1, 3)
        )
        head = self.person("", last, home, line)
        for place in range(1, size):
            trap = "spouse" if place == 1 else "child"
            first, generation = self.names.firsts.draw(self.rng), ""
            if self.chance(self.habits.generations):
                trap, first, generation = "jr_sr", head.first, "jr"
            mail = head.mails[0] if self.chance(self.habits.shared_mail) else ""
            self.person(trap, last, home, line, mail=mail, first=first, generation=generation)
        if self.habits.twins and self.chance(self.habits.twins):
            one = self.names.firsts.draw(self.rng)
            other = self.rng.choice([name for name in self.names.firsts.values if name[0] == one[0] and name != one])
            for first in (one, other):
                self.person("twin", last, home, line, first=first)

    def person(self, trap: str, last: str, home: Home, line: str, **known: str) -> Entity:
        """Somebody of a household, `line` its phone; known may be mail, first and generation."""
        mail, first, generation = (known.get(name, "") for name in ("mail", "first", "generation"))
        first = first or self.names.firsts.draw(self.rng)
        own = self.phone()
        phones = (line, own) if self.chance(self.habits.shared_phone) else (own,)
        mails = (mail or self.mail(first, last), *([self.mail(first, last)] if self.chance(0.15) else []))
        homes, maiden = (home,), ""
        if self.chance(self.habits.moved):
            homes, trap = (home, self.home()), trap or "moved"
        if self.chance(self.habits.married):
            maiden, trap = self.names.lasts.draw(self.rng), trap or "maiden"
        return self.add(
            trap, first, last, mails=mails, phones=phones, homes=homes, generation=generation, maiden=maiden
        )

    def firm(self) -> None:
        """A company and its branches: one name, often one host and one central number, different addresses."""
        name = self.names.company(self.rng)
        host = "".join(letter for letter in name if letter.isalnum())[:20] + ".com"
        central = self.phone()
        count = self.rng.randint(2, 5) if self.chance(self.habits.branches) else 1
        for _ in range(count):
            first, last = self.names.firsts.draw(self.rng), self.names.lasts.draw(self.rng)
            users = ("info", "office", "billing", first)
            phones = (central,) if self.chance(0.3) else (self.phone(),)
            mails = tuple(f"{user}@{host}" for user in self.rng.sample(users, 2))
            self.add(
                "branch" if count > 1 else "company",
                first,
                last,
                company=name,
                mails=mails,
                phones=phones,
                homes=(self.home(),),
            )


# records


def typed(rng: Random, text: str) -> str:
    """One slip: a letter lost, doubled, swapped with its neighbour, or another one."""
    if len(text) < 3:
        return text
    place = rng.randrange(len(text) - 1)
    slips = (text[:place] + text[place + 1 :], text[:place] + text[place] + text[place:],
             text[:place] + text[place + 1] + text[place] + text[place + 2 :],
             text[:place] + rng.choice("abcdefghijklmnopqrstuvwxyz") + text[place + 1 :])  # fmt: skip
    return rng.choice(slips)


def record(maker: Maker, one: Entity, missing: float) -> tuple[str, ...]:
    """An entity as somebody typed it in."""
    rng, habits = maker.rng, maker.habits
    first, last = one.first, one.last
    if maker.chance(habits.nickname) and maker.names.short.get(first):
        first = rng.choice(maker.names.short[first])
    if maker.chance(0.03):
        first = first[:1]
    elif maker.chance(0.04):
        first = f"{first} {rng.choice('abcdefgjklmrst')}"
    if one.maiden and maker.chance(0.5):
        last = rng.choice((one.maiden, f"{last}-{one.maiden}"))
    if one.generation and maker.chance(0.5):
        last = f"{last} {one.generation}"
    company = f"{one.company} {rng.choice(FORMS)}".strip() if one.company else ""
    if one.company and maker.chance(0.4):
        first = last = ""
    street, town, state, code = rng.choice(one.homes)
    street = street if maker.chance(0.5) else _shortened(street)
    mail = rng.choice(one.mails) if not maker.chance(habits.junk) else rng.choice(("none@none.com", "na@na.com"))
    fields = [first, last, company, mail, _dialled(rng, rng.choice(one.phones)), street, town, state, code]
    fields = [typed(rng, text) if maker.chance(habits.typo) else text for text in fields]
    if maker.chance(0.015) and first and last:
        fields[0], fields[1] = fields[1], fields[0]
    for place, rate in ((0, 0.06), (3, 1.0), (4, 0.8), (5, 0.9), (6, 0.7), (7, 0.7), (8, 0.7)):
        if maker.chance(missing * rate):
            fields[place] = ""
    shout = rng.random()
    shown = [
        text.upper() if shout < 0.3 else text.title() if shout < 0.8 and "@" not in text else text for text in fields
    ]
    return (*shown, f"20{rng.randint(15, 25)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}")


def _shortened(street: str) -> str:
    for long, short in (
        ("street", "st"),
        ("avenue", "ave"),
        ("road", "rd"),
        ("lane", "ln"),
        ("drive", "dr"),
        (" apt ", " #"),
    ):
        street = street.replace(long, short)
    return street


def _dialled(rng: Random, number: str) -> str:
    area, exchange, rest = number[:3], number[3:6], number[6:]
    return rng.choice((number, f"({area}) {exchange}-{rest}", f"{area}-{exchange}-{rest}", f"+1{number}"))


def world(size: int, seed: int, habits: Habits | None = None) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Left, right and truth of about `size` records a side."""
    chosen = habits or Habits()
    more = max(1.0, size / 50_000) ** 0.5
    maker = Maker(replace(chosen, surnames=int(chosen.surnames * more)), Random(seed))  # noqa: S311 - not a secret
    wanted = int(size / (0.5 + maker.habits.overlap / 2) / (1 + maker.habits.duplicates))
    while len(maker.entities) < wanted:
        maker.firm() if maker.chance(maker.habits.companies) else maker.household()
    sides: tuple[list[tuple[str, ...]], ...] = ([], [])
    truth: list[tuple[int, str, int]] = []
    for one in maker.entities:
        both, lone = maker.chance(maker.habits.overlap), maker.rng.randint(0, 1)
        for side in (0, 1):
            if both or lone == side:
                for _ in range(1 + maker.chance(maker.habits.duplicates)):
                    missing = (maker.habits.missing_left, maker.habits.missing_right)[side]
                    truth.append((one.key, one.trap, side))
                    sides[side].append(record(maker, one, missing))
    return _framed(maker.rng, sides, truth)


def _framed(
    rng: Random, sides: tuple[list[tuple[str, ...]], ...], truth: list[tuple[int, str, int]]
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    frames, told = [], []
    for side, letter in ((0, "A"), (1, "B")):
        ids = [f"{letter}{number:07d}" for number in rng.sample(range(len(sides[side])), len(sides[side]))]
        rows = [(name, *row) for name, row in zip(ids, sides[side], strict=True)]
        frames.append(pl.DataFrame(rows, schema=list(COLUMNS), orient="row").sort("id"))
        mine = [(key, trap) for key, trap, of in truth if of == side]
        told += [(name, str(key), trap, ("pos", "erp")[side]) for name, (key, trap) in zip(ids, mine, strict=True)]
    return frames[0], frames[1], pl.DataFrame(told, schema=["id", "entity_id", "trap", "side"], orient="row")


def write(folder: Path, size: int, seed: int, habits: Habits | None = None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in zip(("pos", "erp", "truth"), world(size, seed, habits), strict=True):
        frame.write_parquet(folder / f"{name}.parquet")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--world", choices=WORLDS | MIXES, default="middling")
    asked = parser.parse_args()
    write(asked.folder, asked.size, asked.seed, (WORLDS | MIXES)[asked.world])


if __name__ == "__main__":
    main()
