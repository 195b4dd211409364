"""The world is the same in every process, lives day by day, and knows its stores' clocks."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from he_sync.model.retailer import dump_retailer, load_retailer
from he_sync.sandbox import world
from he_sync.sandbox.state import State
from he_sync.sandbox.world.bulk import bulk
from he_sync.sandbox.world.sale import Line, Sale
from he_sync.sandbox.world.tills import first_lines
from he_sync.sandbox.world.whole import whole
from tests.sandbox import world_audit as audit

FRIDAY = date(2026, 11, 20)
ROOT = Path(__file__).parents[2]
TWO_DAYS = """
import sys
from datetime import date
from pathlib import Path
from he_sync.sandbox import world
from he_sync.sandbox.state import State
state = State(Path(sys.argv[1]))
world.create(state, size="small", seed=5)
for day in ("2026-11-20", "2026-11-23"):
    world.happen(state, date.fromisoformat(day))
"""


@pytest.fixture
def fresh(tmp_path: Path) -> State:
    state = State(tmp_path / "fresh")
    world.create(state, size="small", seed=5)
    return state


def digest(state: State) -> str:
    """Every document of every table, byte for byte, and the truth file."""
    tables = [
        name
        for (name,) in state._connection().execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '%/%'"
        )
    ]
    found = hashlib.sha256((state.folder / "truth.json").read_bytes())
    for name in sorted(tables):
        for row in state._connection().execute(f'SELECT key, parent, doc FROM "{name}" ORDER BY key'):  # noqa: S608 - own name
            found.update(repr((name, row)).encode())
    return found.hexdigest()


def test_the_same_seed_and_days_give_the_same_bytes_in_another_process(fresh: State, tmp_path: Path) -> None:
    world.happen(fresh, FRIDAY)
    world.happen(fresh, date(2026, 11, 23))
    other = tmp_path / "other"
    subprocess.run([sys.executable, "-c", TWO_DAYS, str(other)], check=True, cwd=ROOT, env={"PYTHONHASHSEED": "4242"})
    assert digest(State(other)) == digest(fresh)


def test_another_seed_is_another_world(fresh: State, tmp_path: Path) -> None:
    other = State(tmp_path / "other")
    world.create(other, size="small", seed=6)
    world.happen(fresh, FRIDAY)
    world.happen(other, FRIDAY)
    assert digest(other) != digest(fresh)


def test_a_day_happens_once(fresh: State) -> None:
    assert world.happen(fresh, FRIDAY)["tickets"] > 300
    before = digest(fresh)
    assert world.happen(fresh, FRIDAY) == {"already": True}
    assert digest(fresh) == before


def test_days_happen_in_order(fresh: State) -> None:
    world.happen(fresh, FRIDAY)
    before = digest(fresh)
    with pytest.raises(ValueError, match="days happen in order"):
        world.happen(fresh, FRIDAY - timedelta(days=1))
    assert digest(fresh) == before


def test_a_folder_holds_one_world(fresh: State) -> None:
    world.create(fresh, size="small", seed=5)
    with pytest.raises(ValueError, match="holds the small world of seed 5"):
        world.create(fresh, size="small", seed=6)


def test_no_day_happens_where_no_world_is(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="create one first"):
        world.happen(State(tmp_path), FRIDAY)


def test_an_unknown_size_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    state = State(tmp_path)
    with pytest.raises(ValueError, match="small, medium, large"):
        world.create(state, size="huge")
    assert state.setting("world") == ""


def test_making_a_day_leaves_no_rows_in_the_oracle(fresh: State) -> None:
    world.happen(fresh, FRIDAY)
    assert fresh.oracle() == []


def test_after_a_day_the_clock_stands_at_six_the_next_morning_in_new_york(fresh: State) -> None:
    world.happen(fresh, FRIDAY)
    assert fresh.now().isoformat() == "2026-11-21T11:00:00+00:00"


@pytest.mark.parametrize("day", [date(2026, 3, 7), date(2026, 3, 8), date(2026, 10, 31), date(2026, 11, 1)])
def test_every_sale_keeps_its_business_date_when_the_clocks_change(fresh: State, day: date) -> None:
    world.happen(fresh, day)
    zones = {store.location_id: store.timezone for store in world.profile(fresh).stores}
    assert len(set(zones.values())) == 3
    rows = fresh.select("heartland/sales/tickets")
    stamps = [(row["completed_at"], row) for row in rows] + [(row["created_at"], row) for row in rows]
    assert {audit.store_day(stamp, zones[row["source_location_id"]]) for stamp, row in stamps} == {day.isoformat()}
    after_midnight = [row for row in rows if row["local_completed_at"][:10] > day.isoformat()]
    assert after_midnight


def test_a_return_names_the_ticket_it_comes_from_and_comes_after_it(fresh: State) -> None:
    for day in (FRIDAY, FRIDAY + timedelta(days=1)):
        world.happen(fresh, day)
    rows = {row["id"]: row for row in fresh.select("heartland/sales/tickets")}
    back = [row for row in rows.values() if row["parent_transaction_id"]]
    assert {row["type"] for row in back} == {"Return", "Ticket"}
    assert all(rows[row["parent_transaction_id"]]["completed_at"] < row["completed_at"] for row in back)
    assert all(row["total"] < 0 for row in rows.values() if row["type"] == "Return")


def test_goods_of_the_first_day_come_back_though_its_first_ticket_sold_only_a_gift_card() -> None:
    small = whole(7, "small")
    shop, boot = small.stores[0], Line(small.items[0], 1000, 5000, 5000)
    noon = datetime(2026, 11, 20, 17, tzinfo=UTC)
    card = Sale(1, "Ticket", shop, noon, 1, "Kim", lines=(), taxes=(), gift=2500)
    boots = Sale(2, "Ticket", shop, noon, 1, "Kim", lines=(boot,), taxes=())
    assert [bought.line for bought in first_lines(shop.code, [card, boots])] == [boot]


def test_every_kind_of_sale_happens_on_the_first_day(fresh: State) -> None:
    world.happen(fresh, FRIDAY)
    tickets = fresh.select("heartland/sales/tickets")
    kinds = {line["type"] for line in fresh.select("heartland/sales/tickets.lines")}
    payments = fresh.select("heartland/payments")
    split = len(payments) - len({row["transaction_id"] for row in payments})
    assert kinds == {"ItemLine", "TaxLine", "TipLine", "GiftCardLine"}
    assert {row["description"] for row in payments} >= {"Cash", "Credit Card", "Gift Card", "House Account"}
    assert split > 0
    assert any(row["voided?"] for row in tickets)
    assert any(row["total_discounts"] for row in tickets)
    assert fresh.count("heartland/sales/orders") == 9
    assert fresh.count("epicor/JobHead") > 0


def test_earlier_orders_are_shipped_and_what_is_available_stays_equal(fresh: State) -> None:
    for turn in range(4):
        world.happen(fresh, FRIDAY + timedelta(days=turn))
    assert fresh.count("epicor/ShipHead") > 0
    assert fresh.count("heartland/sales/invoices") > 0
    assert any(row.get("JobComplete") for row in fresh.select("epicor/JobHead"))
    planted = {row["subject"] for row in audit.truth(fresh) if row["class"].startswith("inv_")}
    assert set(audit.inventory(fresh, world.profile(fresh))) == planted


def test_a_row_that_was_written_back_is_not_planted_again(fresh: State) -> None:
    world.happen(fresh, FRIDAY)
    profile = world.profile(fresh)
    drift = next(row for row in audit.truth(fresh) if row["class"] == "inv_quantity_drift")
    part, store = drift["subject"].removeprefix("item ").split(" @ ")
    key = f"EPIC06~{part}~MfgSys~{store}"
    row = fresh.get("epicor/PartWhse", key)
    assert row is not None
    fresh.put("epicor/PartWhse", key, {**row, "OnHandQty": row["OnHandQty"] + drift["delta_milli"] // 1000})
    assert drift["subject"] not in audit.inventory(fresh, profile)
    world.happen(fresh, FRIDAY + timedelta(days=1))
    assert drift["subject"] not in audit.inventory(fresh, profile)


def test_ids_follow_on_from_what_others_wrote(fresh: State) -> None:
    fresh.put(
        "heartland/sales/orders",
        500000,
        {"id": 500000, "source_location_id": 100001, "created_at": "2026-01-01T12:00:00+00:00"},
    )
    fresh.put("epicor/OrderHed", "EPIC06~9000", {"Company": "EPIC06", "OrderNum": 9000, "PONum": "X", "OrderAmt": 0})
    world.happen(fresh, FRIDAY)
    assert min(row["id"] for row in fresh.select("heartland/sales/tickets")) == 500001
    assert min(row["OrderNum"] for row in fresh.select("epicor/OrderHed")) == 9000
    assert fresh.get("epicor/OrderHed", "EPIC06~5001") is None


def test_the_profile_is_one_that_a_person_could_have_written(fresh: State, tmp_path: Path) -> None:
    path = tmp_path / "retailer.yaml"
    path.write_text(dump_retailer(world.profile(fresh)), encoding="utf-8")
    assert load_retailer(path) == world.profile(fresh)
    types = {row["name"] for row in fresh.select("heartland/payment_types")}
    assert set(world.profile(fresh).by_payment_type) == types


def test_the_description_counts_what_is_there(fresh: State) -> None:
    world.happen(fresh, FRIDAY)
    said = world.describe(fresh)
    assert (said["size"], said["seed"], said["days"]) == ("small", 5, ["2026-11-20"])
    assert said["counts"]["heartland/sales/tickets"] == fresh.count("heartland/sales/tickets")


def test_bulk_rows_have_lines_payments_and_stock(tmp_path: Path) -> None:
    state = State(tmp_path)
    assert bulk(state, tickets=50, parts=40)["lines"] == 150
    tickets = state.select("heartland/sales/tickets")
    lines = state.children("heartland/sales/tickets.lines", [row["id"] for row in tickets])
    assert all(row["total"] == sum(line["value"] for line in lines[row["id"]]) for row in tickets)
    assert state.count("heartland/payments") == 50
    assert state.count("epicor/PartWhse") == state.count("epicor/Part") == 40
