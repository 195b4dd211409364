"""Comparisons by key and of stock: exact findings, repeated keys paired by best, the same in any order of rows."""

from itertools import permutations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from he_sync.model.errors import FixInput
from he_sync.reconcile.compare import inventory, keyed
from he_sync.reconcile.given import open_books
from tests.reconcile.folder import write

SIDES = keyed.Sides("a", "b", ("id",), ("amount", "account"))


def compare(left, right, sides=SIDES):
    """Counts, and findings as (id, what, columns, left amount, right amount) in one order."""
    connection = duckdb.connect(config={"threads": 1})
    for name, rows in (("a", left), ("b", right)):
        connection.execute(f"CREATE TABLE {name} (id VARCHAR, amount BIGINT, account BIGINT)")
        if rows:
            marks = ", ".join("(?, ?, ?)" for _ in rows)
            connection.execute(f"INSERT INTO {name} VALUES {marks}", [value for row in rows for value in row])  # noqa: S608 - our own names
    counts = keyed.compare(connection, sides)
    found = connection.execute("SELECT id, what, columns, left_amount, right_amount FROM differences ORDER BY ALL")
    return counts, found.fetchall()


def test_the_correct_posting_is_the_partner_and_the_wrong_one_the_duplicate_whichever_comes_first():
    """datacompy pairs in file order, reports (500, 950) as unequal and the correct posting as the extra row."""
    for right in permutations([("p", 950, 1), ("p", 500, 1)]):
        counts, found = compare([("p", 500, 1)], list(right))
        assert found == [("p", "duplicate_right", "", None, 950)]
        assert (counts.equal, counts.differs) == (1, 0)


def test_the_first_column_counts_more_than_all_after_it():
    _, found = compare([("p", 500, 7)], [("p", 501, 7), ("p", 500, 8)])
    assert found == [("p", "differs", "account", 500, 500), ("p", "duplicate_right", "", None, 501)]


def test_a_key_twice_on_one_side_and_never_on_the_other_is_two_rows_on_one_side():
    _, found = compare([("p", 1, 1), ("p", 2, 1)], [])
    assert [what for _, what, *_ in found] == ["only_left", "only_left"]


def test_rows_without_a_key_are_refused_with_their_number():
    with pytest.raises(FixInput, match="left side: 2 rows have no id; a comparison by key needs one in every row"):
        compare([(None, 1, 1), (None, 1, 1)], [("p", 1, 1)])


def naive(left, right):
    """Counts by trying all pairs of a key: equal rows first, then equal amounts, then equal accounts, then any."""
    left, right = list(left), list(right)
    equal = differs = 0
    for agrees in (lambda a, b: a == b, lambda a, b: a[:2] == b[:2], lambda a, b: a[2] == b[2], lambda a, b: True):  # noqa: ARG005 - any pair
        for one in list(left):
            partner = next((other for other in right if other[0] == one[0] and agrees(one, other)), None)
            if partner:
                left.remove(one)
                right.remove(partner)
                equal, differs = equal + (one == partner), differs + (one != partner)
    return equal, differs, len(left), len(right)


ROWS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 3), st.integers(1, 2)), max_size=7)


@settings(max_examples=60, deadline=None)
@given(left=ROWS, right=ROWS)
def test_every_row_is_in_exactly_one_pair_or_left_over_as_trying_all_pairs_says(left, right):
    counts, _ = compare(left, right)
    over = (counts.only_left + counts.duplicate_left, counts.only_right + counts.duplicate_right)
    assert (counts.equal, counts.differs, *over) == naive(left, right)
    assert len(left) == counts.equal + counts.differs + over[0]
    assert len(right) == counts.equal + counts.differs + over[1]


def test_the_order_of_rows_changes_nothing():
    left = [("a", 1, 1), ("a", 2, 1), ("b", 3, 1)]
    right = [("a", 2, 2), ("a", 2, 1), ("a", 9, 9), ("c", 1, 1)]
    first = compare(left, right)
    assert all(compare(list(one), right[::-1]) == first for one in permutations(left))


