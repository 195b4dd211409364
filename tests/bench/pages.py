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

from he_sync.flows.exceptions.finding import desk
from he_sync.mapping.spec.writing import block
from he_sync.model.retailer import dump_retailer
from he_sync.sandbox import world
from he_sync.sandbox.state import State
from he_sync.store import closes, story
from he_sync.store.canonical import canonical_json
from he_sync.store.database import Store
from he_sync.store.exceptions import Deed, Found
from he_sync.store.exceptions.records import id_of, subject
from he_sync.store.lake import Lake
from tests.bench.figures import Figure, table
from tests.bench.store import NUMBERS, OLD_EFFECTS, OLD_EVENTS
from tests.console.conftest import NOBODY_LISTENS, serving
from tests.console.person import Person
from tests.mapping_language.shop import NOON

EVENTS, EXCEPTIONS, LETTERS, WAITING = 1_000_000, 100_000, 5_000, 5_000
ASKED, MOST_MS = 40, 150.0
DAY = "2026-11-20"
MAPPING, FIELDS, RECORDS = "wide", 500, 200
PAGES = (
    *("/", "/events", "/events?state=parked", "/record?name=old+77", "/records/order%2077", "/letters"),
    *("/letters?rule=part+unknown", "/approvals", "/close", f"/close/{DAY}", f"/close/{DAY}?klass=missing_gl"),
    *(f"/close/{DAY}/books", "/audit", "/reviews", "/conflicts", "/exceptions", "/exceptions?store=S001&age=4-7"),
    *("/exceptions?status=all&owner=nobody&klass=missing_gl&skip=20000", "/flows", "/mappings"),
    *(f"/flows/order_to_fulfilment{tab}" for tab in ("", "/changes", "/yaml", "/versions")),
    *(f"/mappings/{MAPPING}{tab}" for tab in ("", "/changes", "/yaml", "/tests", "/versions", "/fields/target_0")),
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
    _map(home, FIELDS if grown else 3)
    with serving(home, {**NOBODY_LISTENS, "HE_HOME": str(home)}) as served:
        if grown:
            _grow(served.store)
            _find(served.store, home)
            _read(served.store, FIELDS, RECORDS)
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


def _map(home: Path, fields: int) -> None:
    """A mapping file of so many fields a side, half of them mapped."""
    sides = {side: {f"{side}_{one}": "text" for one in range(fields)} for side in ("source", "target")}
    whole = {
        "mapping": MAPPING,
        "version": 1,
        "source": {"record": "heartland/order", "fields": sides["source"]},
        "target": {"record": "epicor/SalesOrder", "fields": dict.fromkeys(sides["target"], "text(50)")},
    }
    mapped = {f"target_{one}": {"from": f"source_{one}"} for one in range(0, fields, 2)}
    folder = home / "mappings" / MAPPING
    folder.mkdir(parents=True)
    text_of = "\n".join([*block(whole, 0), *block({"map": mapped}, 0), ""])
    (folder / "mapping.yaml").write_text(text_of, encoding="utf-8")


def _read(store: Store, fields: int, records: int) -> None:
    """Records with a value in each field."""
    one = canonical_json({f"source_{field}": f"value {field}" for field in range(fields)})
    with store.begin() as connection:
        story.tell(connection, [story.Step(f"order {at}", NOON, "read", "read", one) for at in range(records)])


def _find(store: Store, home: Path) -> None:
    """As many exceptions as there are differences, each with its row of the audit."""
    classes = ("missing_gl", "wrong_account", "duplicate_posting")
    found = (
        Found(
            DAY, "ledger", classes[at % 3], f"payment {at}", f"S00{at % 9}", DAY, at % 5003, 0, "no posting", "review"
        )
        for at in range(EXCEPTIONS)
    )
    with desk(store, Lake(home / "lake")) as at_desk:
        at_desk.write(
            "he-sync", [Deed("exception found", subject(id_of(one, 0)), {"found": one.facts}) for one in found]
        )


def _p95(person: Person, page: str) -> float:
    took = []
    for _ in range(ASKED):
        started = time.perf_counter()
        assert person.get(page).status in {200, 422}, page
        took.append((time.perf_counter() - started) * 1000)
    return sorted(took)[int(ASKED * 0.95) - 1]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        Console(width=130).print(table(list(figures(Path(name))), "console"))
