"""`he-sync reconcile`: what it writes, what it refuses and what it leaves behind, called as a person calls it."""

import csv
import json
import subprocess
import sys

import duckdb
import pytest

from he_sync.cli.main import main
from he_sync.cli.reconcile import open_identities
from he_sync.reconcile.chain.found import IDENTITY_OF
from tests.cli.test_refusals import said_in_one_line
from tests.reconcile.folder import FILES, changed, write


@pytest.fixture
def reconcile(monkeypatch, capfd):
    """`reconcile("orders", folder, "--out", out)` -> exit code, out, err."""

    def call(*words):
        monkeypatch.setattr("sys.argv", ["he-sync", "reconcile", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capfd.readouterr()
        return ended.value.code, told.out, told.err

    return call


def rows(path):
    if path.suffix == ".csv":
        with path.open(newline="") as file:
            return list(csv.DictReader(file))
    with duckdb.connect() as connection:
        found = connection.execute("FROM read_parquet(?)", [str(path)])
        names = [name for name, *_ in found.description]
        return [dict(zip(names, map(str, row), strict=True)) for row in found.fetchall()]


def classes(path):
    return sorted(
        (row["table"], int(row["record_id"]), row["break_class"], int(row["delta_cents"])) for row in rows(path)
    )


WRONG_ORDERS = {
    "erp_orders": (
        FILES["erp_orders"][0],
        [
            (500, 1, FILES["erp_orders"][1][0][2], 925, 0, 76, 1001, 700),
            (501, 1, FILES["erp_orders"][1][0][2], 463, 0, 37, 500, 703),
            (501, 1, FILES["erp_orders"][1][0][2], 463, 0, 37, 500, 701),
        ],
    )
}
WRONG_STOCK = {"pos_inventory": ("sku location available_ea", [(0, 0, 42), (1, 0, -60)])}


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_settlements_of_a_clean_day_have_links_no_breaks_and_close(tmp_path, reconcile, suffix):
    code, out, err = reconcile("settlements", write(tmp_path / "in", suffix), "--out", tmp_path / "out", "--json")
    assert (code, err) == (0, "")
    figures = json.loads(out)
    assert set(figures["unexplained_cents"].values()) == {0}
    assert figures.pop("computed") == "whole"
    assert figures == json.loads((tmp_path / "out/summary.json").read_text())
    assert classes(tmp_path / f"out/breaks.{suffix}") == []
    links = {(row["rel"], row["left_id"], row["right_id"]) for row in rows(tmp_path / f"out/links.{suffix}")}
    assert {("PL", "100", "200"), ("PG", "101", "601"), ("BD", "300", "400")} <= links


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_orders_are_compared_in_the_format_they_came_in(tmp_path, reconcile, suffix):
    code, *_ = reconcile("orders", write(tmp_path / "in", suffix, WRONG_ORDERS), "--out", tmp_path / "out")
    assert code == 0
    assert classes(tmp_path / f"out/breaks.{suffix}") == [
        ("orders", 500, "order_tax_rounding", 1),
        ("orders", 501, "order_duplicate_push", 500),
        ("orders", 502, "order_missing_in_erp", -2000),
    ]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_stock_is_compared_in_the_format_it_came_in(tmp_path, reconcile, suffix):
    code, *_ = reconcile("inventory", write(tmp_path / "in", suffix, WRONG_STOCK), "--out", tmp_path / "out")
    assert code == 0
    assert classes(tmp_path / f"out/breaks.{suffix}") == [
        ("inventory", 0, "inv_reserved_ignored", 2),
        ("inventory", 1, "inv_sign_flip", -120),
        ("inventory", 2, "inv_missing_in_pos", 0),
    ]


def test_settlements_report_the_stock_of_the_folder_too(tmp_path, reconcile):
    code, *_ = reconcile("settlements", write(tmp_path / "in", "csv", WRONG_STOCK), "--out", tmp_path / "out")
    assert code == 0
    assert [name for _, _, name, _ in classes(tmp_path / "out/breaks.csv")] == [
        *("inv_reserved_ignored", "inv_sign_flip", "inv_missing_in_pos"),
    ]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_run_that_takes_an_earlier_one_over_writes_the_same_bytes(tmp_path, reconcile, suffix):
    folder = write(tmp_path / "in", suffix, WRONG_STOCK | WRONG_ORDERS)
    told = {}
    for out, more in (("first", ()), ("second", ("--previous", tmp_path / "first")), ("third", ())):
        code, told[out], _ = reconcile("settlements", folder, "--out", tmp_path / out, *more)
        assert code == 0
    assert "taken over: nothing has changed" in told["second"]
    first, second, third = (
        {path.name: path.read_bytes() for path in (tmp_path / out).iterdir()} for out in ("first", "second", "third")
    )
    assert first == second == third


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_books_of_one_file_that_changed_run_whole_and_say_why_and_what_to_do(tmp_path, reconcile, suffix):
    """A new day is part of the one file then: nothing tells which of its rows are new but reading them all."""
    reconcile("settlements", write(tmp_path / "in", suffix), "--out", tmp_path / "first")
    folder = write(tmp_path / "changed", suffix, WRONG_ORDERS)
    code, out, _ = reconcile("settlements", folder, "--out", tmp_path / "second", "--previous", tmp_path / "first")
    assert code == 0
    assert (
        f"whole: pos_payments.{suffix} has all days in one file; give pos_payments/ with one Parquet file a day" in out
    )


BAD = [
    (
        "settlements",
        changed("pos_payments", 2, "amount_cents", "12.5"),
        "pos_payments.csv: row 2 (line 3): amount_cents",
    ),
    ("settlements", changed("pos_payments", 3, "tender", "barter"), "pos_payments.csv: row 3 (line 4): tender"),
    ("settlements", {"batches": None}, "batches.parquet or batches.csv: missing"),
    (
        "orders",
        changed("erp_orders", 1, "erp_doc", 702),
        "erp_orders.csv: row 3 (line 4): erp_doc 702 is there already",
    ),
    ("inventory", changed("erp_inventory", 3, "location", 0), "erp_inventory.csv: row 3 (line 4): sku location 0 0"),
    ("inventory", changed("erp_inventory", 2, "uom", "BX"), "unit 'BX' of item 1 at 0"),
]


@pytest.mark.parametrize(("verb", "files", "say"), BAD)
def test_bad_input_is_one_line_exit_2_and_nothing_left_behind(tmp_path, reconcile, verb, files, say):
    folder = write(tmp_path / "in", "csv", files)
    code, out, err = reconcile(verb, folder, "--out", tmp_path / "new" / "out")
    assert (code, out) == (2, "")
    assert say in said_in_one_line(err)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_a_refusal_leaves_an_earlier_output_as_it_was(tmp_path, reconcile):
    reconcile("orders", write(tmp_path / "in", "csv"), "--out", tmp_path / "out")
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    code, *_ = reconcile("orders", write(tmp_path / "in", "csv", {"erp_orders": None}), "--out", tmp_path / "out")
    (tmp_path / "in/erp_orders.csv").unlink()
    assert code == 0  # the file of before is still there
    code, *_ = reconcile("orders", tmp_path / "in", "--out", tmp_path / "out")
    assert code == 2
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_a_folder_of_somebody_else_is_not_written_over(tmp_path, reconcile):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters/dear.txt").write_text("Dear")
    code, _, err = reconcile("orders", write(tmp_path / "in", "csv"), "--out", tmp_path / "letters")
    assert code == 2
    assert "is no output of he-sync" in said_in_one_line(err)
    assert (tmp_path / "letters/dear.txt").read_text() == "Dear"


def test_a_damaged_page_in_a_whole_frame_is_bad_input(tmp_path, reconcile):
    folder = write(tmp_path / "in", "parquet")
    path = folder / "pos_orders.parquet"
    content = path.read_bytes()
    path.write_bytes(content[:4] + bytes(len(content) // 3) + content[4 + len(content) // 3 :])
    code, _, err = reconcile("orders", folder, "--out", tmp_path / "out")
    assert code == 2
    said_in_one_line(err)
    assert not (tmp_path / "out").exists()


def test_any_two_files_are_compared_by_key(tmp_path, reconcile):
    (tmp_path / "a.csv").write_text("id,amount,account\na,100,1\nb,200,1\nc,300,1\nd,400,1\n")
    (tmp_path / "b.csv").write_text("id,amount,account\na,100,1\nb,201,2\nd,40,1\nd,400,1\ne,500,1\n")
    code, out, _ = reconcile(
        "files", tmp_path / "a.csv", tmp_path / "b.csv", "--on", "id", "--out", tmp_path / "out", "--json"
    )
    assert code == 0
    found = [(row["id"], row["what"], row["columns"]) for row in rows(tmp_path / "out/differences.csv")]
    assert found == [
        ("b", "differs", "amount account"),
        ("c", "only_left", ""),
        ("d", "duplicate_right", ""),
        ("e", "only_right", ""),
    ]
    assert json.loads(out)["equal"] == 2
    code, _, err = reconcile("files", tmp_path / "a.csv", tmp_path / "b.csv", "--on", "no", "--out", tmp_path / "x")
    assert (code, said_in_one_line(err)) == (2, "he-sync: a.csv: column no is missing; it has id, amount, account")


def test_what_does_not_close_is_said_with_its_currency_and_amount():
    closed, short = {"unexplained": 0}, {"unexplained": -1234}
    figures = {"identities": {"gl_minus_pos": {"USD": closed, "JPY": short}, "fees_minus_schedule": {"USD": short}}}
    ledger, fees = open_identities(figures).split("; ")
    assert ledger == "gl_minus_pos does not close: -1,234 JPY unexplained"
    assert fees == "fees_minus_schedule does not close: -12.34 USD unexplained"
    assert open_identities({"identities": {"gl_minus_pos": {"USD": closed}}}) == ""


def test_an_identity_that_does_not_close_is_exit_3_and_leaves_the_output_to_look_into(tmp_path, reconcile, monkeypatch):
    """The fault: what a missing posting explains is forgotten. No books do this: every cent of theirs is claimed."""
    lost = FILES["gl_lines"][0], [row for row in FILES["gl_lines"][1] if row[0] != 600]
    folder = write(tmp_path / "in", "csv", {"gl_lines": lost})
    assert reconcile("settlements", folder, "--out", tmp_path / "sound")[0] == 0
    monkeypatch.setitem(IDENTITY_OF, ("pos_payments", "missing_gl"), "")
    code, _, err = reconcile("settlements", folder, "--out", tmp_path / "out")
    assert (code, said_in_one_line(err)) == (3, "he-sync: gl_minus_pos does not close: -10.00 USD unexplained")
    assert (tmp_path / "out" / "summary.json").exists()
    assert ("pos_payments", 100, "missing_gl", -1000) in classes(tmp_path / "out" / "breaks.csv")


def test_a_reconcile_verb_starts_without_the_heavy_libraries():
    heavy = ("pandas", "numpy", "pyarrow", "rich.table", "pydantic")
    program = f"import he_sync.cli.reconcile, sys; print([one for one in {heavy} if one in sys.modules])"
    assert subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout == "[]\n"


def test_statements_become_the_bank_lines_that_settlements_take(tmp_path, reconcile):
    folder = write(tmp_path / "in", "csv", {"bank_lines": None})
    (tmp_path / "bank.csv").write_text(
        "account,value_date,amount,memo\n77,2025-02-11,29.23,DEP 300\n77,2025-02-11,5,CASH DEP 1\n"
    )
    words = ("statements", tmp_path / "bank.csv", "--account", "77=9001", "--out", folder / "bank_lines.csv")
    code, out, _ = reconcile(*words, "--json")
    assert (code, json.loads(out)["lines"]) == (0, 2)
    assert reconcile("settlements", folder, "--out", tmp_path / "out")[0] == 0
    assert classes(tmp_path / "out/breaks.csv") == []


def test_a_refused_statement_leaves_the_lines_of_before(tmp_path, reconcile):
    (tmp_path / "bank.csv").write_text("account,value_date,amount,memo\n77,2025-02-11,29.235,DEP 300\n")
    (tmp_path / "bank_lines.csv").write_text("before\n")
    words = ("statements", tmp_path / "bank.csv", "--account", "77=9001", "--out", tmp_path / "bank_lines.csv")
    code, _, err = reconcile(*words)
    assert (code, said_in_one_line(err)) == (
        2,
        "he-sync: bank.csv: line 2: 29.235 USD is not a whole number of minor units in range",
    )
    assert (tmp_path / "bank_lines.csv").read_text() == "before\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bank.csv", "bank_lines.csv"]


def test_rule_sets_are_compared_over_history(tmp_path, reconcile):
    folder = write(tmp_path / "in", "csv", changed("settlement_lines", 2, "auth_ref", 0))
    (tmp_path / "a.yaml").write_text("name: present\n")
    off = ("amount_day_fee", "amount_day", "without_tip_fee", "without_tip", "amount_next_day", "amount_day_before")
    (tmp_path / "b.yaml").write_text(f"name: by reference only\nwithout: [{', '.join(f'PL {name}' for name in off)}]\n")
    code, out, _ = reconcile(
        "backtest", "--rules", tmp_path / "a.yaml", "--rules", tmp_path / "b.yaml", folder, "--json"
    )
    [found] = json.loads(out)
    assert (code, found["rules"], found["lost"]["PL"], found["gained"]) == (0, "by reference only", 1, {})
    code, _, err = reconcile("backtest", "--rules", tmp_path / "a.yaml", folder)
    assert (code, "name two rules files or more" in said_in_one_line(err)) == (2, True)