STOCK = {
    "pos_inventory": "sku location available_ea",
    "erp_inventory": "sku location on_hand reserved uom",
    "inflight": "sku location qty_ea",
}


def stock(tmp_path, pos=None, erp=None, moving=()):
    """Findings of one item at one place: (class, delta)."""
    files = {
        name: (STOCK[name], [(1, 0, *values)] if values else [])
        for name, values in (("pos_inventory", pos), ("erp_inventory", erp), ("inflight", moving))
    }
    with open_books(write(tmp_path, "csv", files), subject="inventory") as books:
        inventory.compare(books.connection, books.rows)
        return books.connection.execute("SELECT break_class, delta_cents FROM inventory_breaks").fetchall()


@pytest.mark.parametrize(
    ("pos", "erp", "moving", "found"),
    [
        ((48,), (5, 1, "CS"), (), []),
        ((60,), (5, 1, "CS"), (12,), []),
        ((48,), (5, 1, "CS"), (6,), [("inv_quantity_drift", -6)]),
        ((53,), (5, 1, "CS"), (), [("inv_quantity_drift", 5)]),
        ((-48,), (5, 1, "CS"), (), [("inv_sign_flip", -96)]),
        ((60,), (5, 1, "CS"), (), [("inv_reserved_ignored", 12)]),
        ((60,), (60, 0, "CS"), (), [("inv_uom_error", -660)]),
        ((48,), (60, 1, "CS"), (), [("inv_uom_error", -660)]),
        ((4,), (5, 1, "CS"), (), [("inv_uom_error", -44)]),
        ((576,), (5, 1, "CS"), (), [("inv_uom_error", 528)]),
        ((52,), (52, 2, "EA"), (), [("inv_reserved_ignored", 2)]),
        (None, (5, 1, "CS"), (), [("inv_missing_in_pos", 0)]),
        ((7,), None, (), [("inv_missing_in_erp", 0)]),
        ((0,), None, (), []),
        (None, (0, 0, "CS"), (), []),
        (None, None, (12,), []),
    ],
)
def test_each_cause_of_a_stock_difference_is_named(tmp_path, pos, erp, moving, found):
    assert stock(tmp_path, pos, erp, moving) == found


def test_an_items_number_is_its_place_among_the_sorted_items_where_items_are_texts(tmp_path):
    files = {
        "uom": ("sku stock_uom eaches", [("B", "EA", 1), ("A", "EA", 1), ("C", "EA", 1)]),
        "pos_inventory": (STOCK["pos_inventory"], [("B", 2, 9)]),
        "erp_inventory": (STOCK["erp_inventory"], [("B", 2, 7, 0, "EA")]),
        "inflight": (STOCK["inflight"], []),
    }
    with open_books(write(tmp_path, "csv", files), subject="inventory") as books:
        inventory.compare(books.connection, books.rows)
        assert books.connection.execute("SELECT record_id FROM inventory_breaks").fetchall() == [(2 * 3 + 1,)]


@pytest.mark.parametrize("here", ["pos_inventory", "erp_inventory"])
@pytest.mark.parametrize("times", [0, 1, 2])
def test_an_item_that_is_there_twice_is_refused_however_often_the_other_side_has_it(tmp_path, here, times):
    row = {"pos_inventory": ("x", 0, 4), "erp_inventory": ("x", 0, 4, 0, "EA")}
    files = {name: (STOCK[name], [one] * (2 if name == here else times)) for name, one in row.items()}
    files |= {"uom": ("sku stock_uom eaches", [("x", "EA", 1)]), "inflight": (STOCK["inflight"], [("x", 1, 1)])}
    if not times:
        files |= {name: (STOCK[name], [("x", 9, *one[2:])]) for name, one in row.items() if name != here}
    folder = write(tmp_path, "parquet", files)
    with (
        open_books(folder, subject="inventory") as books,
        pytest.raises(inventory.Repeated, match="item x at location 0"),
    ):
        inventory.compare(books.connection, books.rows)


