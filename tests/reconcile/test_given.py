"""Books are opened whole and exact, or refused in one line that names file, row and rule."""

import json
from datetime import date
from decimal import Decimal

import pytest

from he_sync.model.errors import FixInput
from he_sync.reconcile import runs
from he_sync.reconcile.given import open_books
from tests.reconcile.folder import FILES, MONDAY, TERMS, changed, with_column, write


def refusal(folder, subject="settlements"):
    with pytest.raises(FixInput) as refused, open_books(folder, subject=subject):
        pass
    [line] = str(refused.value).splitlines()
    return line


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_both_formats_give_the_same_exact_relations(tmp_path, suffix):
    with open_books(write(tmp_path, suffix)) as books:
        rows = books.connection.execute("FROM pos_payments ORDER BY payment_id").fetchall()
        types = [kind for _, kind, *_ in books.connection.execute("DESCRIBE pos_payments").fetchall()]
        skus = books.connection.execute("FROM pos_inventory ORDER BY ALL").fetchall()
    assert rows[0][:5] == (100, 500, 1, FILES["pos_payments"][1][0][3], MONDAY)
    assert rows[0][-1] == "USD"
    assert set(types) == {"BIGINT", "TIMESTAMP", "DATE", "VARCHAR"}
    assert skus == [(0, 0, 40), (0, 1, 5), (1, 0, 60)]
    assert (books.format, books.rows["gl_lines"]) == (suffix, 9)


def test_the_data_version_changes_with_every_byte_and_only_then(tmp_path):
    def versions(name, **kwargs):
        with open_books(write(tmp_path / name, "csv", **kwargs)) as books:
            return books.versions

    first, second, third = versions("a"), versions("b"), versions("c", files=changed("bank_lines", 1, "memo", "x"))
    assert first == second
    assert {name for name in first if first[name] != third[name]} == {"bank_lines"}
    assert "terms" in first


BAD_VALUES = [
    ("pos_payments", 2, "amount_cents", "12.5", "amount_cents is '12.5', not a whole number of minor units"),
    ("pos_payments", 2, "amount_cents", "1e3", "amount_cents is '1e3'"),
    ("pos_payments", 2, "amount_cents", "", "amount_cents is empty"),
    ("pos_payments", 2, "amount_cents", "9223372036854775808", "amount_cents is '9223372036854775808'"),
    ("gl_lines", 3, "amount_cents", "12O", "amount_cents is '12O'"),
    ("settlement_lines", 1, "line_id", "", "line_id is empty"),
    ("settlement_lines", 2, "line_id", "x201", "line_id is 'x201'"),
    ("bank_lines", 1, "value_date", "2025-02-30", "value_date is '2025-02-30', not a date"),
    ("bank_lines", 1, "value_date", "11.02.2025", "value_date is '11.02.2025'"),
    ("pos_payments", 1, "ts_utc", "noon", "ts_utc is 'noon', not a UTC time"),
    ("pos_payments", 3, "tender", "barter", "tender 'barter' has no account in terms.json"),
    ("gl_lines", 2, "store_id", 77, "store_id '77' is no store"),
    ("pos_payments", 3, "payment_id", 101, "payment_id 101 is there already, in row 2"),
    ("stores", 1, "batch_ids_in_report", "perhaps", "batch_ids_in_report is 'perhaps', not true or false"),
]


@pytest.mark.parametrize(("name", "row", "change", "say"), [(*one[:2], one[2:4], one[4]) for one in BAD_VALUES])
def test_a_bad_value_of_a_csv_is_named_with_file_row_and_line(tmp_path, name, row, change, say):
    line = refusal(write(tmp_path, "csv", changed(name, row, *change)))
    assert line.startswith(f"{name}.csv: row {row} (line {row + 1}): ")
    assert say in line


