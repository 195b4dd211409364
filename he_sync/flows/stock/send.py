"""Epicor's counts to the shop: read, plan and send in portions, and once more what moved meanwhile.

A portion is sent before the next is read, so that what a plan stands on is seconds old, and memory does not grow with
the number of counts: only what is news is kept, a portion at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

from he_sync.flows import push as pushing
from he_sync.flows.benches import bench
from he_sync.flows.push.lane import WORKERS
from he_sync.flows.stock import book, counts, sets, shop
from he_sync.flows.stock.counts import Counts
from he_sync.flows.stock.letters import Trouble
from he_sync.flows.stock.sets import News, Planned, Yard, subject
from he_sync.flows.writers.stock_sets import STALE
from he_sync.stock.push import Spot, Target
from he_sync.store import dead_letters, effects

FIRST, PORTION = 500, 1_000
"""News looked at together: a set of each place then has lines enough, and its read is seconds old when it goes."""
ROUNDS = 3
"""Passes over what was held or stale; what still moves then waits for the next push."""
Tell = Callable[[str], None]


@dataclass
class Outcome:
    """What one push came to: counts looked at, news, lines by what became of them, what is held and what cannot go."""

    counted: int = 0
    news: int = 0
    sets: int = 0
    lines: int = 0
    equal: int = 0
    states: Counter[str] = field(default_factory=Counter)
    over: list[str] = field(default_factory=list)
    preview: list[str] = field(default_factory=list)
    held: dict[Spot, str] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    stopped: str = ""

    def add(self, made: Planned) -> None:
        """Count a plan in."""
        self.lines += sum(len(one.lines) for one in made.plan.sets)
        self.sets += len(made.plan.sets)
        self.equal += len(made.plan.equal)
        self.over += [f"{subject(spot)}: {line.change}" for spot, line in made.plan.over]
        self.held |= made.held
        self.trouble(made.troubles)

    def trouble(self, some: Sequence[Trouble]) -> None:
        """Keep each record's trouble once."""
        there = {(one.record, one.rule) for one in self.troubles}
        for one in some:
            if (one.record, one.rule) not in there:
                self.troubles.append(one)
                there.add((one.record, one.rule))


def plan(yard: Yard, shown: int = 1_000) -> Outcome:
    """What a push would send, a line each for the first `shown`. Nothing is written, here or elsewhere."""
    out = Outcome()
    for made in _portions(yard, None, out):
        lines = list(made.plan.preview())
        out.preview += lines[: max(0, shown - len(out.preview))]
        out.add(made)
    return out


def push(yard: Yard, worker: str, now: pushing.Clock | None = None, tell: Tell = lambda _: None) -> Outcome:
    """Send what is news. What moved meanwhile is read and planned again; a change over the limit waits."""
    out, again = Outcome(), list[str]()
    _send(yard, worker, now, out)  # what an earlier push left: it goes, or is found stale and planned again
    for turn in range(ROUNDS):
        if out.stopped or (turn and not again):
            break
        out.held.clear()
        for made in _portions(yard, again if turn else None, out):
            out.add(made)
            out.held |= sets.commit(yard, made, datetime.now(UTC))
            tell(f"{out.counted:,} counts, {out.lines:,} changes")
            _send(yard, worker, now, out)
            if out.stopped:
                break
        again = sorted({sku for sku, _ in out.held})
    dead_letters.put(yard.store, [one.letter(datetime.now(UTC).date().isoformat()) for one in out.troubles])
    return out


@dataclass
class _Gathered:
    """News of some pages, with what was seen on the way to them."""

    news: News = field(default_factory=News)
    counted: int = 0
    fresh: int = 0
    moving: dict[Spot, str] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)

    def add(self, page: Counts, fresh: Sequence[Target]) -> None:
        """Take a page in; a part that changed meanwhile comes again and stands for itself."""
        moving = {one.spot: "Epicor moved it while it was read" for one in fresh if one.item.sku in page.moving}
        going = [one for one in fresh if one.spot not in moving]
        named, was = {one.item.sku for one in going}, self.news
        earlier = [one for one in was.targets if one.item.sku not in named]
        factors = {sku: factor for sku, factor in page.factors.items() if sku in named}
        marks = dict.fromkeys(named, page.mark)
        self.news = News((*earlier, *going), {**was.marks, **marks}, {**was.factors, **factors})
        self.counted, self.fresh = self.counted + len(page.targets), self.fresh + len(fresh)
        self.moving |= moving
        self.troubles += page.troubles


def _gathered(yard: Yard, skus: Sequence[str] | None) -> Iterator[_Gathered]:
    """News in portions, each twice the one before: the first goes soon, and the next is read while one is sent."""
    some, portion = _Gathered(), FIRST
    for page in counts.pages(yard.systems, yard.retailer, yard.policy, skus):
        some.add(page, sets.news(yard, page.targets))
        if len(some.news.targets) >= portion:
            yield some
            some, portion = _Gathered(), min(PORTION, 2 * portion)
    yield some


Portion = tuple[_Gathered, Planned | None]


def _ahead(portions: Iterator[Portion]) -> Iterator[Portion]:
    """The same, the next one read and planned while one is sent: nothing but the shop's rate is waited for."""
    with ThreadPoolExecutor(1, "stock counts") as reader:
        coming = reader.submit(next, portions, None)
        while (some := coming.result()) is not None:
            coming = reader.submit(next, portions, None)
            yield some


def _portions(yard: Yard, skus: Sequence[str] | None, out: Outcome) -> Iterator[Planned]:
    for some, made in _ahead(_read(yard, skus)):
        out.trouble(some.troubles)
        out.held |= some.moving
        if skus is None:
            out.counted, out.news = out.counted + some.counted, out.news + some.fresh
        if made:
            yield made


def _read(yard: Yard, skus: Sequence[str] | None) -> Iterator[Portion]:
    """A part is in one portion only, so that the plan of a portion does not stand on what the one before it changes."""
    shut = shop.closed(yard.systems.heartland, yard.retailer)
    for some in _gathered(yard, skus):
        yield some, _planned(yard, some.news, shut) if some.news.targets else None


def _planned(yard: Yard, some: News, shut: dict[str, str]) -> Planned:
    return sets.planned(yard, some, book.unbooked(yard), shut, datetime.now(UTC))


def _send(yard: Yard, worker: str, now: pushing.Clock | None, out: Outcome) -> None:
    """Send, and take back what was found stale before its first byte, so that it is planned again."""
    bench_ = bench(yard.store, yard.systems, yard.retailer)
    done = pushing.push(yard.store, bench_, worker, "heartland", now, limit=WORKERS, ask_again=False)
    out.states += done.states
    out.stopped = done.stopped
    for one in effects.listing(yard.store, states=["rejected"]):
        if one.effect.kind == sets.KIND and one.reason.startswith(STALE):
            effects.withdraw(yard.store, one.effect.key, "he-sync", "planned again on a newer read")
            place = str(one.effect.body["place"])
            out.held |= {(line["sku"], place): one.reason for line in one.effect.body["lines"]}
            out.states["stale"] += 1
    out.problems += [line for line in done.problems if STALE not in line]