def test_a_part_whose_unit_has_no_factor_is_refused_where_the_pos_does_not_have_it_either(tmp_path):
    """Nothing at the POS and nothing that can be counted in the ERP are both none, and were once taken for equal."""
    with pytest.raises(FixInput, match="unit 'PAL' of item 1 at 0 in erp_inventory has no factor"):
        stock(tmp_path, None, (5, 1, "PAL"))


def test_a_part_that_has_no_units_at_all_is_refused_with_its_place(tmp_path):
    files = {"erp_inventory": (STOCK["erp_inventory"], [(8, 3, 1, 0, "EA")])}
    with (
        open_books(write(tmp_path, "csv", files), subject="inventory") as books,
        pytest.raises(FixInput, match="item 8 at 3 in erp_inventory is not there"),
    ):
        inventory.compare(books.connection, books.rows)


PLACES = st.dictionaries(
    st.tuples(st.integers(-3, 3), st.integers(-2, 2)), st.tuples(st.integers(-9, 9), st.integers(0, 2)), max_size=12
)


@settings(max_examples=25, deadline=None)
@given(pos=PLACES, erp=PLACES, far=st.sampled_from([1, 1 << 40]))
def test_items_as_small_numbers_as_large_ones_and_as_texts_differ_in_the_same_places(pos, erp, far):
    """Small whole numbers are joined as one number, which must be read back as the same item and location."""
    assert breaks(pos, erp, lambda sku: sku) == breaks(pos, erp, lambda sku: sku * far)
    assert breaks(pos, erp, lambda sku: sku) == breaks(pos, erp, lambda sku: "abcdefg"[sku + 3])


def breaks(pos, erp, name):
    """Records, classes and deltas of places (sku, location) with (on hand, reserved), items named by `name`."""
    kind = "VARCHAR" if isinstance(name(0), str) else "BIGINT"
    tables = {
        "pos_inventory": ("available_ea BIGINT", [(name(sku), at, some) for (sku, at), (some, _) in pos.items()]),
        "erp_inventory": (
            "on_hand BIGINT, reserved BIGINT, uom VARCHAR",
            [(name(sku), at, some, kept, "EA") for (sku, at), (some, kept) in erp.items()],
        ),
        "inflight": ("qty_ea BIGINT", []),
        "uom": ("stock_uom VARCHAR, eaches BIGINT", [(name(sku), "EA", 1) for sku in range(-3, 4)]),
    }
    with duckdb.connect(config={"threads": 1}) as connection:
        for table, (columns, rows) in tables.items():
            place = "" if table == "uom" else ", location BIGINT"
            connection.execute(f"CREATE TABLE {table} (sku {kind}{place}, {columns})")
            for row in rows:
                connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608 - our own names
        inventory.compare(connection, {table: len(rows) for table, (_, rows) in tables.items()})
        found = "SELECT record_id, break_class, delta_cents, confidence FROM inventory_breaks ORDER BY ALL"
        return connection.execute(found).fetchall()


def test_as_many_drifts_of_minus_the_reservation_as_ignored_ones_leave_the_ignored_ones_doubtful():
    """A drift goes either way alike: two of minus the reservation say that two of plus it are drifts as well."""
    erp = {(0, at): (9, 1) for at in range(4)}
    only = breaks({(0, at): (9 if at < 2 else 8, 0) for at in range(4)}, erp, lambda sku: sku)
    mirrored = breaks({(0, at): (9 if at < 2 else 7, 0) for at in range(4)}, erp, lambda sku: sku)
    doubts = [dict.fromkeys((one[1], one[3]) for one in found) for found in (only, mirrored)]
    assert list(doubts[0]) == [("inv_reserved_ignored", 0.97)]
    assert list(doubts[1]) == [("inv_reserved_ignored", 0.5), ("inv_quantity_drift", 1.0)]