BAD_IN_PARQUET = [
    (("pos_payments", 3, "tender", "barter"), "row 3: tender 'barter'"),
    (("pos_payments", 3, "payment_id", 101), "row 3: payment_id 101 is there already, in row 2"),
    (("pos_payments", 2, "amount_cents", None), "row 2: amount_cents is empty"),
    (("pos_payments", 2, "amount_cents", 12.5), "column amount_cents is DOUBLE, and a float holds neither money"),
    (("pos_payments", 2, "amount_cents", Decimal("12.50")), "column amount_cents is DECIMAL"),
    (("erp_orders", 2, "store_id", 77), "row 2: store_id '77' is no store"),
]


@pytest.mark.parametrize(("change", "say"), BAD_IN_PARQUET)
def test_a_bad_value_of_a_parquet_file_is_named_with_file_and_row(tmp_path, change, say):
    line = refusal(write(tmp_path, "parquet", changed(*change)))
    assert line.startswith(f"{change[0]}.parquet: row")
    assert say in line


def test_stock_of_one_place_that_is_there_twice_is_refused_when_it_is_compared(tmp_path):
    """Its comparison's own counts tell repeated keys, so that no pass over the files is spent on them before."""
    folder = write(tmp_path, "parquet", changed("erp_inventory", 3, "location", 0))
    with pytest.raises(FixInput, match=r"erp_inventory.parquet: row 3: sku location 0 0 is there already, in row 1"):
        runs.inventory(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_dates_may_be_texts_in_parquet_and_are_read_as_strictly(tmp_path):
    columns, rows = FILES["bank_lines"]
    texts = [(*row[:2], text, *row[3:]) for row, text in zip(rows, ("2025-02-11", "tomorrow"), strict=True)]
    line = refusal(write(tmp_path / "bad", "parquet", {"bank_lines": (columns, texts)}))
    assert "bank_lines.parquet: row 2: value_date is 'tomorrow'" in line
    with open_books(write(tmp_path / "good", "parquet", {"bank_lines": (columns, texts[:1])})) as books:
        assert books.connection.execute("SELECT value_date FROM bank_lines").fetchall() == [(date(2025, 2, 11),)]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("name", list(FILES))
def test_a_missing_file_is_named(tmp_path, suffix, name):
    assert refusal(write(tmp_path, suffix, {name: None})).startswith(f"{name}.parquet or {name}.csv: missing in ")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_missing_column_is_named_with_those_that_are_there(tmp_path, suffix):
    columns, rows = FILES["batches"]
    line = refusal(
        write(tmp_path, suffix, {"batches": (columns.removesuffix(" payout_cents"), [row[:-1] for row in rows])})
    )
    assert line.startswith(f"batches.{suffix}: column payout_cents is missing; it has batch_id, mid")


def cuts(content):
    """Places at which a copy may stop: within a row, within the last field, within the column names, before all."""
    return (len(content) // 2, len(content) - 2, 10, 0)


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_file_that_is_cut_off_is_refused_wherever_the_copy_stopped(tmp_path, suffix, place):
    path = write(tmp_path, suffix) / f"gl_lines.{suffix}"
    whole = path.read_bytes()
    path.write_bytes(whole[: cuts(whole)[place]])
    assert refusal(tmp_path).startswith(f"gl_lines.{suffix}: ")


def test_a_csv_row_with_a_field_too_few_is_named(tmp_path):
    path = write(tmp_path, "csv") / "gl_lines.csv"
    lines = path.read_text().splitlines()
    lines[2] = lines[2].rsplit(",", 2)[0]
    path.write_text("\n".join(lines) + "\n")
    assert refusal(tmp_path) == "gl_lines.csv: row 2 (line 3): 6 fields, not 8; the row is cut off or broken"


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_currency_needs_a_rate_from_the_terms_or_from_a_file(tmp_path, suffix):
    euros = with_column("bank_lines", "currency", ["USD", "EUR"])
    line = refusal(write(tmp_path / "none", suffix, euros))
    assert "row 2" in line
    assert "currency 'EUR' has no rate" in line
    with open_books(write(tmp_path / "terms", suffix, euros, TERMS | {"rates": {"EUR": "1.0825"}})) as books:
        assert books.terms.rates == {"EUR": "1.0825"}
    rates = {"rates": ("currency rate_date rate", [("EUR", MONDAY, "1.0825")])}
    with open_books(write(tmp_path / "file", suffix, euros | rates)) as books:
        assert books.connection.execute("FROM rates").fetchall() == [("EUR", MONDAY, Decimal("1.08250000"))]


@pytest.mark.parametrize(
    ("change", "say"),
    [
        (lambda terms: terms.pop("fees"), "terms.json: fees is missing"),
        (lambda terms: terms.update(monthly_fee_cents=25.0), "monthly_fee_cents is 25.0, not a whole number"),
        (lambda terms: terms["fees"]["visa"].update(bps="190"), "fees.visa.bps is '190', not a whole number"),
        (lambda terms: terms.update(bank_holidays=["17 Feb"]), "bank_holidays must be dates"),
        (lambda terms: terms.update(rates={"EUR": 1.08}), "rates.EUR is 1.08, not a text"),
        (lambda terms: terms.update(rates={"EUR": "0.00"}), "rates.EUR is '0.00', not a decimal text"),
    ],
)
def test_terms_with_a_mistake_are_refused_by_name(tmp_path, change, say):
    terms = json.loads(json.dumps(TERMS))
    change(terms)
    assert say in refusal(write(tmp_path, "csv", terms=terms))


def test_terms_that_are_cut_off_or_missing_are_refused(tmp_path):
    path = write(tmp_path, "csv") / "terms.json"
    path.write_text(path.read_text()[:-5])
    assert refusal(tmp_path).startswith("terms.json: not JSON")
    path.unlink()
    assert refusal(tmp_path).startswith("terms.json: missing")


def test_one_relation_in_two_formats_is_refused(tmp_path):
    write(write(tmp_path, "csv"), "parquet", {name: None for name in FILES if name != "batches"})
    assert "batches is there as batches.parquet and as batches.csv; keep one" in refusal(tmp_path)


def test_item_keys_may_be_texts_and_are_then_texts_in_every_file(tmp_path):
    columns, rows = FILES["uom"]
    named = {"uom": (columns, [(f"A-{row[0]}", *row[1:]) for row in rows])}
    with open_books(write(tmp_path, "csv", named)) as books:
        types = books.connection.execute("SELECT typeof(sku) FROM uom UNION SELECT typeof(sku) FROM pos_inventory")
        assert types.fetchall() == [("VARCHAR",)]


@pytest.mark.parametrize(
    ("subject", "names"),
    [
        ("orders", {"pos_orders", "erp_orders", "stores"}),
        ("inventory", {"pos_inventory", "erp_inventory", "uom", "inflight"}),
    ],
)
def test_orders_and_inventory_open_without_the_rest(tmp_path, subject, names):
    folder = write(tmp_path, "csv", {name: None for name in FILES if name not in names})
    (folder / "terms.json").unlink()
    with open_books(folder, subject=subject) as books:
        assert set(books.rows) == names


@pytest.mark.parametrize("name", ["pos_payments", "gl_lines"])
def test_an_empty_file_with_its_column_names_is_a_quiet_day(tmp_path, name):
    with open_books(write(tmp_path, "csv", {name: (FILES[name][0], [])})) as books:
        assert books.rows[name] == 0


def test_ids_may_use_all_of_64_bits(tmp_path):
    with open_books(write(tmp_path, "csv", changed("bank_lines", 1, "bank_id", 2**63 - 1))) as books:
        assert books.connection.execute("SELECT max(bank_id) FROM bank_lines").fetchall() == [(2**63 - 1,)]


def test_sparse_ids_are_found_twice_as_well_as_dense_ones(tmp_path):
    columns, rows = FILES["bank_lines"]
    far = {"bank_lines": (columns, [*rows, (10**17, *rows[0][1:]), (10**17, *rows[1][1:])])}
    assert "row 4 (line 5): bank_id 100000000000000000 is there already, in row 3" in refusal(
        write(tmp_path, "csv", far)
    )
