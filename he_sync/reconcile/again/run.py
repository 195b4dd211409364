"""Books of parted relations: on top of an earlier run where that can be shown to give the same, else whole."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from he_sync.reconcile.again import kept, manifest
from he_sync.reconcile.again.bank import figures
from he_sync.reconcile.again.breaks import Breaks
from he_sync.reconcile.again.day_links import DayLinks
from he_sync.reconcile.again.kept import Keeper
from he_sync.reconcile.again.manifest import BREAKS, FOLDER, Earlier, Noticed
from he_sync.reconcile.again.night import INFERRED, Fallen, Night, Result
from he_sync.reconcile.again.numbers import Numbers
from he_sync.reconcile.again.reach import copy, dates
from he_sync.reconcile.again.sums import sum_up
from he_sync.reconcile.again.tables import Frame
from he_sync.reconcile.again.units import Side
from he_sync.reconcile.chain.arrays import Stores
from he_sync.reconcile.chain.close import Cents
from he_sync.reconcile.chain.deposits import Settlements
from he_sync.reconcile.chain.found import Block, Found
from he_sync.reconcile.chain.keys import Ints
from he_sync.reconcile.chain.outcome import FEES, GL, SETTLED, Outcome
from he_sync.reconcile.chain.rules import RuleSet
from he_sync.reconcile.chain.run import summarise
from he_sync.reconcile.chain.settled import Settled
from he_sync.reconcile.chain.stages import Stages
from he_sync.reconcile.chain.write import InTurn
from he_sync.reconcile.given import Books

NAMES = ("links", "breaks.parquet")


def reconcile(
    books: Books,
    rules: RuleSet,
    out: Path,
    *,
    threads: int | None = None,
    previous: Noticed | str,
) -> tuple[Outcome, str]:
    """Match, classify and close, as `chain.run.reconcile` does; also how it was computed, in one line.

    `previous` is what an earlier run noted, or why there is none to build on. Writes `links/<day>.parquet`,
    `breaks.parquet` and the folder `state` for the next run.
    """
    if threads:
        books.connection.execute(f"set threads = {threads}")
    before = previous if isinstance(previous, str) else manifest.earlier(previous, books, rules)
    if isinstance(before, str):
        return _whole(books, rules, out, threads), f"whole: {before}"
    ((usual,),) = books.connection.execute("select current_setting('threads')").fetchall()
    books.connection.execute("set threads = 1")  # to hand few rows to two threads took 0.1 s of a night's 2.6
    try:
        night = Night(books, rules, before)
        result = night.result()
        night.write_links(out / "links")
    except Fallen as reason:
        shutil.rmtree(out / "links", ignore_errors=True)
        books.forget()
        books.connection.execute(f"set threads = {usual}")
        return _whole(books, rules, out, threads), f"whole: {reason}"
    came, went = (sum(map(len, files.values())) for files in (before.came, before.went))
    note = f"on top of {before.noted['as_of_date']}: {came} files came, {went} went"
    result.noted["kinds"] = _by_text(night.links, result.frames)
    return _finish(books, rules, out, result, before), note


class _Listener:
    """Hears a whole run: for the keeper, and for the days of links."""

    stores: Stores

    def __init__(self, keeper: Keeper, links: DayLinks) -> None:
        self.keeper, self.links = keeper, links
        self.side = Side()
        self.blind: Ints = np.empty(0, np.int64)
        self.tender = 0

    def hear(self, name: str, what: Any) -> None:
        if name == "bank":
            self.side.hear(what)
            return
        self.keeper.hear(name, what)
        if isinstance(what, Settled):
            payments, lines = what.payments, what.lines
            self._dated("left", (payments.ids, payments.day), "VO", "PL", "PG", "PS")
            self._dated("left", (lines.ids, lines.day), "LB", "LD")
            self.keeper.frames["cash"] = kept.cash_of(payments, self.tender)
        if isinstance(what, Settlements):
            self.blind = np.unique(self.stores.account[what.one.store])

    def _dated(self, side: str, days: tuple[Any, Any], *relations: str) -> None:
        self.links.dated |= dict.fromkeys(relations, (side, *days))


class _Written(DayLinks):
    """Writes a whole run's links and keeps those that the next run makes anew."""

    def __init__(self, path: Path) -> None:
        super().__init__(path=path)
        self._in_turn = InTurn(self._take)

    def write(self, relation: str, blocks: list[Block]) -> None:
        self._in_turn.take(relation, blocks)

    def _take(self, relation: str, blocks: list[Block]) -> None:
        super().write(relation, blocks)
        if relation in ("BD", "DG"):
            self.kept[relation] = self.frame(relation, blocks)
        if relation in ("LB", "LD"):
            self.kept[f"{relation} inferred"] = self.frame(relation, [one for one in blocks if one.stage == INFERRED])


