"""A pull leaves a complete snapshot or nothing, and counts what it read against the source."""

from dataclasses import replace

import pytest

from he_sync.cli import house
from he_sync.connect.systems import connect
from he_sync.flows.pull import ATTEMPTS, pull
from he_sync.flows.sources import SOURCES, Ask
from he_sync.model.errors import BrokenPromise, FixInput, Refused
from he_sync.sandbox import world
from he_sync.sandbox.faults import Fault
from he_sync.sandbox.world.bulk import bulk
from he_sync.store.lake import Lake
from tests.bench.company import BULK_DAY

TICKETS, DAY = SOURCES["heartland/tickets"], BULK_DAY.isoformat()
ROWS = 1_200  # three pages of tickets


@pytest.fixture
def shop(sandbox, tmp_path):
    """A day of tickets at the sandbox, and an empty lake to pull them into."""
    world.create(sandbox.state, size="small", seed=7)
    bulk(sandbox.state, tickets=ROWS, parts=0)
    retailer = world.profile(sandbox.state)
    settings = house.settings_of(house.sandbox_environment(sandbox, tmp_path / "home", retailer))

    class Shop:
        lake = Lake(tmp_path / "lake")

        def __init__(self, systems):
            self.ask = Ask(systems, retailer, BULK_DAY)

        def pull(self, source=TICKETS):
            return pull(source, self.ask, self.lake)

        def current(self):
            return self.lake.current("raw", TICKETS.entity, DAY)

        def files(self):
            return sorted(path.name for path in (self.lake.root / "raw" / TICKETS.entity / DAY).iterdir())

        def ring_up(self):
            bulk(sandbox.state, tickets=1, parts=0)

    with connect(settings) as systems:
        yield Shop(systems)


@pytest.fixture
def breaks_half_way(sandbox):
    """Tickets whose second page the server refuses."""

    def pages(ask):
        for page in TICKETS.pages(ask):
            yield page
            sandbox.faults.set([Fault("error_before", route="/sales/tickets", status=400)])

    yield replace(TICKETS, pages=pages)
    sandbox.faults.set([])


def meddled(shop, times):
    """Tickets of a shop that rings one up after the last page, in the first `times` reads."""
    left = iter(range(times))

    def pages(ask):
        yield from TICKETS.pages(ask)
        for _ in left:
            shop.ring_up()
            break

    return replace(TICKETS, pages=pages)


def test_a_page_that_fails_leaves_nothing_and_the_same_pull_again_finishes(shop, breaks_half_way, sandbox):
    with pytest.raises(Refused, match="answered 400"):
        shop.pull(breaks_half_way)
    assert shop.files() == []
    with pytest.raises(FixInput, match="materialise it first"):
        shop.current()
    sandbox.faults.set([])
    assert shop.pull().rows == ROWS
    assert shop.files() == sorted([shop.current().file, "current.json"])


def test_a_page_that_fails_leaves_the_snapshot_of_before_in_force(shop, breaks_half_way):
    before, files = shop.pull(), shop.files()
    with pytest.raises(Refused):
        shop.pull(breaks_half_way)
    assert shop.current() == before
    assert shop.files() == files


def test_a_count_that_moved_while_it_was_read_is_read_again(shop):
    snapshot = shop.pull(meddled(shop, times=1))
    assert (snapshot.rows, snapshot.facts["source_total"], snapshot.facts["attempt"]) == (ROWS + 1, ROWS + 1, 2)
    assert len(shop.files()) == 2


def test_a_source_that_never_agrees_breaks_its_promise_in_one_line_and_leaves_nothing(shop):
    with pytest.raises(BrokenPromise) as broken:
        shop.pull(meddled(shop, times=ATTEMPTS))
    assert str(broken.value) == (
        f"heartland/tickets of {DAY} is not complete: {ROWS + 2} rows read, the source counts {ROWS + 3}, in 3 reads; "
        "pull again when the source is quiet"
    )
    assert shop.files() == []


def test_the_same_rows_give_the_same_snapshot(shop):
    assert shop.pull().digest == shop.pull().digest
    assert len(shop.files()) == 2


def test_the_part_file_of_a_killed_pull_is_swept_by_the_next_one(tmp_path):
    lake = Lake(tmp_path)
    with lake.raw("heartland/tickets", "2026-11-20"):
        pass
    left = tmp_path / "raw/heartland/tickets/2026-11-20/.4194305.part"
    left.write_bytes(b"half of a pull")
    with lake.raw("heartland/tickets", "2026-11-20"):
        pass
    assert not left.exists()
