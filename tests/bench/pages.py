"""What the console's pages cost with a million events and a hundred thousand open exceptions stored.

`python -m tests.bench.pages`: p95 of each page over real HTTP, beside the same page of an empty installation.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from sqlalchemy import text

from he_sync.model.retailer import dump_retailer
from he_sync.sandbox import world
from he_sync.sandbox.state import State
from he_sync.store import closes
from he_sync.store.database import Store
from tests.bench.figures import Figure, table
from tests.bench.store import NUMBERS, OLD_EFFECTS, OLD_EVENTS
from tests.console.conftest import NOBODY_LISTENS, serving
from tests.console.person import Person

EVENTS, EXCEPTIONS, LETTERS, WAITING = 1_000_000, 100_000, 5_000, 5_000
ASKED, MOST_MS = 40, 150.0
DAY = "2026-11-20"
PAGES = (
    *("/", "/events", "/events?state=parked", "/record?name=old+77", "/records/order%2077", "/letters"),
    *("/letters?rule=part+unknown", "/approvals", "/close", f"/close/{DAY}", f"/close/{DAY}?klass=missing_gl"),
    *(f"/close/{DAY}/books", "/audit", "/reviews", "/conflicts"),
)
DIFFERENCES = f"""INSERT INTO differences (close_date, leg, position, close_id, business_date, klass, subject, store,
 delta_minor, delta_milli, evidence, action) {NUMBERS} SELECT '{DAY}', 'ledger', i, 1, '{DAY}',
 CASE i % 3 WHEN 0 THEN 'missing_gl' WHEN 1 THEN 'wrong_account' ELSE 'duplicate_posting' END, 'payment ' || i,
 'S00' || (i % 9), i % 5003, 0, 'no posting', 'review' FROM n"""  # noqa: S608 - constants of this file
OPEN_LETTERS = f"""INSERT INTO dead_letters (content_hash, source, entity, record, row_number, column_name, rule,
 payload, reason, business_date, first_seen, last_seen) {NUMBERS} SELECT 'h' || i, 'heartland', 'orders',
 'order ' || i, 0, 'PartNum', CASE i % 2 WHEN 0 THEN 'part unknown' ELSE 'address' END, '{{}}', 'no part', '{DAY}', 1, 1
 FROM n"""  # noqa: S608 - constants of this file
OVER_LIMIT = OLD_EFFECTS.replace("'old '", "'wait '").replace("'confirmed'", "'waiting_approval'")


def figures(folder: Path) -> Iterator[Figure]:
    """p95 of each page in milliseconds, full beside empty."""
    state = State(folder / "world")
    world.create(state, size="small", seed=5)
    profile = dump_retailer(world.profile(state))
    empty, full = (dict(_asked(folder / name, profile, grown=name == "full")) for name in ("empty", "full"))
    for page, took in full.items():
        yield Figure(f"console with {EVENTS:,} events", page, took, "ms", "empty", empty[page])
    yield Figure(f"console with {EVENTS:,} events", "slowest page", max(full.values()), "ms", "allowed", MOST_MS)


def _asked(home: Path, profile: str, *, grown: bool) -> Iterator[tuple[str, float]]:
    home.mkdir(parents=True)
    (home / "profile.yaml").write_text(profile, encoding="utf-8")
    with serving(home, {**NOBODY_LISTENS, "HE_HOME": str(home)}) as served:
        if grown:
            _grow(served.store)
        person = served.person()
        for page in PAGES:
            yield page, _p95(person, page)


def _grow(store: Store) -> None:
    closes.open_close(store, DAY, {"tickets": "x"}, "1")
    rows = {
        OLD_EVENTS: EVENTS,
        OLD_EFFECTS: EVENTS,
        DIFFERENCES: EXCEPTIONS,
        OPEN_LETTERS: LETTERS,
        OVER_LIMIT: WAITING,
    }
    with store.begin() as connection:
        for statement, number in rows.items():
            connection.execute(text(statement), {"rows": number})


def _p95(person: Person, page: str) -> float:
    took = []
    for _ in range(ASKED):
        started = time.perf_counter()
        person.get(page)
        took.append((time.perf_counter() - started) * 1000)
    return sorted(took)[int(ASKED * 0.95) - 1]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        Console(width=130).print(table(list(figures(Path(name))), "console"))