def _by_text(links: DayLinks, frames: dict[str, Frame]) -> list[list[str]]:
    """Number the kinds of kept links in the order of their texts, as every run does; gives the kinds."""
    names = [name for name in frames if name.startswith("links ")]
    used = {
        links.kinds[place] for name in names for place in np.flatnonzero(np.bincount(frames[name]["kind"])).tolist()
    }
    kinds = sorted(used)
    place = np.array([kinds.index(one) if one in used else -1 for one in links.kinds], np.int32)
    for name in names:
        frames[name] = {**frames[name], "kind": place[frames[name]["kind"]]}
    return [list(one) for one in kinds]


def _whole(books: Books, rules: RuleSet, out: Path, threads: int | None) -> Outcome:
    (out / "links").mkdir()
    links = _Written(out / "links")
    found = Found(links)
    keeper = Keeper()
    listener = _Listener(keeper, links)
    try:
        stages = Stages(books, rules, found)
        listener.tender, listener.stores, stages.keep = stages.cash, stages.stores, listener.hear
        bank = stages.bank
        links.dated |= {"BD": ("right", bank.ids, bank.day), "DG": ("left", bank.ids, bank.day)}
        identities = stages.run(threads)
    finally:
        links.close()
    keeper.mid_frames(stages.stores)
    keeper.frames["batches"] = kept.of_batches(stages.batches)
    keeper.frames |= {f"links {name}": frame for name, frame in links.kept.items()}
    names = stages.codes.currencies

    def by_name(cents: Cents) -> dict[str, int]:
        return {names[code]: value for code, value in cents.items()}

    noted = {
        "cents": {name: by_name(stages.differing[name]) for name in (SETTLED, FEES, GL)}
        | {"coming": by_name(stages.coming)},
        "kinds": _by_text(links, keeper.frames),
        "dates": dates(books),
        "bank": figures(stages, listener.side, listener.blind, listener.side.texts, listener.side.shapes),
    }
    keeper.frames |= listener.side.frames
    result = Result(stages, identities, Breaks.of(found.breaks), found.counts, noted, keeper.frames)
    return _finish(books, rules, out, result)


def _finish(books: Books, rules: RuleSet, out: Path, result: Result, before: Earlier | None = None) -> Outcome:
    stages = result.stages
    counts, stages.found.breaks = result.breaks.totals
    stages.found.counts = result.counts
    summary = replace(summarise(stages, result.identities, rules, books), breaks=counts)
    result.breaks.write(stages.as_of, out / NAMES[1])
    state = out / FOLDER
    state.mkdir()
    kept.write(state, result.frames)
    kept.write_odds(state, stages.odds)
    result.breaks.keep(state / BREAKS)
    copy(books, state, before)
    lines = result.noted["dates"]["settlement_lines"]
    last = max((high for _, high in lines.values() if high is not None), default=0)
    numbers = before.numbers if before else Numbers(Path())
    manifest.write(out, books, rules, numbers.extended(state, books, stages.reader), {
        **result.noted,
        "as_of": stages.as_of,
        "as_of_date": str(date(1970, 1, 1) + timedelta(days=stages.as_of)),
        "known": max(stages.as_of, last),
        "currencies": list(stages.codes.currencies),
        "rows": dict(stages.rows),
        "counts": [[*key, count] for key, count in sorted(result.counts.items())],
    })  # fmt: skip
    sum_up(books, state, before)
    return Outcome(summary, NAMES, posted=np.unique(result.frames["links DG"]["left"]).astype(np.int64))
