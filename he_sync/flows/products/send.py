"""Products planned and sent: a page of parts is written down in one transaction and sent before the next is read."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain

from sqlalchemy import Connection

from he_sync.flows import push as pushing
from he_sync.flows.benches import bench
from he_sync.flows.products import planning
from he_sync.flows.products.planning import ITEM, PART, Counter, Page
from he_sync.flows.stock.letters import Trouble
from he_sync.store import dead_letters, effects, published

Tell = Callable[[str], None]


@dataclass
class Outcome:
    """What one look at the products came to."""

    parts: int = 0
    items: int = 0
    news: int = 0
    planned: int = 0
    waiting: int = 0
    preview: list[str] = field(default_factory=list)
    held: dict[str, str] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)
    states: Tally[str] = field(default_factory=Tally)
    problems: list[str] = field(default_factory=list)
    stopped: str = ""


def plan(counter: Counter) -> Outcome:
    """What a push would change, and which items would wait for a person. Nothing is written anywhere."""
    out, day = Outcome(), datetime.now(UTC).date().isoformat()
    for page in chain(planning.parts(counter, day), planning.born(counter, day)):
        out.news, out.planned = out.news + page.news, out.planned + len(page.effects)
        _look(out, page)
    return out


def push(counter: Counter, worker: str, now: pushing.Clock | None = None, tell: Tell = lambda _: None) -> Outcome:
    """Send what is news to the shop; items born at the till wait for a person, who makes parts of them."""
    out, day = Outcome(), datetime.now(UTC).date().isoformat()
    for name, pages in ((ITEM, planning.parts(counter, day)), (PART, planning.born(counter, day))):
        for page in pages:
            _look(out, page)
            new = counter.store.run(lambda connection, page=page, name=name: _commit(connection, page, name))  # type: ignore[misc] # defaults bind the loop's values
            out.news, out.planned = out.news + page.news, out.planned + new
            tell(f"{out.parts:,} parts, {out.items:,} items, {out.planned:,} changes")
            if page.effects and not out.stopped:
                _send(counter, worker, now, out)
    dead_letters.put(counter.store, [one.letter(day) for one in out.troubles])
    return out


def _look(out: Outcome, page: Page) -> None:
    out.parts, out.items = out.parts + page.parts, out.items + page.items
    out.waiting += sum(not effect.limit_ok for effect in page.effects)
    out.preview += [effect.summary + _waits(effect) for effect in page.effects]
    out.held |= page.held
    out.troubles += page.troubles


def _waits(effect: effects.Effect) -> str:
    return "" if effect.limit_ok else " (waits for approval)"


def _commit(connection: Connection, page: Page, name: str) -> int:
    """Effects and what they publish, together; gives how many effects are new."""
    done = effects.plan_in(connection, page.effects)
    at = datetime.now(UTC)
    for key in {key for _, key in page.contents.values()}:
        contents = {sku: digest for sku, (digest, carried) in page.contents.items() if carried == key}
        published.put(connection, name, contents, key or None, at)
    return len(done.new)


def _send(counter: Counter, worker: str, now: pushing.Clock | None, out: Outcome) -> None:
    desk = bench(counter.store, counter.systems, counter.retailer)
    for target in ("heartland", "epicor"):
        done = pushing.push(counter.store, desk, worker, target, now, ask_again=False)
        out.states += done.states
        out.problems += done.problems
        out.stopped = out.stopped or done.stopped
