"""Counts of drawers become part of the store-day's journal, and what they are of is judged by register."""

import pytest

from he_sync.flows.books.drawers import cash_of, stations_of
from he_sync.flows.books.look import look
from he_sync.flows.books.tills import count, tills
from he_sync.flows.books.tills_sheets import GAPS, REGISTERS, sheets
from he_sync.model.errors import FixInput
from he_sync.model.money import to_major
from tests.flows.close_shop import DAY, opened


@pytest.fixture(scope="module")
def the_shop(tmp_path_factory):
    with opened(tmp_path_factory.mktemp("tills")) as one:
        yield one


@pytest.fixture
def shop(the_shop, tmp_path):
    yield the_shop.anew(tmp_path)
    the_shop.store.close()


def counted(shop, path, **off):
    """A CSV in which each register of S001 holds what it took, and what is off by register."""
    taken = cash_of(shop.lake, DAY, stations_of(shop.lake, DAY))
    rows = [
        f"S001,{register},{to_major(cents + 10_000 + off.get(f'r{register}', 0))},100.00"
        for (store, register), cents in taken.items()
        if store == "S001"
    ]
    path.write_text("\n".join(["store,register,counted,opening", *rows]) + "\n")
    return path


def test_no_number_of_the_date_is_nowhere_and_every_ticket_is_at_a_register(shop):
    found = shop.do(tills, DAY)
    assert (found.numbers.gaps, found.numbers.doubled) == ((), ())
    rows = shop.lake.read("canonical", "tickets", DAY)
    assert sum(one.tickets for one in found.registers) == len(rows)
    assert sum(one.voided for one in found.registers) == rows["voided"].sum()


def test_a_ticket_that_the_pull_lacks_is_named_with_its_neighbours(shop):
    rows = shop.lake.read("canonical", "tickets", DAY)
    gone = rows.sort_values("ticket_id").iloc[len(rows) // 2]
    shop.change("tickets", lambda rows: rows[rows["ticket_id"] != gone.ticket_id])
    [gap] = shop.do(tills, DAY).numbers.gaps
    assert (gap.first, gap.count) == (gone.public_id, 1)
    assert gap.after.endswith(f"on {DAY}")


def test_a_drawer_that_is_short_is_in_the_journal_and_the_ledger_has_cash_as_it_was_counted(shop, tmp_path):
    before = shop.wanted()["1155|S001"]
    shop.do(count, DAY, counted(shop, tmp_path / "counts.csv", r100001=-305), "cora")
    told = list(shop.do(tills, DAY).to_do("USD"))
    assert told == ["S001 register 100001 is 3.05 short; see who counted it"]
    shop.closed()
    assert shop.booked()["1155|S001"] == before - 305
    assert shop.booked()["6490|S001"] == 305


def test_counts_that_change_after_the_signature_de_certify_that_store_alone(shop, tmp_path):
    shop.do(count, DAY, counted(shop, tmp_path / "counts.csv"), "cora")
    shop.closed()
    shop.do(count, DAY, counted(shop, tmp_path / "counts.csv", r100001=20), "cora")
    found = {one.store: one.standing for one in shop.do(look, DAY)}
    assert found["S001"].because.startswith("drawers changed after cora signed")
    assert {found[store].state for store in ("S002", "S003")} == {"signed"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("store,register\nS001,1\n", "has no column counted"),
        ("store,register,counted\nS001,1,ten\n", "row 2: counted 'ten' is not an amount"),
        ("store,register,counted\nS001,1,10.005\n", "row 2: counted '10.005' is not an amount"),
        ("store,register,counted\nS001,1,\n", "row 2: counted '' is not an amount"),
        ("store,register,counted\nS009,1,10\n", "row 2: the profile names no store 'S009'"),
        ("store,register,counted\nS001,1,10\nS001,1,12\n", "row 3: S001 1 is counted twice"),
    ],
)
def test_counts_that_cannot_be_right_are_refused_with_file_row_and_rule_and_none_is_taken(shop, tmp_path, text, said):
    path = tmp_path / "counts.csv"
    path.write_text(text)
    with pytest.raises(FixInput, match=f"counts.csv:? {said}"):
        shop.do(count, DAY, path, "cora")
    assert all(one.drawer is None or one.drawer.counted is None for one in shop.do(tills, DAY).registers)


def test_the_sheets_of_the_evidence_have_each_register_to_the_cent_and_each_gap_of_the_chosen_stores(shop, tmp_path):
    rows = shop.lake.read("canonical", "tickets", DAY)
    gone = rows.sort_values("ticket_id").iloc[len(rows) // 2]
    shop.change("tickets", lambda rows: rows[rows["ticket_id"] != gone.ticket_id])
    shop.do(count, DAY, counted(shop, tmp_path / "counts.csv", r100001=-305), "cora")
    found = shop.do(tills, DAY)
    registers, gaps = shop.do(lambda office: list(sheets(office, ["2026-11-19", DAY], ())))
    told = [dict(zip(REGISTERS, row, strict=True)) for row in registers.rows]
    assert [(row["store"], row["register"]) for row in told] == [(one.store, one.register) for one in found.registers]
    assert sum(row["tickets"] for row in told) == len(rows) - 1
    cash = cash_of(shop.lake, DAY, stations_of(shop.lake, DAY))
    taken = {(row["store"], row["register"]): row["cash_taken"] for row in told if row["cash_taken"] != ""}
    assert taken == {place: to_major(cents, "USD") for place, cents in cash.items()}
    [short] = [row for row in told if row["over"] not in {"", to_major(0, "USD")}]
    assert (short["store"], short["register"], short["over"]) == ("S001", "100001", to_major(-305, "USD"))
    assert {row["counted"] for row in told if row["store"] != "S001"} == {""}
    [gap] = [dict(zip(GAPS, row, strict=True)) for row in gaps.rows]
    assert (gap["date"], gap["first"], gap["count"]) == (DAY, gone.public_id, 1)
    mine, same = shop.do(lambda office: list(sheets(office, [DAY], ("S002",))))
    assert {row[1] for row in mine.rows} == {"S002"}
    assert same.rows == (gaps.rows if gap["place"].split(" ")[0] in {"", "S002"} else ())
